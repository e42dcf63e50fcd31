import * as tf from "@tensorflow/tfjs-core";
import { attributesFor, type DoubleOp, inDouble } from "../../native/kernels/index.js";
import type { NativeCall } from "./tensorflow.js";

/** Below this order the op itself is fast enough. */
const SMALLEST_FOR_GRAM = 64;

/**
 * Singular values below this part of the largest are not taken from the Gram matrix: their vectors would be
 * orthogonal to $10^{-16} / 10^{-5 \cdot 2}$ only.
 */
const SMALLEST_RATIO = 1e-5;

/** `u`, `s`, `v` by TensorFlow's op in double precision. */
export function singularDouble(call: NativeCall, withVectors: boolean, isFull: boolean): tf.Tensor[] {
  const { flag } = attributesFor(call.backend);
  const attributes = [flag("compute_uv", withVectors), flag("full_matrices", isFull)];
  const [s, u, v] = inDouble(call.backend, [call.inputs.a!], (ids, op) => op("Svd", attributes, ids, 3));
  return [u!, s!, v!];
}

/**
 * `u`, `s`, `v` from the eigenvectors of the smaller Gram matrix, formed and decomposed in double precision: half the
 * time of the op. Undefined where the spectrum is too wide for that.
 *
 * $A^T A = V \Sigma^2 V^T$, $U = A V \Sigma^{-1}$. Squares of float32 values are exact in double precision, so a singular value
 * $\sigma$ errs by about $10^{-16} \sigma_1^2 / \sigma$.
 */
export function gramSvd(call: NativeCall): tf.Tensor[] | undefined {
  const a = call.inputs.a!;
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (Math.min(m, n) < SMALLEST_FOR_GRAM) return undefined;
  const isTall = m >= n;
  const [squares, vectors, images] = inDouble(call.backend, [a], ([matrix], op) => {
    const { values, vectors: eigenvectors } = gramSpectrum(call, matrix!, isTall, true, op);
    const [image] = product(call, op, matrix!, eigenvectors!, !isTall, false);
    return [values, eigenvectors!, image!];
  });
  const s = singularValues(squares!);
  if (s === undefined) return undefined;
  const near = tf.reverse(vectors!, -1);
  const far = tf.div(tf.reverse(images!, -1), tf.expandDims(s, -2));
  return isTall ? [far, s, near] : [near, s, far];
}

/** Singular values in the same way. */
export function gramSingularValues(call: NativeCall): tf.Tensor | undefined {
  const a = call.inputs.a!;
  const [m, n] = a.shape.slice(-2) as [number, number];
  if (Math.min(m, n) < SMALLEST_FOR_GRAM) return undefined;
  const [squares] = inDouble(call.backend, [a], ([matrix], op) => [
    gramSpectrum(call, matrix!, m >= n, false, op).values,
  ]);
  return singularValues(squares!);
}

/** Descending roots of ascending squares; undefined when they reach too far down in one of the matrices. */
function singularValues(squares: tf.Tensor): tf.Tensor | undefined {
  const s = tf.reverse(tf.sqrt(tf.maximum(squares, 0)), -1);
  const count = s.shape.at(-1)!;
  const values = s.dataSync();
  for (let at = 0; at < values.length; at += count) {
    if (!(values[at + count - 1]! > SMALLEST_RATIO * values[at]!)) return undefined;
  }
  return s;
}

function product(
  call: NativeCall,
  op: DoubleOp,
  a: number,
  b: number,
  adjointA: boolean,
  adjointB: boolean,
): number[] {
  const { flag } = attributesFor(call.backend);
  return op("BatchMatMulV2", [flag("adj_x", adjointA), flag("adj_y", adjointB)], [a, b]);
}

function gramSpectrum(call: NativeCall, a: number, isTall: boolean, withVectors: boolean, op: DoubleOp) {
  const [gram] = product(call, op, a, a, isTall, !isTall);
  const { flag } = attributesFor(call.backend);
  const [values, vectors] = op("SelfAdjointEigV2", [flag("compute_v", withVectors)], [gram!], 2);
  return { values: values!, vectors };
}
