import {
  ArgumentError,
  checkAborted,
  checkBoolean,
  checkInteger,
  checkNumber,
  ShapeError,
  tidyAsync,
} from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { BatchPasses } from "../training/training-types.js";
import { type LocalContrastOptions, localContrastNormalize } from "./patches.js";

/** Pictures by number, read as they are asked for, such as `imageFolder` of `@lab/core/data`. */
export interface PictureSource {
  /** Number of pictures. */
  readonly length: number;
  /** A picture, `[h, w, 1]` or `[h, w, 3]` with values in [0, 1]; its tensor is freed by the stream. */
  get(index: number): Promise<{ x: tf.Tensor }>;
}

/** Options of {@link imagePatches}. */
export interface ImagePatchesOptions {
  /** Side of the random crop in pixels, before local contrast normalisation. @defaultValue 52, the paper's */
  crop?: number;
  /** Patches of each picture in a pass. @defaultValue 1 */
  perImage?: number;
  /** Rows of a batch; a last, smaller one is left out. @defaultValue 250, the paper's */
  batchSize?: number;
  /** Patches that are held to mix those of different pictures. @defaultValue 4 batches */
  buffer?: number;
  /** Patches after which a pass ends. @defaultValue none, all pictures */
  count?: number;
  /** Mean of grey values that is subtracted. @defaultValue 0.457, the paper's */
  mean?: number;
  /** What grey values are divided by. @defaultValue 0.259, the paper's */
  scale?: number;
  /** Local contrast normalisation, or `false` for none. @defaultValue the paper's, which makes 28 pixels of 52 */
  contrast?: LocalContrastOptions | false;
  /** Deviation below which a patch is left out. @defaultValue 0.5, the paper's */
  smallestDeviation?: number;
  /** Whether pictures come in a new random order in each pass. @defaultValue true */
  shuffle?: boolean;
  /** Seed of order and places. @defaultValue 0 */
  seed?: number;
  /** Stops the stream. */
  signal?: AbortSignal;
}

/** Luminance of red, green and blue. */
const GREY = [0.299, 0.587, 0.114];

/**
 * A stream of batches of grey patches from any number of pictures, of which one is in memory at a time.
 *
 * Each picture gives random crops; they are standardised, normalised in local contrast, left out when they are flat, and mixed
 * with those of other pictures in a buffer. The paper's patches are `imagePatches(imageFolder(path, { size: 256, channels: 1 }))`.
 *
 * @param source - The pictures.
 * @param o - See {@link ImagePatchesOptions}.
 * @returns Batches `[batchSize, side * side]`, each the caller's. Every pass draws new places; `pass(i)` gives the same ones again.
 * @throws {@link ArgumentError} for a bad option; {@link ShapeError} for a picture smaller than the crop.
 * @remarks Memory holds `buffer` patches, one batch and one picture. Deviations differ from the authors' code, which normalises a
 * whole batch at a time with `floor: "batch"`: here that means the crops of one picture.
 * @see Evtimova, LeCun (2022), section 4; the authors' `imagenet_LCN_patches.py`.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { imagePatches } from "@lab/sparse-coding/data";
 *
 * await init();
 * const pictures = { length: 6, get: async (i: number) => ({ x: tf.randomUniform([64, 64, 1], 0, 1, "float32", i) }) };
 * const shapes: number[][] = [];
 * for await (const batch of imagePatches(pictures, { perImage: 4, batchSize: 8 })) {
 *   shapes.push(batch.shape);
 *   batch.dispose();
 * }
 * shapes; // => [[8, 784], [8, 784], [8, 784]]
 * ```
 */
export function imagePatches(source: PictureSource, o: ImagePatchesOptions = {}): BatchPasses {
  const caller = "imagePatches";
  const batchSize = checkInteger(caller, "batchSize", o.batchSize ?? 250, { min: 1 });
  const plan: Plan = {
    source,
    batchSize,
    crop: checkInteger(caller, "crop", o.crop ?? 52, { min: 1 }),
    perImage: checkInteger(caller, "perImage", o.perImage ?? 1, { min: 1 }),
    buffer: checkInteger(caller, "buffer", o.buffer ?? 4 * batchSize, { min: batchSize }),
    count:
      o.count === undefined ? Number.POSITIVE_INFINITY : checkInteger(caller, "count", o.count, { min: 1 }),
    mean: checkNumber(caller, "mean", o.mean ?? 0.457),
    scale: checkNumber(caller, "scale", o.scale ?? 0.259, { above: 0 }),
    contrast: o.contrast ?? {},
    smallest: checkNumber(caller, "smallestDeviation", o.smallestDeviation ?? 0.5, { min: 0 }),
    shuffle: checkBoolean(caller, "shuffle", o.shuffle ?? true),
    seed: checkInteger(caller, "seed", o.seed ?? 0),
    signal: o.signal,
  };
  checkInteger(caller, "source.length", source.length, { min: 1 });
  if (plan.contrast && plan.crop <= 2 * ((plan.contrast.size ?? 13) - 1)) {
    throw new ArgumentError(
      `${caller}: crop is ${plan.crop}; more than ${2 * ((plan.contrast.size ?? 13) - 1)} pixels were expected, normalisation takes them off`,
      { argument: "crop", value: plan.crop },
    );
  }
  const pass = (index: number) => batchesOf(plan, checkInteger(caller, "index", index, { min: 0 }));
  let passes = 0;
  return { pass, [Symbol.asyncIterator]: () => pass(passes++)[Symbol.asyncIterator]() };
}

