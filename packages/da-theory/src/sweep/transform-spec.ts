import { ArgumentError, checkNumber } from "@lab/core";
import type { Generator } from "@lab/core/random";

/** A random change of images as plain data; the parts are applied in the order of this list, in one resampling. */
export interface TransformSpec {
  /** Cut out and enlarged: share of the area kept, and width over height (`[3/4, 4/3]` unless given). */
  crop?: { scale: readonly [number, number]; ratio?: readonly [number, number] };
  /** Turned by up to so many degrees either way. */
  rotate?: number;
  /** Moved by up to so many pixels either way, along both axes. */
  translate?: number;
  /** Probability of a mirror image. */
  flip?: number;
  /** What is beyond the border. @defaultValue `"zero"` with `rotate` or `translate`, else `"edge"` */
  boundary?: "zero" | "edge";
}

/** Numbers that one image draws. */
const DRAWS = 8;

/** Images as rows of values, channels last. */
export interface Pictures {
  /** Values, image after image. */
  x: Float32Array;
  /** Class of each image. */
  labels: Int32Array;
  /** `[height, width, channels]`. */
  shape: readonly [number, number, number];
}

/** Refuses a specification with an unknown or impossible part. */
export function checkTransform(caller: string, spec: TransformSpec): void {
  for (const key of Object.keys(spec))
    if (!["crop", "rotate", "translate", "flip", "boundary"].includes(key))
      throw new ArgumentError(
        `${caller}: transform has the part '${key}'; crop, rotate, translate, flip or boundary was expected`,
        { argument: "transform", value: key },
      );
  if (spec.crop) {
    const [low, high] = spec.crop.scale;
    checkNumber(caller, "transform.crop.scale[0]", low, { above: 0, max: 1 });
    checkNumber(caller, "transform.crop.scale[1]", high, { min: low, max: 1 });
    const [narrow, wide] = spec.crop.ratio ?? [3 / 4, 4 / 3];
    checkNumber(caller, "transform.crop.ratio[0]", narrow, { above: 0 });
    checkNumber(caller, "transform.crop.ratio[1]", wide, { min: narrow });
  }
  if (spec.rotate !== undefined) checkNumber(caller, "transform.rotate", spec.rotate, { min: 0, max: 180 });
  if (spec.translate !== undefined) checkNumber(caller, "transform.translate", spec.translate, { min: 0 });
  if (spec.flip !== undefined) checkNumber(caller, "transform.flip", spec.flip, { min: 0, max: 1 });
}

/** Source row and column of an output pixel: `[a, b, c]` for `a·i + b·j + c`, rows then columns. */
type Affine = [number, number, number, number, number, number];

function drawAffine(spec: TransformSpec, height: number, width: number, u: Float64Array): Affine {
  const between = (k: number, low: number, high: number) => low + (high - low) * u[k]!;
  const isMirrored = u[0]! < (spec.flip ?? 0);
  const reach = spec.translate ?? 0;
  const [down, right] = [between(1, -reach, reach), between(2, -reach, reach)];
  const angle = (between(3, -1, 1) * (spec.rotate ?? 0) * Math.PI) / 180;
  const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  // Column before the mirror, then shift and turn about the centre.
  const [sign, offset] = isMirrored ? [-1, width - 1] : [1, 0];
  const [oy, ox] = [-down - cy, offset - right - cx];
  let m: Affine = [cos, sin * sign, cy + cos * oy + sin * ox, -sin, cos * sign, cx - sin * oy + cos * ox];
  if (spec.crop) {
    const [low, high] = spec.crop.scale;
    const [narrow, wide] = spec.crop.ratio ?? [3 / 4, 4 / 3];
    const area = between(4, low, high);
    const aspect = Math.exp(between(5, Math.log(narrow), Math.log(wide)));
    const h = Math.min(1, Math.sqrt(area / aspect));
    const w = Math.min(1, Math.sqrt(area * aspect));
    const top = u[6]! * (1 - h) * height + h / 2 - 0.5;
    const left = u[7]! * (1 - w) * width + w / 2 - 0.5;
    m = [h * m[0], h * m[1], h * m[2] + top, w * m[3], w * m[4], w * m[5] + left];
  }
  return m;
}

/** The same map for an output of other sides: it is sampled at the centres of larger or smaller cells. */
function rescaled(m: Affine, down: number, across: number): Affine {
  const [oy, ox] = [(down - 1) / 2, (across - 1) / 2];
  const [a, b, c, d, e, f] = m;
  return [a * down, b * across, c + a * oy + b * ox, d * down, e * across, f + d * oy + e * ox];
}

function resample(
  x: Float32Array,
  from: number,
  out: Float32Array,
  to: number,
  [height, width, channels]: readonly [number, number, number],
  [rows, columns]: readonly [number, number],
  m: Affine,
  isZero: boolean,
): void {
  let at = to;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let y = m[0] * i + m[1] * j + m[2];
      let z = m[3] * i + m[4] * j + m[5];
      if (!isZero) {
        y = Math.min(Math.max(y, 0), height - 1);
        z = Math.min(Math.max(z, 0), width - 1);
      }
      const [row, column] = [Math.floor(y), Math.floor(z)];
      const [fy, fx] = [y - row, z - column];
      for (let c = 0; c < channels; c++) out[at + c] = 0;
      for (let tap = 0; tap < 4; tap++) {
        const [r, k] = [row + (tap >> 1), column + (tap & 1)];
        const weight = (tap >> 1 ? fy : 1 - fy) * (tap & 1 ? fx : 1 - fx);
        if (weight === 0 || r < 0 || r >= height || k < 0 || k >= width) continue;
        const source = from + (r * width + k) * channels;
        for (let c = 0; c < channels; c++) out[at + c]! += weight * x[source + c]!;
      }
      at += channels;
    }
  }
}

/**
 * Views of some images, each drawn on its own, resampled bilinearly on the host.
 *
 * @param images - The images.
 * @param indices - Which of them.
 * @param spec - The change; `undefined` copies.
 * @param generator - Source of the draws; the numbers drawn do not depend on `spec`.
 * @param sides - Height and width of the views; those of the images unless given. Smaller views are not antialiased.
 * @returns The views, one after another.
 */
export function drawViews(
  images: Pictures,
  indices: ArrayLike<number>,
  spec: TransformSpec | undefined,
  generator: Generator,
  sides?: readonly [number, number],
): Float32Array {
  const [height, width, channels] = images.shape;
  const size = height * width * channels;
  const [rows, columns] = sides ?? [height, width];
  const isResized = rows !== height || columns !== width;
  const viewSize = rows * columns * channels;
  const out = new Float32Array(indices.length * viewSize);
  const u = generator.float64(indices.length * DRAWS);
  const isZero = (spec?.boundary ?? (spec?.rotate || spec?.translate ? "zero" : "edge")) === "zero";
  for (let n = 0; n < indices.length; n++) {
    const from = indices[n]! * size;
    if (!spec && !isResized) {
      out.set(images.x.subarray(from, from + size), n * size);
      continue;
    }
    const own = drawAffine(spec ?? {}, height, width, u.subarray(n * DRAWS, (n + 1) * DRAWS));
    const m = rescaled(own, height / rows, width / columns);
    resample(images.x, from, out, n * viewSize, images.shape, [rows, columns], m, isZero);
  }
  return out;
}
