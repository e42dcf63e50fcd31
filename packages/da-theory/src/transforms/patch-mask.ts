import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../distribution/distribution.js";
import type { CovarianceTerm } from "../moments/host-covariance.js";
import { createTransform, type ImageShape, type NodeSet, type RandomTransform } from "./transform.js";

/** Options of {@link patchMask}. */
export interface PatchMaskOptions {
  /** Side of a patch in pixels; it divides both sides of the image. */
  patch: number;
  /** Share of patches that is masked, from 0 to 1. */
  ratio: number;
  /** `independent`: each patch by itself; `fixedCount`: the rounded share of all patches, without replacement. @defaultValue `"independent"` */
  mode?: "independent" | "fixedCount";
  /** Value of masked patches. @defaultValue 0 */
  fill?: number;
}

/**
 * Random patches replaced by a value; exact.
 *
 * $\mu = (1 - r)(x - f) + f$; within a patch the masks have covariance $r(1-r)$, between patches 0, or
 * $-r(1-r)/(P-1)$ for a fixed count.
 *
 * @param options - See {@link PatchMaskOptions}.
 * @returns A transform with a parameter for each patch, in [0, 1): masked are those below the ratio, or the smallest ones.
 *   `sample` needs the shape.
 * @throws {@link ArgumentError} when an option is out of range or patches do not fit.
 * @see He et al. (2022), Masked autoencoders are scalable vision learners, section 3 (fixed count).
 */
export function patchMask(options: PatchMaskOptions): RandomTransform {
  const patch = checkInteger("patchMask", "patch", options.patch, { min: 1 });
  const ratio = checkNumber("patchMask", "ratio", options.ratio, { min: 0, max: 1 });
  const mode = checkChoice("patchMask", "mode", options.mode ?? "independent", ["independent", "fixedCount"]);
  const fill = checkNumber("patchMask", "fill", options.fill ?? 0);
  const grid = ([height, width]: ImageShape): [number, number] => {
    if (height % patch !== 0 || width % patch !== 0) {
      throw new ArgumentError(
        `patchMask: patch is ${patch} and images are ${height}×${width}; it must divide both sides`,
        {
          argument: "patch",
          value: patch,
        },
      );
    }
    return [height / patch, width / patch];
  };
  const numPatches = (shape: ImageShape) => {
    const [rows, columns] = grid(shape);
    return rows * columns;
  };
  const numMasked = (count: number) => Math.round(ratio * count);
  const isMasked = (theta: Float64Array): Uint8Array => {
    if (mode === "independent") return Uint8Array.from(theta, (u) => (u < ratio ? 1 : 0));
    const out = new Uint8Array(theta.length);
    const order = Array.from(theta.keys()).sort((a, b) => theta[a]! - theta[b]!);
    for (const p of order.slice(0, numMasked(theta.length))) out[p] = 1;
    return out;
  };
  return createTransform({
    name: "patchMask",
    parameters: { mask: uniform(0, 1) },
    linear: fill === 0,
    needsShape: true,
    numParameters: numPatches,
    fromUnit: (unit, _, theta) => theta.set(unit),
    apply: (images, theta) => {
      const [rows, columns] = grid(images.shape.slice(1) as [number, number, number]);
      const count = numMasked(rows * columns);
      const masked = () => {
        if (mode === "independent") return tf.less(theta, ratio);
        if (count === 0) return tf.less(theta, 0);
        const smallest = tf.topk(tf.neg(theta), count, true).values;
        return tf.lessEqual(theta, tf.neg(tf.slice(smallest, [0, count - 1], [-1, 1])));
      };
      const small = tf.reshape(tf.cast(masked(), "float32"), [-1, rows, 1, columns, 1, 1]);
      const mask = tf.reshape(tf.tile(small, [1, 1, patch, 1, patch, 1]), [
        -1,
        rows * patch,
        columns * patch,
        1,
      ]);
      return tf.add(tf.mul(images, tf.sub(1, mask)), tf.mul(mask, fill));
    },
    applyHost(image, shape, theta, out) {
      const columns = grid(shape)[1];
      const masked = isMasked(theta);
      const channels = shape[2];
      for (let i = 0; i < out.length; i++) {
        out[i] = masked[patchOf(Math.floor(i / channels), shape[1], patch, columns)] ? fill : image[i]!;
      }
    },
    exact: (shape) => finiteMasks(numPatches(shape), mode, ratio, numMasked(numPatches(shape))),
    async moments(image, shape) {
      const count = numPatches(shape);
      const share = mode === "independent" ? ratio : numMasked(count) / count;
      const d = image.map((value) => value - fill);
      return {
        shape,
        mean: d.map((value) => (1 - share) * value + fill),
        terms: [patchTerm(shape, patch, d, share, mode === "fixedCount" && count > 1)],
        error: { method: "exact", nodes: 0, meanEstimate: 0, traceEstimate: 0 },
      };
    },
  });
}

