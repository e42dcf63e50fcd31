import * as tf from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { init } from "../../src/index.js";
import { hostKernels } from "../../src/linalg/kernels/host.js";
import type { LinalgKernelName } from "../../src/linalg/kernels/names.js";
import { tensorflowKernels } from "../../src/linalg/kernels/tensorflow.js";
import { mulberry32 } from "../../src/testing/index.js";

const random = (shape: number[], seed: number) => {
  const next = mulberry32(seed);
  return tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => 2 * next() - 1),
    shape,
  );
};
const transposed = (a: tf.Tensor) =>
  tf.transpose(a, [...a.shape.keys()].toSpliced(-2, 2, a.rank - 1, a.rank - 2));

/** Runs a kernel function the way the engine does. */
function call(
  kernels: (name: LinalgKernelName) => tf.KernelFunc,
  name: LinalgKernelName,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown>,
): tf.Tensor[] {
  const backend = tf.engine().backend;
  const out = kernels(name)({ inputs, attrs: attrs as never, backend } as never) as
    | tf.TensorInfo
    | tf.TensorInfo[];
  const infos = Array.isArray(out) ? out : [out];
  return infos.map((info) =>
    "rank" in info ? (info as tf.Tensor) : tf.engine().makeTensorFromTensorInfo(info),
  );
}
const native = (name: LinalgKernelName) => tensorflowKernels[name]!;
const onHost = (name: LinalgKernelName) => hostKernels[name]("tensorflow");

function agree(
  name: LinalgKernelName,
  inputs: Record<string, tf.Tensor>,
  attrs: Record<string, unknown> = {},
  tolerance = 1e-5,
): tf.Tensor[] {
  const expected = call(onHost, name, inputs, attrs);
  const got = call(native, name, inputs, attrs);
  expect(got.map((t) => t.shape)).toEqual(expected.map((t) => t.shape));
  for (const [i, tensor] of got.entries()) {
    const [values, reference] = [tensor.dataSync<"float32">(), expected[i]!.dataSync<"float32">()];
    const scale = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
    for (let at = 0; at < values.length; at++) {
      if (values[at] === reference[at]) continue;
      expect(Math.abs(values[at]! - reference[at]!), `${name}, output ${i}, element ${at}`).toBeLessThan(
        tolerance * scale,
      );
    }
  }
  return got;
}

const failure = (kernels: typeof native, name: LinalgKernelName, inputs: Record<string, tf.Tensor>) => {
  try {
    call(kernels, name, inputs, { lower: true });
  } catch (error) {
    return error as Error;
  }
  return undefined;
};

async function factorisations(): Promise<void> {
  await init({ backend: "tensorflow" });
  for (const shape of [
    [1, 1],
    [2, 2],
    [5, 5],
    [2, 3, 7, 7],
    [40, 40],
  ]) {
    const n = shape.at(-1)!;
    const x = random(shape, n);
    const positive = tf.add(tf.matMul(x, transposed(x)), tf.mul(tf.eye(n), 0.1));
    const b = random([...shape.slice(0, -1), 3], 2);
    const [l] = agree("LabCholesky", { a: positive });
    for (const lower of [true, false])
      for (const transpose of [true, false])
        agree("LabTriangularSolve", { l: lower ? l! : transposed(l!), b }, { lower, transpose });
    agree("LabSolve", { a: positive, b });
    agree("LabSlogdet", { a: x });
    agree("LabSlogdet", { a: tf.zeros(shape) });
    agree("LabEigh", { a: positive });
    agree("LabEigvalsh", { a: positive });
  }
}

async function rectangles(): Promise<void> {
  await init({ backend: "tensorflow" });
  for (const shape of [
    [1, 1],
    [4, 4],
    [6, 3],
    [3, 6],
    [2, 5, 4],
    [1, 7],
    [50, 20],
  ]) {
    const a = random(shape, shape.length);
    for (const fullMatrices of [false, true]) {
      // With full matrices the vectors without a singular value are free up to a rotation.
      if (fullMatrices && Math.abs(shape.at(-1)! - shape.at(-2)!) > 1) continue;
      const [u, s, vt] = agree("LabSvd", { a }, { fullMatrices });
      if (fullMatrices) continue;
      const back = tf.matMul(tf.mul(u!, tf.expandDims(s!, -2)), vt!);
      expect(tf.max(tf.abs(tf.sub(back, a))).dataSync()[0]).toBeLessThan(1e-5);
    }
    agree("LabSvdvals", { a });
    agree("LabQr", { a });
  }
}

