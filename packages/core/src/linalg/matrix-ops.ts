import * as tf from "@tensorflow/tfjs-core";

/** Swaps the last two axes. */
export function transposed<T extends tf.Tensor>(a: T): T {
  const axes = a.shape.map((_, axis) => axis);
  const rank = a.rank;
  return tf.transpose(a, [...axes.slice(0, -2), rank - 1, rank - 2]) as T;
}

/** Identity of order `n`; broadcasts over batches. */
export function identity(n: number): tf.Tensor2D {
  return triangleMask(n, n, (i, j) => (i === j ? 1 : 0));
}

/** Constant matrix by position. */
export function triangleMask(m: number, n: number, value: (i: number, j: number) => number): tf.Tensor2D {
  const values = new Float32Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) values[i * n + j] = value(i, j);
  return tf.tensor2d(values, [m, n]);
}

/** Diagonals of square matrices, `[…,n]`. */
export function diagonalPart(a: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(a, identity(a.shape.at(-1)!)), -1);
}

/** Matrices whose columns are multiplied by the values of `[…,n]`. */
export function scaleColumns(a: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.mul(a, tf.expandDims(values, -2));
}

/** Matrices whose rows are multiplied by the values of `[…,m]`. */
export function scaleRows(a: tf.Tensor, values: tf.Tensor): tf.Tensor {
  return tf.mul(a, tf.expandDims(values, -1));
}

/** Half of a matrix plus its transpose. */
export function symmetrized(a: tf.Tensor): tf.Tensor {
  return tf.mul(tf.add(a, transposed(a)), 0.5);
}

/** A part of the last two axes. */
export function block(a: tf.Tensor, row: number, column: number, rows: number, columns: number): tf.Tensor {
  const batch = a.shape.slice(0, -2);
  return tf.slice(a, [...batch.map(() => 0), row, column], [...batch, rows, columns]);
}

/**
 * What `f` makes of `x`, as a constant of the derivative: masks and scales, whose comparisons have no gradient in the
 * engine.
 */
export function withoutGradient(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.customGrad((input) => ({
    value: f(input as tf.Tensor),
    gradFunc: () => tf.zeros(x.shape),
  }))(x);
}

/** 1 where `isSet` says so, else 0, in float32; a constant of the derivative. */
export function maskOf(x: tf.Tensor, isSet: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return withoutGradient(x, (values) => tf.cast(isSet(values), "float32"));
}
