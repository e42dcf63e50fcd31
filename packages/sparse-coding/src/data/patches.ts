import { checkChoice, checkInteger, checkNumber, checkRank, ShapeError } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link localContrastNormalize}. */
export interface LocalContrastOptions {
  /** Side of the Gaussian window in pixels, odd. @defaultValue 13, the paper's */
  size?: number;
  /** Standard deviation of the window in pixels. @defaultValue 5, the paper's */
  sigma?: number;
  /** Smallest divisor: the mean deviation of each image, or of the whole batch as in the authors' code. @defaultValue `"image"` */
  floor?: "image" | "batch";
}

/** Normalised pictures and what undoes it. */
export interface LocalContrast {
  /** Shape `[N, h - 2(size - 1), w - 2(size - 1), c]`. */
  patches: tf.Tensor4D;
  /** Local mean, same shape. */
  mean: tf.Tensor4D;
  /** Divisor, same shape: `patches * std + mean` is the picture. */
  std: tf.Tensor4D;
}

/** Divisor below which nothing is divided by. */
const SMALLEST_DIVISOR = 1e-4;

/** Mean under a Gaussian window, without padding; runs in a tidy. */
function smooth(x: tf.Tensor4D, weights: readonly number[]): tf.Tensor4D {
  // A sum of shifted slices along each axis: works on every backend and type of picture.
  let at = x;
  for (const axis of [1, 2] as const) {
    const length = at.shape[axis] - weights.length + 1;
    const size = [...at.shape] as [number, number, number, number];
    size[axis] = length;
    let sum: tf.Tensor | undefined;
    for (const [k, weight] of weights.entries()) {
      const begin: [number, number, number, number] = [0, 0, 0, 0];
      begin[axis] = k;
      const part = tf.mul(tf.slice(at, begin, size), weight);
      sum = sum ? tf.add(sum, part) : part;
    }
    at = sum as tf.Tensor4D;
  }
  return at;
}

function crop(x: tf.Tensor4D, margin: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  return tf.slice(x, [0, margin, margin, 0], [n, h - 2 * margin, w - 2 * margin, c]);
}

/**
 * Subtracts the local mean and divides by the local deviation.
 *
 * Each of the two windows costs `size - 1` pixels of every side: 52 becomes 28 with the paper's 13.
 *
 * @param x - Shape `[N, h, w, c]`.
 * @param options - See {@link LocalContrastOptions}.
 * @returns See {@link LocalContrast}; the caller disposes its tensors.
 * @throws {@link ShapeError} when the pictures are smaller than the two windows.
 * @see Jarrett, Kavukcuoglu, Ranzato, LeCun (2009); the authors' `imagenet_LCN_patches.py`.
 */
export function localContrastNormalize(x: tf.Tensor4D, options: LocalContrastOptions = {}): LocalContrast {
  const caller = "localContrastNormalize";
  checkRank(caller, "x", x, 4);
  const size = checkInteger(caller, "size", options.size ?? 13, { min: 1 });
  const sigma = checkNumber(caller, "sigma", options.sigma ?? 5, { above: 0 });
  const floor = checkChoice(caller, "floor", options.floor ?? "image", ["image", "batch"]);
  const lost = 2 * (size - 1);
  if (size % 2 === 0 || x.shape[1] <= lost || x.shape[2] <= lost) {
    throw new ShapeError(
      `${caller}: x has shape [${x.shape}] and size is ${size}; an odd size and more than ${lost} pixels a side were expected`,
      { argument: "x", shape: x.shape },
    );
  }
  const raw = Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const total = raw.reduce((a, b) => a + b);
  const weights = raw.map((w) => w / total);
  const margin = (size - 1) / 2;
  return tf.tidy(() => {
    const mean = smooth(x, weights);
    const centred = tf.sub(crop(x, margin), mean) as tf.Tensor4D;
    const deviation = tf.sqrt(smooth(tf.square(centred) as tf.Tensor4D, weights));
    const typical = floor === "image" ? tf.mean(deviation, [1, 2, 3], true) : tf.mean(deviation);
    const std = tf.maximum(tf.maximum(deviation, typical), SMALLEST_DIVISOR) as tf.Tensor4D;
    return {
      patches: tf.div(crop(centred, margin), std) as tf.Tensor4D,
      mean: crop(mean, margin),
      std,
    };
  });
}

/** Options of {@link extractPatches}. */
export interface RandomPatchOptions {
  /** Side of a patch in pixels. */
  size: number;
  /** Number of patches over all pictures. */
  count: number;
  /** Seed of the places. */
  seed: number;
}

/**
 * Patches at random places; for all patches of a lattice see `extractPatches` of `@lab/core/image`.
 *
 * @param img - Shape `[N, h, w, c]`.
 * @param o - See {@link RandomPatchOptions}.
 * @returns Shape `[count, size * size * c]`; the caller disposes it.
 * @throws {@link ArgumentError} when a patch is larger than the pictures.
 */
export function extractPatches(img: tf.Tensor4D, o: RandomPatchOptions): tf.Tensor2D {
  checkRank("extractPatches", "img", img, 4);
  const [pictures, height, width, channels] = img.shape;
  const size = checkInteger("extractPatches", "size", o.size, { min: 1, max: Math.min(height, width) });
  const count = checkInteger("extractPatches", "count", o.count, { min: 1 });
  const places = new Generator(o.seed).float64(3 * count);
  const pixels = new Int32Array(count * size * size);
  let at = 0;
  for (let n = 0; n < count; n++) {
    const picture = Math.floor(places[3 * n]! * pictures);
    const top = Math.floor(places[3 * n + 1]! * (height - size + 1));
    const left = Math.floor(places[3 * n + 2]! * (width - size + 1));
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) pixels[at++] = (picture * height + top + i) * width + left + j;
    }
  }
  return tf.tidy(() => {
    const rows = tf.reshape(img, [-1, channels]);
    return tf.reshape(tf.gather(rows, tf.tensor1d(pixels, "int32")), [count, -1]) as tf.Tensor2D;
  });
}
