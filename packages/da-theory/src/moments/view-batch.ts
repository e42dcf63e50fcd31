import * as tf from "@tensorflow/tfjs-core";
import type { ImageShape, RandomTransform } from "../transforms/transform.js";

/** Makes batches of one image under given parameters. */
export interface ViewMaker {
  /** Views `[count, …]` of parameters `[count, P]` row by row. */
  make(theta: Float64Array, count: number): tf.Tensor4D;
}

/** Backends whose own resampling runs on the host, more slowly than the plain loop. */
const HOST_BACKENDS = ["wasm", "cpu"];

/**
 * A maker of views; where the backend computes on the host anyway, they are made by the host form of the transform.
 *
 * @param image - Stays with the caller.
 */
export async function viewMaker(image: tf.Tensor3D, t: RandomTransform): Promise<ViewMaker> {
  const shape = image.shape as unknown as ImageShape;
  const { applyHost } = t.definition;
  if (!applyHost || !HOST_BACKENDS.includes(tf.getBackend())) {
    return {
      make: (theta, count) =>
        tf.tidy(() => {
          const own = tf.tensor2d(new Float32Array(theta), [count, theta.length / count]);
          return t.apply(tf.tile(tf.expandDims(image, 0) as tf.Tensor4D, [count, 1, 1, 1]), own);
        }),
    };
  }
  const values = new Float64Array(await image.data());
  const out = t.outputShape(shape);
  const size = out[0] * out[1] * out[2];
  const view = new Float64Array(size);
  return {
    make(theta, count) {
      const P = theta.length / count;
      const all = new Float32Array(count * size);
      for (let n = 0; n < count; n++) {
        applyHost(values, shape, theta.subarray(n * P, (n + 1) * P), view);
        all.set(view, n * size);
      }
      return tf.tensor4d(all, [count, ...out]);
    },
  };
}
