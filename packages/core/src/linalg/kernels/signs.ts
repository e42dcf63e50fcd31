import * as tf from "@tensorflow/tfjs-core";
import { isClearlyLarger } from "../host/sign-convention.js";

/** Signs `[…,1,n]` by which columns of `[…,m,n]` are multiplied to keep the sign convention. */
export function columnSigns(vectors: tf.Tensor): tf.Tensor {
  const [m, n] = vectors.shape.slice(-2) as [number, number];
  const values = vectors.dataSync();
  const signs = new Float32Array(vectors.size / m).fill(1);
  const largest = new Float64Array(n);
  // All columns at once, row by row as the values lie in memory.
  for (let start = 0, at = 0; start < values.length; start += m * n, at += n) {
    largest.fill(0);
    for (let row = start; row < start + m * n; row += n) {
      for (let j = 0; j < n; j++) {
        const value = values[row + j]!;
        const size = Math.abs(value);
        if (!isClearlyLarger(size, largest[j]!)) continue;
        largest[j] = size;
        signs[at + j] = value < 0 ? -1 : 1;
      }
    }
  }
  return tf.tensor(signs, [...vectors.shape.slice(0, -2), 1, n]);
}

/** Signs `[…,1,k]` of the diagonal of `r […,k,n]`, where 0 counts as positive. */
export function diagonalSigns(r: tf.Tensor): tf.Tensor {
  const [k, n] = r.shape.slice(-2) as [number, number];
  const values = r.dataSync();
  const signs = new Float32Array(r.size / n);
  for (let start = 0, at = 0; start < values.length; start += k * n) {
    for (let i = 0; i < k; i++) signs[at++] = values[start + i * n + i]! < 0 ? -1 : 1;
  }
  return tf.tensor(signs, [...r.shape.slice(0, -2), 1, k]);
}

/** Swaps the last two axes. */
export function swapped(a: tf.Tensor): tf.Tensor {
  const axes = a.shape.map((_, axis) => axis);
  return tf.transpose(a, [...axes.slice(0, -2), a.rank - 1, a.rank - 2]);
}

/** Columns times `signs`; columns beyond those, which have no partner, follow the convention themselves. */
export function withSigns(columns: tf.Tensor, signs: tf.Tensor): tf.Tensor {
  const first = signs.shape.at(-1)!;
  const missing = columns.shape.at(-1)! - first;
  if (missing === 0) return tf.mul(columns, signs);
  const batch = columns.shape.slice(0, -2);
  const begin = [...batch.map(() => 0), 0, first];
  const rest = tf.slice(columns, begin, [...batch, columns.shape.at(-2)!, missing]);
  return tf.mul(columns, tf.concat([signs, columnSigns(rest)], -1));
}
