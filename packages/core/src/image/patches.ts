import * as tf from "@tensorflow/tfjs-core";
import { checkChoice, checkInteger, checkShape } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { checkImages } from "./augmentation.js";

/** Options of {@link extractPatches}. */
export interface PatchOptions {
  /** Side of a patch in pixels. */
  size: number;
  /** Pixels from one patch to the next. @defaultValue `size`, side by side */
  stride?: number;
}

/** Options of {@link combinePatches}. */
export interface CombinePatchesOptions extends PatchOptions {
  /** Height and width of the images. */
  image: readonly [height: number, width: number];
  /** What becomes of pixels that several patches hold. @defaultValue `"mean"` */
  overlap?: "mean" | "sum";
}

interface Layout {
  size: number;
  stride: number;
  rows: number;
  columns: number;
}

function layout(caller: string, options: PatchOptions, height: number, width: number): Layout {
  const size = checkInteger(caller, "size", options.size, { min: 1, max: Math.min(height, width) });
  const stride = checkInteger(caller, "stride", options.stride ?? size, { min: 1 });
  return {
    size,
    stride,
    rows: Math.floor((height - size) / stride) + 1,
    columns: Math.floor((width - size) / stride) + 1,
  };
}

/** Pixel of each value of each patch, in the order patch, row, column. */
function pixelIndices({ size, stride, rows, columns }: Layout, width: number): Int32Array {
  const indices = new Int32Array(rows * columns * size * size);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) indices[at++] = (row * stride + y) * width + column * stride + x;
      }
    }
  }
  return indices;
}

/**
 * All square patches of a size at the points of a lattice; differentiable.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param options - See {@link PatchOptions}. Pixels beyond the last whole patch are left out.
 * @returns Shape `[batch, rows, columns, size * size * channels]`, a patch row by row with channels last; the caller
 *   disposes it.
 * @throws {@link ArgumentError} when a patch is larger than the images.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { extractPatches } from "@lab/core/image";
 *
 * await init();
 * const image = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
 * Array.from(await extractPatches(image, { size: 1 }).data()); // => [1, 2, 3, 4]
 * extractPatches(image, { size: 2 }).shape; // => [1, 1, 1, 4]
 * ```
 */
export function extractPatches(images: tf.Tensor4D, options: PatchOptions): tf.Tensor4D {
  checkImages("extractPatches", images);
  const [, height, width] = images.shape;
  const lattice = layout("extractPatches", options, height, width);
  return differentiable(
    images,
    (x) => gatherPatches(x, lattice),
    (dy) => scatterPatches(dy, lattice, height, width),
  );
}

/**
 * The inverse of {@link extractPatches}: puts patches back and averages, or adds, where they overlap; differentiable.
 *
 * @param patches - Shape `[batch, rows, columns, size * size * channels]`.
 * @param options - See {@link CombinePatchesOptions}.
 * @returns Shape `[batch, height, width, channels]`, 0 where no patch was; the caller disposes it.
 * @throws {@link ShapeError} when the numbers of patches are not those that `extractPatches` gives.
 */
export function combinePatches(patches: tf.Tensor4D, options: CombinePatchesOptions): tf.Tensor4D {
  const [height, width] = options.image;
  checkInteger("combinePatches", "image[0]", height, { min: 1 });
  checkInteger("combinePatches", "image[1]", width, { min: 1 });
  const overlap = checkChoice("combinePatches", "overlap", options.overlap ?? "mean", ["mean", "sum"]);
  const lattice = layout("combinePatches", options, height, width);
  checkShape("combinePatches", "patches", patches, [null, lattice.rows, lattice.columns, null]);
  const area = lattice.size ** 2;
  const channels = patches.shape[3] / area;
  if (!Number.isInteger(channels)) {
    throw new ArgumentError(
      `combinePatches: patches has shape [${patches.shape}]; a multiple of ${area} values a patch was expected`,
      { argument: "patches", value: patches.shape[3] },
    );
  }
  const counts = overlap === "mean" && countsOf(lattice, height, width);
  const averaged = (x: tf.Tensor4D) =>
    (counts ? tf.div(x, tf.tensor4d(counts, [1, height, width, 1])) : x) as tf.Tensor4D;
  return differentiable(
    patches,
    (x) => averaged(scatterPatches(x, lattice, height, width)),
    (dy) => gatherPatches(averaged(dy), lattice),
  );
}

/** A linear map with its transpose as gradient: taking patches out and adding them up are each other's transpose. */
function differentiable(
  x: tf.Tensor4D,
  map: (x: tf.Tensor4D) => tf.Tensor4D,
  transpose: (dy: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor4D {
  const run = tf.customGrad((value) => ({
    value: map(value as tf.Tensor4D),
    gradFunc: (dy: tf.Tensor | tf.Tensor[]) => transpose(dy as tf.Tensor4D),
  }));
  return run(x) as tf.Tensor4D;
}

function gatherPatches(images: tf.Tensor4D, lattice: Layout): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const pixels = tf.reshape(images, [batch, height * width, channels]);
  const values = tf.gather(pixels, tf.tensor1d(pixelIndices(lattice, width), "int32"), 1);
  return tf.reshape(values, [batch, lattice.rows, lattice.columns, lattice.size ** 2 * channels]);
}

/** Sum of the patches that hold each pixel, gathered through a table of contributions. */
function scatterPatches(patches: tf.Tensor4D, lattice: Layout, height: number, width: number): tf.Tensor4D {
  const batch = patches.shape[0];
  const channels = patches.shape[3] / lattice.size ** 2;
  const { table, depth } = contributions(pixelIndices(lattice, width), height * width);
  const values = tf.reshape(patches, [batch, -1, channels]);
  const padded = tf.concat([values, tf.zeros([batch, 1, channels])], 1);
  const gathered = tf.gather(padded, tf.tensor1d(table, "int32"), 1);
  const sums = tf.sum(tf.reshape(gathered, [batch, height * width, depth, channels]), 2);
  return tf.reshape(sums, [batch, height, width, channels]);
}

/** Patches that hold each pixel; 1 where there is none, to divide by. */
function countsOf(lattice: Layout, height: number, width: number): Float32Array {
  const counts = new Float32Array(height * width);
  for (const pixel of pixelIndices(lattice, width)) counts[pixel]!++;
  return counts.map((count) => Math.max(1, count));
}

function contributions(pixels: Int32Array, numPixels: number) {
  const counts = new Float32Array(numPixels);
  for (const pixel of pixels) counts[pixel]!++;
  const depth = Math.max(1, ...counts);
  const table = new Int32Array(numPixels * depth).fill(pixels.length); // the row of zeros
  const filled = new Int32Array(numPixels);
  for (const [source, pixel] of pixels.entries()) table[pixel * depth + filled[pixel]!++] = source;
  return { table, depth };
}
