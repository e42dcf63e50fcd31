import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { Generator } from "../../src/random/index.js";
import { expectClose, numericalGradient } from "../../src/testing/index.js";

/** Gradients of batch normalisation by the batch's own moments, as training code writes it. */
function gradients(): tf.Tensor[] {
  const generator = new Generator(1);
  const x = generator.normal([4, 5, 3, 2], 1, 2) as tf.Tensor4D;
  const scale = generator.uniform([2], 0.5, 2) as tf.Tensor1D;
  const offset = generator.normal([2]) as tf.Tensor1D;
  const dy = generator.normal(x.shape);
  return tf.grads((a, s, o) => {
    const { mean, variance } = tf.moments(a, [0, 1, 2]);
    return tf.mul(
      tf.batchNorm(
        a as tf.Tensor4D,
        mean as tf.Tensor1D,
        variance as tf.Tensor1D,
        o as tf.Tensor1D,
        s as tf.Tensor1D,
        1e-3,
      ),
      dy,
    );
  })([x, scale, offset]);
}

test("gradients by input, scale and shift are those of the plain backend, and stay so when layers are imported", async () => {
  const first = gradients();
  await import("@tensorflow/tfjs-layers");
  const second = gradients();
  await import("@tensorflow/tfjs-backend-cpu");
  const current = tf.getBackend();
  await tf.setBackend("cpu");
  const reference = await Promise.all(gradients().map((tensor) => tensor.data()));
  await tf.setBackend(current);
  for (const [i, expected] of reference.entries()) {
    await expectClose(first[i]!, expected as Float32Array, { relative: 1e-4, absolute: 1e-4 });
    await expectClose(second[i]!, expected as Float32Array, { relative: 1e-4, absolute: 1e-4 });
  }
});

test("a batch of one channel value has no gradient by its input", async () => {
  const [dx] = tf.grads((x) => {
    const { mean, variance } = tf.moments(x, [0, 1, 2]);
    return tf.batchNorm(
      x as tf.Tensor4D,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      tf.zeros([1]) as tf.Tensor1D,
      tf.ones([1]) as tf.Tensor1D,
    );
  })([tf.ones([1, 1, 1, 1])]);
  expect(Math.abs((await dx!.data())[0]!)).toBeLessThan(1e-5);
});

test("one tensor may be mean, variance, shift and scale at once", async () => {
  const x = new Generator(2).normal([3, 2, 2, 4]) as tf.Tensor4D;
  const compute = () => {
    const [dx, dv] = tf.grads((a, v) => {
      const each = v as tf.Tensor1D;
      return tf.square(tf.batchNorm(a as tf.Tensor4D, each, each, each, each));
    })([x, tf.tensor1d([1, 2, 3, 4])]);
    return tf.concat([tf.reshape(dx!, [-1]), dv!]);
  };
  const f = (v: Float64Array, values: ArrayLike<number>) => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      const p = v[i % 4]!;
      sum += (((values[i]! - p) / Math.sqrt(p + 0.001)) * p + p) ** 2;
    }
    return sum;
  };
  const values = await x.data();
  const expected = numericalGradient((v) => f(v, values), [1, 2, 3, 4]);
  const ours = await compute().data();
  await expectClose(ours.slice(-4), expected, { relative: 1e-4, absolute: 1e-3 });
});
