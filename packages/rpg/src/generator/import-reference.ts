import { ArgumentError, checkChoice, ShapeError } from "@lab/core";
import { PLACE_MASK, SIGN_BIT } from "../ring-index/ring-index.js";
import { ParameterGenerator } from "./parameter-generator.js";
import { sizeOf } from "./placement.js";

/** A kernel of the network that is imported. */
export interface ReferenceTarget {
  /** Its name, such as `layer1.0.conv1/kernel`. */
  name: string;
  /** Its shape here: `[height, width, in, out]` or `[in, out]`. */
  shape: readonly number[];
}

/** Options of {@link importReference}. */
export interface ImportReferenceOptions {
  /** The kernels in the order of the files. */
  targets: readonly ReferenceTarget[];
  /** Layout that the files count elements in: `[out, in, height, width]`, or as here. @defaultValue `"torch"` */
  layout?: "torch" | "tf";
}

/**
 * A generator from the files of the authors' release: the ring, and the index and sign of every element.
 *
 * $K_t = c_l\, s_t\, w_{\rho(t)}$ with $c_l = \sqrt{4608/(\mathrm{out} \cdot k^2)}$ as in their code.
 *
 * @param ring - The trained numbers, `w` of the checkpoint.
 * @param index - For each kernel the place of every element on the ring, as `p_idxs` of the release.
 * @param sign - For each kernel 1 or −1 for every element, as `b_masks` of the release.
 * @param options - See {@link ImportReferenceOptions}.
 * @returns A generator that keeps its index, 4 bytes for each element also in artefacts; `attachGenerators` wires it into
 *   a model.
 * @throws {@link ShapeError} when the numbers of kernels or elements differ; {@link ArgumentError} for a place outside the
 *   ring or a sign that is neither 1 nor −1.
 * @remarks `readNpy` of `@lab/core/io` reads arrays; the release saves Python objects, which must be saved as arrays first.
 * @see https://github.com/samaonline/Recurrent-Parameter-Generators
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { importReference } from "@lab/rpg";
 *
 * await init();
 * const generator = importReference(Float32Array.of(1, 2, 3), [[2, 0, 1, 1]], [[1, -1, 1, 1]], {
 *   targets: [{ name: "fc/kernel", shape: [2, 2] }],
 * });
 * const kernel = generator.generate("fc/kernel");
 * const unit = Math.sqrt(4608 / 2);
 * Array.from(await kernel.data(), (value) => Math.round(value / unit)); // => [3, 2, -1, 2]
 * ```
 */
export function importReference(
  ring: Float32Array,
  index: readonly ArrayLike<number | bigint>[],
  sign: readonly ArrayLike<number | bigint>[],
  options: ImportReferenceOptions,
): ParameterGenerator {
  const { targets } = options;
  const layout = checkChoice("importReference", "layout", options.layout ?? "torch", [
    "torch",
    "tf",
  ] as const);
  for (const [argument, list] of Object.entries({ index, sign })) {
    if (list.length === targets.length) continue;
    throw new ShapeError(
      `importReference: ${argument} has ${list.length} kernels; ${targets.length} were expected, one for each target`,
      { argument, shape: [list.length] },
    );
  }
  const packed = new Int32Array(targets.reduce((sum, { shape }) => sum + sizeOf(shape), 0));
  let at = 0;
  for (const [k, { name, shape }] of targets.entries()) {
    const count = sizeOf(shape);
    const [places, signs] = [index[k]!, sign[k]!];
    if (places.length !== count || signs.length !== count) {
      throw new ShapeError(
        `importReference: index[${k}] and sign[${k}] have ${places.length} and ${signs.length} elements; ${count} were expected for ${name} of shape [${shape}]`,
        { argument: "index", shape: [places.length] },
      );
    }
    const sourceOf = layout === "tf" ? (i: number) => i : torchOrder(shape);
    for (let i = 0; i < count; i++) {
      const from = sourceOf(i);
      packed[at++] = wordOf(`[${k}][${from}]`, Number(places[from]), Number(signs[from]), ring.length);
    }
  }
  const generator = new ParameterGenerator(
    targets.map(({ name, shape }) => ({ name, shape, std: fanOutStd(shape) })),
    { parameters: ring.length, share: "plain", ringStd: "reference" },
  );
  generator.useIndex(packed);
  generator.setRing(ring);
  return generator;
}

function wordOf(where: string, place: number, sign: number, size: number): number {
  if (!Number.isInteger(place) || place < 0 || place >= size || place > PLACE_MASK) {
    throw new ArgumentError(
      `importReference: index${where} is ${place}; a place from 0 to ${size - 1} was expected`,
      { argument: "index", value: place },
    );
  }
  if (sign !== 1 && sign !== -1) {
    throw new ArgumentError(`importReference: sign${where} is ${sign}; 1 or -1 was expected`, {
      argument: "sign",
      value: sign,
    });
  }
  return sign < 0 ? place | SIGN_BIT : place;
}

function fanOutStd(shape: readonly number[]): number {
  const receptive = sizeOf(shape.slice(0, -2));
  return Math.sqrt(2 / (receptive * shape.at(-1)!));
}

/** For an element of `[...spatial, in, out]` its place in `[out, in, ...spatial]`. */
function torchOrder(shape: readonly number[]): (i: number) => number {
  const [inputs, outputs] = [shape.at(-2)!, shape.at(-1)!];
  const receptive = sizeOf(shape.slice(0, -2));
  return (i) => {
    const output = i % outputs;
    const input = Math.floor(i / outputs) % inputs;
    const place = Math.floor(i / (outputs * inputs));
    return (output * inputs + input) * receptive + place;
  };
}
