import { type Tensor, type Tensor3D, tensor } from "@tensorflow/tfjs-core";
import { checkInteger } from "../check/index.js";
import type { Dataset } from "./dataset.js";
import { fromPlan } from "./from-plan.js";

/** A picture and its class. */
export interface LabelledImage {
  /** Shape `[height, width, channels]`, values in [0, 1]. */
  x: Tensor;
  /** Class, from 0. */
  label: number;
}

/** Pictures and classes as typed arrays. */
export interface ImageArrays {
  /** Values in [0, 1], `shape` in row-major order. */
  x: Float32Array;
  /** Class of each picture, from 0. */
  labels: Int32Array;
  /** `[count, height, width, channels]`. */
  shape: [number, number, number, number];
}

/** Rows of {@link ImageSet.arrays}. */
export interface ImageRange {
  /** First picture. @defaultValue 0 */
  start?: number;
  /** One after the last picture. @defaultValue the number of pictures */
  end?: number;
}

/** A data set of labelled pictures of one size. */
export interface ImageSet extends Dataset<LabelledImage> {
  /** Number of pictures. */
  readonly length: number;
  /** The picture at an index; its tensor belongs to the caller. */
  get(index: number): Promise<LabelledImage>;
  /** Name of the data, such as `"mnist"`. */
  readonly name: string;
  /** `[height, width, channels]` of a picture. */
  readonly imageShape: readonly [number, number, number];
  /** Number of classes. */
  readonly numClasses: number;
  /** Names of the classes, where they have any. */
  readonly classNames?: readonly string[];
  /** The pictures of a range, all of them by default, as typed arrays that belong to the caller. */
  arrays(range?: ImageRange): ImageArrays;
  /** The pictures at some indices, in that order. */
  select(indices: ArrayLike<number>): ImageSet;
  /** The first `n` pictures. */
  take(n: number): ImageSet;
}

/** Where the pictures of an {@link ImageSet} come from. */
export interface ImageSource {
  /** Name of the data. */
  name: string;
  /** Number of pictures. */
  length: number;
  /** `[height, width, channels]`. */
  imageShape: readonly [number, number, number];
  /** Number of classes. */
  numClasses: number;
  /** Names of the classes. */
  classNames?: readonly string[];
  /** Class of a picture. */
  label(index: number): number;
  /** Writes the values of a picture to `out` from `offset` on. */
  fill(index: number, out: Float32Array, offset: number): void;
}

/** A data set over pictures that can be written into an array one by one. */
export function imageSet(source: ImageSource): ImageSet {
  const { name, length, imageShape, numClasses } = source;
  const [height, width, channels] = imageShape;
  const size = height * width * channels;

  const gathered = (indices: ArrayLike<number>): ImageArrays => {
    const x = new Float32Array(indices.length * size);
    const labels = new Int32Array(indices.length);
    for (let row = 0; row < indices.length; row++) {
      source.fill(indices[row]!, x, row * size);
      labels[row] = source.label(indices[row]!);
    }
    return { x, labels, shape: [indices.length, height, width, channels] };
  };

  const get = async (index: number): Promise<LabelledImage> => {
    checkInteger("ImageSet.get", "index", index, { min: 0, below: length });
    const { x, labels } = gathered([index]);
    return { x: tensor(x, [...imageShape]) as Tensor3D, label: labels[0]! };
  };

  const dataset = fromPlan<LabelledImage>({
    length,
    get,
    gather: async (indices) => {
      const { x, labels, shape } = gathered(indices);
      return { x: tensor(x, shape), label: Array.from(labels) };
    },
  });

  const select = (indices: ArrayLike<number>): ImageSet => {
    const chosen = Int32Array.from(indices);
    for (const [at, index] of chosen.entries()) {
      if (index !== indices[at] || index < 0 || index >= length) {
        checkInteger("ImageSet.select", `indices[${at}]`, indices[at], { min: 0, below: length });
      }
    }
    return imageSet({
      ...source,
      length: chosen.length,
      label: (index) => source.label(chosen[index]!),
      fill: (index, out, offset) => source.fill(chosen[index]!, out, offset),
    });
  };

  return {
    name,
    length,
    imageShape,
    numClasses,
    ...(source.classNames && { classNames: source.classNames }),
    get,
    [Symbol.asyncIterator]: () => dataset[Symbol.asyncIterator](),
    map: (change) => dataset.map(change),
    filter: (keep) => dataset.filter(keep),
    shuffle: (generator, options) => dataset.shuffle(generator, options),
    batch: (n, options) => dataset.batch(n, options),
    prefetch: (n) => dataset.prefetch(n),
    select,
    take: (n) => {
      checkInteger("ImageSet.take", "n", n, { min: 0 });
      return imageSet({ ...source, length: Math.min(n, length) });
    },
    arrays: ({ start = 0, end = length } = {}) => {
      checkInteger("ImageSet.arrays", "start", start, { min: 0, max: length });
      checkInteger("ImageSet.arrays", "end", end, { min: start, max: length });
      return gathered(Int32Array.from({ length: end - start }, (_, i) => start + i));
    },
  };
}

/** A source over unsigned bytes, one plane a channel or channels last. */
export function byteImages(
  source: Omit<ImageSource, "label" | "fill"> & {
    /** Class of each picture. */
    labels: ArrayLike<number>;
    /** All bytes. */
    bytes: Uint8Array;
    /** Byte at which a picture starts. */
    start: (index: number) => number;
    /** Value that becomes 1. */
    white: number;
    /** Whether the bytes hold one plane after the other instead of channels last. */
    isPlanar?: boolean;
  },
): ImageSource {
  const { labels, bytes, start, white, isPlanar = false, ...rest } = source;
  const [height, width, channels] = source.imageShape;
  const numPixels = height * width;
  const size = numPixels * channels;
  // One division a level instead of one a pixel; the rounding to float32 is that of byte / white.
  const levels = Float32Array.from({ length: 256 }, (_, level) => level / white);
  return {
    ...rest,
    label: (index) => labels[index]!,
    fill: (index, out, offset) => {
      const from = start(index);
      if (!isPlanar || channels === 1) {
        for (let i = 0; i < size; i++) out[offset + i] = levels[bytes[from + i]!]!;
        return;
      }
      for (let channel = 0; channel < channels; channel++) {
        const plane = from + channel * numPixels;
        for (let i = 0; i < numPixels; i++) out[offset + i * channels + channel] = levels[bytes[plane + i]!]!;
      }
    },
  };
}
