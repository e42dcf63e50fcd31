import * as tf from "@tensorflow/tfjs-core";

/**
 * The same values, cut off from differentiation: no gradient passes, and none is recorded.
 *
 * @param x - Any tensor.
 * @returns A tensor of the same shape that shares the values; the caller disposes it.
 * @remarks The derivative by anything before it is absent (`null`), not a tensor of zeros that costs time. Nothing is run
 *   on the backend: another tensor is made of the same memory.
 */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  const engine = tf.engine();
  engine.backend.incRef(x.dataId);
  return engine.makeTensorFromTensorInfo({ dataId: x.dataId, shape: x.shape, dtype: x.dtype }) as T;
}
