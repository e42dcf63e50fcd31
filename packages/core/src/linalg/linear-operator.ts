import * as tf from "@tensorflow/tfjs-core";
import { checkInteger } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import type { Generator } from "../random/index.js";
import { checkMatrix } from "./run-kernel.js";

/** A matrix that is known by its products only. */
export interface LinearOperator {
  /** Rows and columns. */
  shape: [number, number];
  /** The product with the columns of `v [columns,k]`: `[rows,k]`. Must not dispose `v`. */
  times(v: tf.Tensor2D): tf.Tensor2D;
  /** The product of the transpose with the columns of `v [rows,k]`: `[columns,k]`. Must not dispose `v`. */
  timesTranspose(v: tf.Tensor2D): tf.Tensor2D;
}

/** Whether an argument is an operator and not a tensor. */
export function isOperator(a: tf.Tensor | LinearOperator): a is LinearOperator {
  return typeof (a as LinearOperator).times === "function";
}

/** A matrix as an operator; refuses batches. */
export function asOperator(caller: string, a: tf.Tensor | LinearOperator): LinearOperator {
  if (isOperator(a)) return checkOperator(caller, a);
  checkMatrix(caller, "a", a);
  if (a.rank !== 2) {
    throw new ArgumentError(`${caller}: a has rank ${a.rank}; one matrix or an operator was expected`, {
      argument: "a",
      value: a.rank,
    });
  }
  const matrix = a as tf.Tensor2D;
  return {
    shape: [matrix.shape[0], matrix.shape[1]],
    times: (v) => tf.matMul(matrix, v),
    timesTranspose: (v) => tf.matMul(matrix, v, true),
  };
}

/** Refuses what is not an operator with a shape. */
export function checkOperator(caller: string, operator: LinearOperator): LinearOperator {
  checkInteger(caller, "op.shape[0]", operator.shape?.[0], { min: 1 });
  checkInteger(caller, "op.shape[1]", operator.shape?.[1], { min: 1 });
  return operator;
}

/** Refuses an operator that is not square. */
export function checkSquareOperator(caller: string, operator: LinearOperator): number {
  checkOperator(caller, operator);
  const [rows, columns] = operator.shape;
  if (rows === columns) return rows;
  throw new ArgumentError(
    `${caller}: op has shape [${rows},${columns}]; a square symmetric operator was expected`,
    { argument: "op", value: operator.shape },
  );
}

/** Refuses a missing generator: random starts are never hidden. */
export function checkGenerator(caller: string, generator: Generator | undefined): Generator {
  if (typeof generator?.normal64 === "function") return generator;
  throw new ArgumentError(
    `${caller}: generator is ${String(generator)}; a Generator of @lab/core/random was expected`,
    { argument: "generator", value: generator },
  );
}

/** The product of an operator with host vectors given as rows, read back: `count` rows of `width` numbers. */
export async function applyToRows(
  times: (v: tf.Tensor2D) => tf.Tensor2D,
  rows: Float64Array,
  count: number,
  width: number,
): Promise<Float64Array> {
  const product = tf.tidy(() => {
    const vectors = tf.transpose(tf.tensor2d(Float32Array.from(rows), [count, width]));
    return tf.transpose(times(vectors));
  });
  try {
    return Float64Array.from(await product.data());
  } finally {
    product.dispose();
  }
}
