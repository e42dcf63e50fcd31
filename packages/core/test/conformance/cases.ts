import * as tf from "@tensorflow/tfjs-core";
import { batchNorm } from "../../src/nn/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose, numericalGradient } from "../../src/testing/index.js";
import {
  batchNormalisation,
  convolution,
  depthwise,
  pooling,
  product,
  type Reference,
  segmentSum,
  type Windows,
} from "./reference.js";

type Compute = (...inputs: never[]) => tf.Tensor;

/** An op, and what it computes in double precision. */
export interface Case {
  shapes: number[][];
  compute: Compute;
  reference: Reference;
}

const image = (change: Partial<Windows>): Windows => ({
  input: [2, 5, 4, 2],
  filter: [3, 2],
  stride: [1, 1],
  pad: "same",
  ...change,
});

const pair = (values: readonly [number, number]): [number, number] => [...values];

function convolutionCase(change: Partial<Windows>): Case {
  const w = image(change);
  return {
    shapes: [[...w.input], [...w.filter, w.input[3], 3]],
    compute: ((x: tf.Tensor4D, k: tf.Tensor4D) =>
      tf.conv2d(x, k, pair(w.stride), w.pad, "NHWC", pair(w.dilation ?? [1, 1]))) as Compute,
    reference: convolution(w, 3),
  };
}

function depthwiseCase(change: Partial<Windows>, multiplier: number): Case {
  const w = image(change);
  return {
    shapes: [[...w.input], [...w.filter, w.input[3], multiplier]],
    compute: ((x: tf.Tensor4D, k: tf.Tensor4D) =>
      tf.depthwiseConv2d(x, k, pair(w.stride), w.pad, "NHWC", pair(w.dilation ?? [1, 1]))) as Compute,
    reference: depthwise(w, multiplier),
  };
}

function poolingCase(change: Partial<Windows>, kind: "largest" | "mean"): Case {
  const w = image(change);
  const pool = kind === "largest" ? tf.maxPool : tf.avgPool;
  return {
    shapes: [[...w.input]],
    compute: ((x: tf.Tensor4D) => pool(x, pair(w.filter), pair(w.stride), w.pad)) as Compute,
    reference: pooling(w, kind),
  };
}

function productCase(isATurned: boolean, isBTurned: boolean): Case {
  return {
    shapes: [isATurned ? [4, 5] : [5, 4], isBTurned ? [3, 4] : [4, 3]],
    compute: ((a: tf.Tensor2D, b: tf.Tensor2D) => tf.matMul(a, b, isATurned, isBTurned)) as Compute,
    reference: product([5, 4, 3], isATurned, isBTurned),
  };
}

const segments = [2, 0, 2, 1, 0];

/** Runs wherever a backend does: in Node and in a page. */
export const cases: Record<string, Case> = {
  conv2d: convolutionCase({}),
  "conv2d, valid": convolutionCase({ pad: "valid" }),
  "conv2d at strides": convolutionCase({ stride: [2, 1] }),
  "conv2d, 1×1 at stride 2": convolutionCase({ filter: [1, 1], stride: [2, 2] }),
  "conv2d, dilated": convolutionCase({ dilation: [2, 1] }),
  depthwiseConv2d: depthwiseCase({}, 1),
  "depthwiseConv2d, two filters a channel, at stride 2": depthwiseCase({ stride: [2, 2] }, 2),
  "depthwiseConv2d, dilated": depthwiseCase({ dilation: [1, 2] }, 1),
  maxPool: poolingCase({ stride: [2, 2] }, "largest"),
  "avgPool, valid": poolingCase({ pad: "valid" }, "mean"),
  matMul: productCase(false, false),
  "matMul, first turned": productCase(true, false),
  "matMul, both turned": productCase(true, true),
  einsum: {
    shapes: [
      [5, 4],
      [4, 3],
    ],
    compute: ((a: tf.Tensor2D, b: tf.Tensor2D) => tf.einsum("ik,kj->ij", a, b)) as Compute,
    reference: product([5, 4, 3], false, false),
  },
  "batchNorm by moments": {
    shapes: [[2, 3, 2, 4], [4], [4]],
    compute: ((x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D) => {
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset, scale, 1e-3);
    }) as Compute,
    reference: batchNormalisation(4, 1e-3),
  },
  "batchNorm of nn": {
    shapes: [[2, 3, 2, 4], [4], [4]],
    compute: ((x: tf.Tensor4D, scale: tf.Tensor1D, offset: tf.Tensor1D) =>
      batchNorm(x, scale, offset, 1e-3).value) as Compute,
    reference: batchNormalisation(4, 1e-3),
  },
  unsortedSegmentSum: {
    shapes: [[5, 3]],
    compute: ((x: tf.Tensor2D) => tf.unsortedSegmentSum(x, tf.tensor1d(segments, "int32"), 3)) as Compute,
    reference: segmentSum(segments, 3, 3),
  },
};

/** Throws unless value and gradients of the op, on the backend in use, are those of double precision. */
export async function expectConformance(name: string, { shapes, compute, reference }: Case): Promise<void> {
  const generator = new Generator(`conformance ${name}`);
  const inputs = shapes.map((shape) => generator.normal(shape));
  const host = await Promise.all(inputs.map(async (input) => Float64Array.from(await input.data())));
  const expected = reference(...host);
  const f = compute as (...given: tf.Tensor[]) => tf.Tensor;
  await expectClose(f(...inputs), expected, { relative: 1e-5, absolute: 1e-5 });

  const weights = generator.normal64(expected.length);
  const dy = tf.tensor(Float32Array.from(weights), f(...inputs).shape);
  const gradients = tf.grads((...given) => tf.sum(tf.mul(f(...given), dy)))(inputs);
  for (const [i, gradient] of gradients.entries()) {
    const loss = (x: Float64Array) =>
      reference(...host.map((values, j) => (j === i ? x : values))).reduce(
        (sum, value, at) => sum + value * Math.fround(weights[at]!),
        0,
      );
    if (!tf.util.arraysEqual(gradient.shape, shapes[i]!))
      throw new Error(`gradient ${i} has shape [${gradient.shape}]; [${shapes[i]}] was expected`);
    await expectClose(gradient, numericalGradient(loss, host[i]!), { relative: 1e-4, absolute: 1e-4 });
  }
}

/** Every case on the backend in use: its name, and what went wrong in it or `"met"`. */
export async function conformanceOutcome(): Promise<Record<string, string>> {
  const outcome: Record<string, string> = {};
  for (const [name, each] of Object.entries(cases)) {
    tf.engine().startScope();
    outcome[name] = await expectConformance(name, each).then(() => "met", String);
    tf.engine().endScope();
  }
  return outcome;
}
