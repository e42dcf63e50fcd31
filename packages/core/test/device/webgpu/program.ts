// Runs where WebGPU is: in a Node process with a software driver, and in a page of a browser.
import * as tf from "@tensorflow/tfjs-core";
import { type DeviceInfo, init } from "../../../src/index.js";
import { cholesky, eigh, logdet, triangularSolve } from "../../../src/linalg/index.js";

/** What a run on WebGPU found. */
export interface WebgpuReport {
  device: DeviceInfo;
  /** Largest deviation of a product from double precision. */
  productError: number;
  /** Largest deviations of a convolution and its two gradients from the plain backend. */
  convolutionErrors: number[];
  /** Largest deviations of linear algebra from the plain backend: factor, solution, log-determinant, its gradient, spectrum. */
  linalgErrors: number[];
  /** Losses of a small network before and after training. */
  losses: [number, number];
  /** Tensors left by thirty training steps. */
  leaked: number;
}

const SIZE = 65; // not a multiple of a work group

const numbers = (count: number, seed: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i + (i % 7)));

async function productError(): Promise<number> {
  const [a, b] = [numbers(SIZE * SIZE, 1), numbers(SIZE * SIZE, 2)];
  const got = await tf.matMul(tf.tensor2d(a, [SIZE, SIZE]), tf.tensor2d(b, [SIZE, SIZE])).data();
  let worst = 0;
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j < SIZE; j++) {
      let sum = 0;
      for (let k = 0; k < SIZE; k++) sum += a[i * SIZE + k]! * b[k * SIZE + j]!;
      worst = Math.max(worst, Math.abs(sum - got[i * SIZE + j]!));
    }
  }
  return worst;
}

async function convolution(): Promise<Float32Array[]> {
  const x = tf.tensor4d(numbers(2 * 9 * 9 * 3, 3), [2, 9, 9, 3]);
  const w = tf.tensor4d(numbers(3 * 3 * 3 * 5, 4), [3, 3, 3, 5]);
  const weights = tf.tensor4d(numbers(2 * 5 * 5 * 5, 5), [2, 5, 5, 5]);
  const loss = (image: tf.Tensor4D, kernel: tf.Tensor4D) =>
    tf.sum(tf.mul(tf.relu(tf.conv2d(image, kernel, 2, "same")), weights));
  const { value, grads } = tf.valueAndGrads(loss as never)([x, w]);
  return Promise.all([value, ...grads].map(async (tensor) => new Float32Array(await tensor.data())));
}

const ORDER = 3; // each shape of a product is a program to compile

/** Linear algebra on a batch of two; all but the spectrum stays on the device. */
async function linalg(): Promise<Float32Array[]> {
  const root = tf.tensor3d(numbers(2 * ORDER * ORDER, 9), [2, ORDER, ORDER]);
  const a = tf.add(tf.matMul(root, root, false, true), tf.mul(tf.eye(ORDER), 0.5));
  const b = tf.tensor3d(numbers(2 * ORDER * 3, 10), [2, ORDER, 3]);
  const l = cholesky(a);
  const gradient = tf.grad((x) => tf.sum(logdet(x)))(a);
  const parts = [l, triangularSolve(l, b), logdet(a), gradient];
  const values = await Promise.all(parts.map(async (tensor) => new Float32Array(await tensor.data())));
  await a.data(); // the spectrum is computed from values that have been read
  return [...values, new Float32Array(await eigh(a).values.data())];
}

/** The largest deviation of each part. */
function deviations(got: Float32Array[], expected: Float32Array[]): number[] {
  return got.map((values, part) =>
    values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[part]![i]!)), 0),
  );
}

async function train(): Promise<{ losses: [number, number]; leaked: number }> {
  const x = tf.tensor2d(numbers(64 * 2, 6), [64, 2]);
  const y = tf.mul(tf.slice(x, [0, 0], [64, 1]), tf.slice(x, [0, 1], [64, 1]));
  const first = tf.variable(tf.tensor2d(numbers(2 * 16, 7), [2, 16]));
  const second = tf.variable(tf.tensor2d(numbers(16, 8), [16, 1]));
  const loss = () =>
    tf.mean(tf.square(tf.sub(tf.matMul(tf.tanh(tf.matMul(x, first)), second), y))) as tf.Scalar;
  const optimizer = tf.train.adam(0.05);
  const read = async () => (await tf.tidy(loss).data())[0]!;
  const before = await read();
  optimizer.minimize(loss);
  const tensors = tf.memory().numTensors;
  for (let step = 0; step < 30; step++) optimizer.minimize(loss);
  const leaked = tf.memory().numTensors - tensors;
  return { losses: [before, await read()], leaked };
}

/** The whole run. */
export async function runOnWebgpu(): Promise<WebgpuReport> {
  await init({ backend: "cpu" });
  const expected = await convolution();
  const spectra = await linalg();
  const device = await init({ backend: "webgpu" });
  const error = await productError();
  const convolutionErrors = deviations(await convolution(), expected);
  const linalgErrors = deviations(await linalg(), spectra);
  return { device, productError: error, convolutionErrors, linalgErrors, ...(await train()) };
}
