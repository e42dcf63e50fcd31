import { ArgumentError, checkInteger } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { type Subspace, subspaceOf } from "./subspace.js";

/** Shape of the pictures in the rows, channels last, and the size wanted. */
export interface ImageSubspaceOptions {
  /** `[height, width, channels]`. */
  shape: readonly [number, number, number];
  /** Height and width of the result. */
  size: number;
}

function check(caller: string, { shape, size }: ImageSubspaceOptions): [number, number, number] {
  const [h, w, c] = shape;
  checkInteger(caller, "shape[0]", h, { min: 1 });
  checkInteger(caller, "shape[1]", w, { min: 1 });
  checkInteger(caller, "shape[2]", c, { min: 1 });
  checkInteger(caller, "size", size, { min: 1, max: Math.min(h, w) });
  return [h, w, c];
}

/**
 * The central `size × size` pixels; whole numbers stay whole.
 *
 * @throws `ArgumentError` when the size is larger than the picture.
 */
export function centerCrop(options: ImageSubspaceOptions): Subspace {
  const [h, w, c] = check("centerCrop", options);
  const { size } = options;
  const top = Math.floor((h - size) / 2);
  const left = Math.floor((w - size) / 2);
  const from = h * w * c;
  const to = size * size * c;
  return subspaceOf({
    caller: "centerCrop",
    from,
    to,
    keepsBytes: true,
    json: { kind: "centerCrop", shape: [h, w, c], size },
    map: (values, count) => {
      const out = new Float64Array(count * to);
      let at = 0;
      for (let i = 0; i < count; i++) {
        for (let y = 0; y < size; y++) {
          const start = i * from + ((top + y) * w + left) * c;
          for (let k = 0; k < size * c; k++) out[at++] = values[start + k]!;
        }
      }
      return out;
    },
    tensor: (x) => {
      const images = tf.reshape(x, [x.shape[0], h, w, c]);
      return tf.reshape(tf.slice(images, [0, top, left, 0], [-1, size, size, -1]), [x.shape[0], to]);
    },
  });
}

/**
 * Means of equal blocks: the picture smoothed and subsampled.
 *
 * @throws `ArgumentError` when the size does not divide height and width.
 */
export function blockMean(options: ImageSubspaceOptions): Subspace {
  const [h, w, c] = check("blockMean", options);
  const { size } = options;
  if (h % size !== 0 || w % size !== 0) {
    throw new ArgumentError(
      `blockMean: size is ${size}; a divisor of height ${h} and width ${w} was expected`,
      { argument: "size", value: size },
    );
  }
  const [bh, bw] = [h / size, w / size];
  const from = h * w * c;
  const to = size * size * c;
  return subspaceOf({
    caller: "blockMean",
    from,
    to,
    keepsBytes: false,
    json: { kind: "blockMean", shape: [h, w, c], size },
    map: (values, count) => {
      const out = new Float64Array(count * to);
      for (let i = 0; i < count; i++) {
        for (let y = 0; y < h; y++) {
          for (let x = 0; x < w; x++) {
            const target = i * to + (Math.floor(y / bh) * size + Math.floor(x / bw)) * c;
            for (let k = 0; k < c; k++) {
              out[target + k] = out[target + k]! + values[i * from + (y * w + x) * c + k]!;
            }
          }
        }
      }
      for (let i = 0; i < out.length; i++) out[i] = out[i]! / (bh * bw);
      return out;
    },
    tensor: (x) => {
      const blocks = tf.reshape(x, [x.shape[0] * size, bh, size, bw * c]);
      const rows = tf.reshape(tf.mean(blocks, 1), [x.shape[0] * size * size, bw, c]);
      return tf.reshape(tf.mean(rows, 1), [x.shape[0], to]);
    },
  });
}
