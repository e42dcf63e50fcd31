import type { LinearOperator } from "@lab/core/linalg";
import * as tf from "@tensorflow/tfjs-core";
import type { SparseCode } from "./elastic-net-code.js";

/** The largest coefficients of a code, with norm 1 together. */
export function strongest({ indices, values }: SparseCode, most: number): SparseCode {
  const order = [...values.keys()].sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!)).slice(0, most);
  const norm = Math.hypot(...order.map((at) => values[at]!)) || 1;
  return { indices: order.map((at) => indices[at]!), values: order.map((at) => values[at]! / norm) };
}

/** A symmetric operator on the device; {@link dispose} frees what it holds. */
export interface Affinity extends LinearOperator {
  dispose(): void;
}

/**
 * $D^{-1/2} A D^{-1/2}$ with $A = \tfrac12(|C| + |C|^\top)$ and its row sums $D$; rows without neighbours stay zero.
 *
 * @param codes - Rows of C.
 */
export function normalisedAffinity(codes: readonly SparseCode[]): Affinity {
  const count = codes.length;
  const [from, to, weight]: [number[], number[], number[]] = [[], [], []];
  const degree = new Float64Array(count);
  for (const [i, { indices, values }] of codes.entries()) {
    for (const [at, j] of indices.entries()) {
      const half = Math.abs(values[at]!) / 2;
      from.push(i, j);
      to.push(j, i);
      weight.push(half, half);
      degree[i]! += half;
      degree[j]! += half;
    }
  }
  const scaled = weight.map((w, e) => w / Math.sqrt(degree[from[e]!]! * degree[to[e]!]!));
  const rows = tf.tensor1d(from, "int32");
  const columns = tf.tensor1d(to, "int32");
  const weights = tf.tensor2d(scaled, [scaled.length, 1]);
  const times = (v: tf.Tensor2D) =>
    tf.tidy(() => tf.unsortedSegmentSum(tf.mul(tf.gather(v, columns), weights), rows, count)) as tf.Tensor2D;
  return {
    shape: [count, count],
    times,
    timesTranspose: times,
    dispose: () => tf.dispose([rows, columns, weights]),
  };
}