/** Of an order at which single precision inside would show. */
async function large(): Promise<void> {
  await init({ backend: "tensorflow" });
  const n = 300;
  const x = random([n, n], 3);
  const a = tf.matMul(x, transposed(x));
  const [values, vectors] = call(native, "LabEigh", { a }, {}) as [tf.Tensor, tf.Tensor];
  const norm = tf.max(tf.abs(values)).dataSync()[0]!;
  const residual = tf.sub(tf.matMul(a, vectors), tf.mul(vectors, tf.expandDims(values, 0)));
  expect(tf.max(tf.abs(residual)).dataSync()[0]).toBeLessThan(2e-6 * norm);
  const orthogonal = tf.sub(tf.matMul(transposed(vectors), vectors), tf.eye(n));
  expect(tf.max(tf.abs(orthogonal)).dataSync()[0]).toBeLessThan(2e-6);
  expect(
    tf.max(tf.abs(tf.sub(values, call(onHost, "LabEigvalsh", { a }, {})[0]!))).dataSync()[0],
  ).toBeLessThan(2e-6 * norm);
  const [u, s, vt] = call(native, "LabSvd", { a: x }, {}) as [tf.Tensor, tf.Tensor, tf.Tensor];
  const back = tf.matMul(tf.mul(u, tf.expandDims(s, 0)), vt);
  expect(tf.max(tf.abs(tf.sub(back, x))).dataSync()[0]).toBeLessThan(2e-6 * s.dataSync()[0]!);
}

/** A factor of a matrix of condition 1e10, which float32 alone could not give. */
async function doublePrecision(): Promise<void> {
  await init({ backend: "tensorflow" });
  const a = tf.tensor2d([
    [1, 1, 1],
    [1, 1 + 2 ** -18, 1],
    [1, 1, 1 + 2 ** -20],
  ]);
  const [l] = agree("LabCholesky", { a }, {}, 1e-7);
  expect(l!.dataSync()[8]).toBeCloseTo(2 ** -10, 9);
  agree("LabSolve", { a, b: tf.eye(3) }, {}, 1e-6);
  agree("LabSlogdet", { a }, {}, 1e-6);
}

async function failures(): Promise<void> {
  await init({ backend: "tensorflow" });
  const indefinite = tf.tensor2d([
    [1, 2],
    [2, 1],
  ]);
  const singular = tf.tensor2d([
    [1, 1],
    [1, 1],
  ]);
  const rounded = tf.tensor2d([
    [0.1, 0.2, 0.3],
    [0.4, 0.5, 0.6],
    [0.5, 0.7, 0.9],
  ]);
  const b = tf.ones([2, 1]);
  const cases: [LinalgKernelName, Record<string, tf.Tensor>][] = [
    ["LabCholesky", { a: indefinite }],
    ["LabSolve", { a: singular, b }],
    ["LabTriangularSolve", { l: tf.zeros([2, 2]), b }],
    ["LabEigh", { a: tf.fill([2, 2], Number.NaN) }],
    ["LabSvd", { a: tf.fill([2, 2], Number.POSITIVE_INFINITY) }],
  ];
  for (const [name, inputs] of cases) {
    const expected = failure(onHost, name, inputs);
    expect(expected, name).toBeInstanceOf(Error);
    const got = failure(native, name, inputs);
    expect(got?.message).toBe(expected!.message);
    expect(got?.constructor).toBe(expected!.constructor);
  }
  const outcome = (kernels: typeof native) =>
    failure(kernels, "LabSolve", { a: rounded, b: tf.ones([3, 1]) })?.message;
  expect(outcome(native)).toBe(outcome(onHost));
}

async function memory(): Promise<void> {
  await init({ backend: "tensorflow" });
  const a = tf.add(tf.matMul(random([6, 6], 1), random([6, 6], 1), false, true), tf.eye(6));
  const b = random([6, 2], 2);
  const { numTensors, numDataBuffers } = tf.memory();
  for (let i = 0; i < 5; i++) {
    for (const name of Object.keys(tensorflowKernels) as LinalgKernelName[])
      tf.dispose(call(native, name, name === "LabTriangularSolve" ? { l: a, b } : { a, b }, { lower: true }));
  }
  expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
}

/** Checks of linear algebra on the TensorFlow backend against the host's double precision, by what they show. */
export const linalgConformance: Readonly<Record<string, () => Promise<void>>> = {
  "factorisations, solutions, determinants and spectra agree with the host": factorisations,
  "rectangular matrices agree with the host": rectangles,
  "large spectra reconstruct their matrix": large,
  "factors and solutions are computed in double precision": doublePrecision,
  "what cannot be computed is refused as on the host": failures,
  "linear algebra leaves no tensors": memory,
};