interface Plan {
  source: PictureSource;
  crop: number;
  perImage: number;
  batchSize: number;
  buffer: number;
  count: number;
  mean: number;
  scale: number;
  contrast: LocalContrastOptions | false;
  smallest: number;
  shuffle: boolean;
  seed: number;
  signal: AbortSignal | undefined;
}

/** The batches of a pass: patches leave the buffer at random. */
async function* batchesOf(plan: Plan, index: number): AsyncGenerator<tf.Tensor2D> {
  const generator = new Generator(plan.seed).split("patches").split(index);
  const mixer = generator.split("mix");
  const held: Float32Array[] = [];
  let batch: Float32Array[] = [];
  let left = plan.count;
  const release = () => {
    if (!plan.shuffle) return held.shift()!;
    const at = Math.floor(mixer.float64(1)[0]! * held.length);
    const patch = held[at]!;
    held[at] = held[held.length - 1]!;
    held.pop();
    return patch;
  };
  const full = (patch: Float32Array): tf.Tensor2D | undefined => {
    batch.push(patch);
    if (batch.length < plan.batchSize) return undefined;
    const rows = batch;
    batch = [];
    return stack(rows);
  };
  const order = plan.shuffle
    ? generator.split("order").permutation(plan.source.length)
    : Int32Array.from({ length: plan.source.length }, (_, i) => i);
  for (const picture of order) {
    checkAborted(plan.signal);
    for (const patch of await patchesOf(plan, picture, generator.split(picture))) {
      if (left-- <= 0) break;
      held.push(patch);
      if (held.length < plan.buffer) continue;
      const ready = full(release());
      if (ready) yield ready;
    }
    if (left <= 0) break;
  }
  while (held.length > 0) {
    checkAborted(plan.signal);
    const ready = full(release());
    if (ready) yield ready;
  }
}

function stack(rows: readonly Float32Array[]): tf.Tensor2D {
  const dim = rows[0]!.length;
  const values = new Float32Array(rows.length * dim);
  for (const [i, row] of rows.entries()) values.set(row, i * dim);
  return tf.tensor2d(values, [rows.length, dim]);
}

/** The patches of a picture that are not flat. */
async function patchesOf(plan: Plan, picture: number, generator: Generator): Promise<Float32Array[]> {
  const { crop, perImage, contrast } = plan;
  return tidyAsync(async (track) => {
    const x = track((await plan.source.get(picture)).x);
    const [height, width, channels] = x.shape as [number, number, number];
    if (x.rank !== 3 || (channels !== 1 && channels !== 3) || height < crop || width < crop) {
      throw new ShapeError(
        `imagePatches: picture ${picture} has shape [${x.shape}]; at least [${crop},${crop}] with 1 or 3 channels was expected`,
        { argument: "source", shape: x.shape },
      );
    }
    const places = generator.float64(2 * perImage);
    const patches = tf.tidy(() => {
      const grey = channels === 1 ? x : tf.sum(tf.mul(x, tf.tensor1d(GREY)), 2, true);
      const standard = tf.div(tf.sub(grey, plan.mean), plan.scale) as tf.Tensor3D;
      const crops = Array.from({ length: perImage }, (_, n) => {
        const top = Math.floor(places[2 * n]! * (height - crop + 1));
        const left = Math.floor(places[2 * n + 1]! * (width - crop + 1));
        return tf.slice(standard, [top, left, 0], [crop, crop, 1]);
      });
      const all = tf.stack(crops) as tf.Tensor4D;
      const normal = contrast ? localContrastNormalize(all, contrast).patches : all;
      return tf.reshape(normal, [perImage, -1]) as tf.Tensor2D;
    });
    track(patches);
    const values = (await patches.data()) as Float32Array;
    const dim = patches.shape[1];
    return Array.from({ length: perImage }, (_, n) => values.slice(n * dim, (n + 1) * dim)).filter(
      (patch) => deviationOf(patch) >= plan.smallest,
    );
  });
}

function deviationOf(values: Float32Array): number {
  let [sum, squares] = [0, 0];
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
}
