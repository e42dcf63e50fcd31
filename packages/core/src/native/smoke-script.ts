/**
 * A program for a child process: loads a binding, reads versions and devices, and compares a product and a
 * convolution's gradient with plain loops in double precision. Arguments: the package's folder, the binding's path.
 * Prints one line of JSON.
 */
export const smokeScript = `
const [packageFolder, bindingPath] = process.argv.slice(-2);
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const { createRequire } = require("node:module");
const { join } = require("node:path");
const from = createRequire(join(packageFolder, "package.json"));
const binding = from(bindingPath);
const tf = from("@tensorflow/tfjs");
from("./dist/register_all_kernels");
const { NodeJSKernelBackend } = from("./dist/nodejs_kernel_backend");
tf.enableProdMode();
tf.registerBackend("tensorflow", () => new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node"), 3);
if (!tf.setBackend("tensorflow")) throw new Error("the backend does not start");

let state = 1;
const random = (count) => Float32Array.from({ length: count }, () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 31 - 1;
});
const worst = (got, want) => got.reduce((most, value, index) => Math.max(most, Math.abs(value - want[index])), 0);

const n = 48;
const [a, b] = [random(n * n), random(n * n)];
const product = new Float64Array(n * n);
for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) for (let j = 0; j < n; j++)
  product[i * n + j] += a[i * n + k] * b[k * n + j];
const productError = worst(tf.matMul(tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])).dataSync(), product);

const [size, ins, outs, k] = [6, 3, 4, 3];
const out = size - k + 1;
const [x, dy] = [random(size * size * ins), random(out * out * outs)];
const want = new Float64Array(k * k * ins * outs);
for (let u = 0; u < k; u++) for (let v = 0; v < k; v++) for (let i = 0; i < out; i++) for (let j = 0; j < out; j++)
  for (let c = 0; c < ins; c++) for (let f = 0; f < outs; f++)
    want[((u * k + v) * ins + c) * outs + f] += x[((i + u) * size + j + v) * ins + c] * dy[(i * out + j) * outs + f];
const images = tf.tensor4d(x, [1, size, size, ins]);
const gradient = tf.grad((w) => tf.sum(tf.mul(tf.conv2d(images, w, 1, "valid"), tf.tensor4d(dy, [1, out, out, outs]))))(
  tf.zeros([k, k, ins, outs]));
const gradientError = worst(gradient.dataSync(), want);

console.log(JSON.stringify({
  version: binding.TF_Version,
  gpu: binding.isUsingGpuDevice(),
  productError,
  gradientError,
}));
`;