const patchOf = (pixel: number, width: number, patch: number, columns: number): number =>
  Math.floor(Math.floor(pixel / width) / patch) * columns + Math.floor((pixel % width) / patch);

/** Every mask once, where there are few. */
function finiteMasks(
  count: number,
  mode: "independent" | "fixedCount",
  ratio: number,
  numMasked: number,
): NodeSet | undefined {
  // 2^20 masks are beyond any rule; counting them must stay cheap.
  if (count > 20) return undefined;
  const masks: { bits: number; weight: number }[] = [];
  for (let bits = 0; bits < 2 ** count; bits++) {
    let ones = 0;
    for (let rest = bits; rest > 0; rest >>= 1) ones += rest & 1;
    const weight =
      mode === "independent" ? ratio ** ones * (1 - ratio) ** (count - ones) : ones === numMasked ? 1 : 0;
    if (weight > 0) masks.push({ bits, weight });
  }
  const total = masks.reduce((sum, { weight }) => sum + weight, 0);
  return {
    count: masks.length,
    make: () => ({
      theta: Float64Array.from(
        masks.flatMap(({ bits }) =>
          Array.from({ length: count }, (_, p) => ((bits >> p) & 1 ? ratio / 2 : (1 + ratio) / 2)),
        ),
      ),
      weights: Float64Array.from(masks, ({ weight }) => weight / total),
    }),
  };
}

function patchTerm(
  [height, width, channels]: ImageShape,
  patch: number,
  d: Float64Array,
  share: number,
  isFixed: boolean,
): CovarianceTerm {
  const columns = width / patch;
  const count = (height / patch) * columns;
  const owner = Int32Array.from(d, (_, i) => patchOf(Math.floor(i / channels), width, patch, columns));
  const variance = share * (1 - share);
  const between = isFixed ? -variance / (count - 1) : 0;
  const add = (values: Float64Array, out: Float64Array) => {
    for (let i = 0; i < out.length; i++) out[i]! += d[i]! * values[owner[i]!]!;
  };
  return {
    apply(v, out) {
      const sums = new Float64Array(count);
      for (let i = 0; i < v.length; i++) sums[owner[i]!]! += d[i]! * v[i]!;
      const all = sums.reduce((a, b) => a + b, 0);
      add(
        sums.map((sum) => (variance - between) * sum + between * all),
        out,
      );
    },
    diagonal(out) {
      for (let i = 0; i < out.length; i++) out[i]! += variance * d[i]! * d[i]!;
    },
    sample(generator, out) {
      const noise = generator.normal64(count);
      // For a fixed count the masks sum to a constant: the noise is centred, which costs one degree of freedom.
      const mean = isFixed ? noise.reduce((a, b) => a + b, 0) / count : 0;
      const sd = Math.sqrt(variance - between);
      add(
        noise.map((z) => sd * (z - mean)),
        out,
      );
    },
  };
}
