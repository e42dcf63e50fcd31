import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { adjustColorsOnDevice } from "../../src/image/adjust-colors-device.js";
import {
  adjustColors,
  blur,
  type ColorChange,
  combinePatches,
  extractPatches,
  flip,
  grayscale,
  resizedCrop,
} from "../../src/image/index.js";
import { denseTaps, resizeTaps } from "../../src/image/resize-taps.js";
import { expectClose } from "../../src/testing/index.js";
import { reference, wave } from "./waves.js";

const closeness = { absolute: 1e-6, relative: 1e-6 };
const color = () => wave([2, 6, 5, 3], 0, 1, 0.37) as tf.Tensor4D;
const big = () => wave([2, 12, 11, 3], 0, 1, 0.37) as tf.Tensor4D;
const nothing: ColorChange = { brightness: 1, contrast: 1, saturation: 1, hue: 0, order: [0, 1, 2, 3] };

async function adjusted(changes: readonly Partial<ColorChange>[], expected: number[]): Promise<void> {
  const whole = changes.map((change) => ({ ...nothing, ...change }));
  await expectClose(adjustColors(color(), whole), expected, closeness);
  await expectClose(adjustColorsOnDevice(color(), whole), expected, { absolute: 3e-6 });
}

test.each([
  ["brightness", { brightness: 1.3 }],
  ["contrast", { contrast: 0.4 }],
  ["saturation", { saturation: 1.7 }],
  ["hue", { hue: 0.3 }],
  ["hueBack", { hue: -0.45 }],
])("%s is torchvision's, also as tensor operations", async (name, change) => {
  await adjusted([change, change], reference[name]);
});

test("each image has its own amounts and its own order", async () => {
  await adjusted(
    [
      { brightness: 0.8, contrast: 1.6, saturation: 0.5, hue: 0.1, order: [3, 1, 0, 2] },
      { brightness: 1.2, contrast: 0.7, saturation: 1.5, hue: -0.2, order: [0, 2, 1, 3] },
    ],
    reference.jitter,
  );
});

test("a full turn of the hue and a change by nothing leave the colours as they are", async () => {
  const x = color();
  await expectClose(adjustColors(x, [{ ...nothing, hue: 1 }, nothing]), await x.data(), closeness);
  const grey = tf.fill([1, 2, 2, 3], 0.5) as tf.Tensor4D;
  await expectClose(adjustColors(grey, [{ ...nothing, hue: 0.4 }]), await grey.data(), closeness);
});

test("grey is torchvision's, where it is chosen", async () => {
  await expectClose(grayscale(color(), [true, true]), reference.grey, closeness);
  const mixed = await grayscale(color(), [false, true]).data();
  await expectClose(mixed.slice(0, 90), (await color().data()).slice(0, 90));
  await expectClose(mixed.slice(90), reference.grey.slice(90), closeness);
});

test.each(["3 0.5", "5 1.7", "9 2.0"])("a Gaussian of side and width %s is torchvision's", async (key) => {
  const [side, sigma] = key.split(" ").map(Number) as [number, number];
  await expectClose(blur(color(), [sigma, sigma], side), reference.blur[key], closeness);
  const mixed = await blur(color(), [0, sigma], side).data();
  await expectClose(mixed.slice(0, 90), (await color().data()).slice(0, 90));
  await expectClose(mixed.slice(90), reference.blur[key].slice(90), closeness);
});

test("cuts that grow and cuts that shrink with anti-aliasing are torchvision's", async () => {
  const box = (top: number, left: number, height: number, width: number) => ({ top, left, height, width });
  await expectClose(
    resizedCrop(big(), [box(2, 1, 5, 7), box(0, 0, 3, 2)], [8, 9]),
    reference.cropUp,
    closeness,
  );
  await expectClose(
    resizedCrop(big(), [box(1, 0, 11, 10), box(0, 0, 12, 11)], [4, 3]),
    reference.cropDown,
    closeness,
  );
});

test("the weights as matrices give the same cut", async () => {
  const taps = [resizeTaps(1, 11, 4)];
  const rows = tf.tensor2d(denseTaps(taps, 12), [4, 12]);
  const columns = tf.tensor2d(denseTaps([resizeTaps(0, 10, 3)], 11), [3, 11]);
  const plane = tf.reshape(tf.slice(big(), [0, 0, 0, 0], [1, 12, 11, 1]), [12, 11]);
  const expected = (reference.cropDown as number[]).slice(0, 36).filter((_, i) => i % 3 === 0);
  await expectClose(tf.matMul(tf.matMul(rows, plane), columns, false, true), expected, closeness);
});

test("mirroring is its own inverse in both directions and moves the right side", async () => {
  const x = color();
  for (const axis of ["horizontal", "vertical"] as const) {
    const once = flip(x, [true, false], axis);
    const expected = tf.concat([
      tf.reverse(tf.slice(x, 0, 1), axis === "horizontal" ? 2 : 1),
      tf.slice(x, 1, 1),
    ]);
    await expectClose(once, await expected.data());
    await expectClose(flip(once, [true, false], axis), await x.data());
  }
});

test("patches put back are the image, by mean and, without overlap, by sum", async () => {
  const x = color();
  for (const options of [{ size: 3, stride: 1 }, { size: 2, stride: 1 }, { size: 1 }]) {
    const back = combinePatches(extractPatches(x, options), { ...options, image: [6, 5] });
    await expectClose(back, await x.data());
  }
  const two = extractPatches(x, { size: 2 });
  expect(two.shape).toEqual([2, 3, 2, 12]);
  const back = combinePatches(two, { size: 2, image: [6, 5], overlap: "sum" });
  const left = tf.slice(x, [0, 0, 0, 0], [2, 6, 4, 3]);
  await expectClose(
    back,
    await tf
      .pad4d(left, [
        [0, 0],
        [0, 0],
        [0, 1],
        [0, 0],
      ])
      .data(),
  ); // prettier-ignore
});

test("a patch is read row by row with channels last", async () => {
  const x = tf.reshape(tf.range(0, 18), [1, 3, 3, 2]) as tf.Tensor4D;
  const patches = await extractPatches(x, { size: 2, stride: 1 }).data();
  expect(Array.from(patches.slice(8, 16))).toEqual([2, 3, 4, 5, 8, 9, 10, 11]);
});

test("the gradient of patches counts how often a pixel was taken", async () => {
  const x = tf.zeros([1, 3, 3, 1]) as tf.Tensor4D;
  const gradient = tf.grad((v: tf.Tensor) =>
    tf.sum(extractPatches(v as tf.Tensor4D, { size: 2, stride: 1 })),
  )(x);
  await expectClose(gradient, [1, 2, 1, 2, 4, 2, 1, 2, 1]);
  const patches = tf.zeros([1, 2, 2, 4]) as tf.Tensor4D;
  const sum = (v: tf.Tensor) =>
    tf.sum(combinePatches(v as tf.Tensor4D, { size: 2, stride: 1, image: [3, 3], overlap: "sum" }));
  await expectClose(tf.grad(sum)(patches), new Float32Array(16).fill(1));
  const mean = (v: tf.Tensor) =>
    tf.sum(combinePatches(v as tf.Tensor4D, { size: 2, stride: 1, image: [3, 3] }));
  await expectClose((await tf.grad(mean)(patches).data()).slice(0, 4), [1, 0.5, 0.5, 0.25]);
});

test("arguments that do not fit are refused with both numbers", () => {
  const x = color();
  expect(() => flip(x, [true])).toThrow("flip: chosen holds 1; 2, one an image, were expected");
  expect(() => grayscale(x, [])).toThrow("grayscale: chosen holds 0; 2, one an image, were expected");
  expect(() => adjustColors(x, [nothing])).toThrow(
    "adjustColors: changes holds 1; 2, one an image, were expected",
  );
  expect(() => adjustColors(x, [nothing, { ...nothing, order: [0, 0, 1, 2] }])).toThrow(
    /order is \[0,0,1,2\]/,
  );
  expect(() => adjustColors(tf.zeros([1, 2, 2, 1]), [nothing])).toThrow(
    "images has shape [1,2,2,1]; 3 channels",
  );
  expect(() => blur(x, [1], 3)).toThrow("blur: sigmas holds 1; 2, one an image, were expected");
  expect(() => blur(x, [1, 1], 4)).toThrow("blur: side is 4; an odd number was expected");
  expect(() => blur(x, [1, 1], 11)).toThrow("blur: side is 11; an integer <= 9 was expected");
  const box = { top: 0, left: 0, height: 7, width: 5 };
  expect(() => resizedCrop(x, [box, box], [2, 2])).toThrow("boxes[0].height is 7; an integer >= 1 and <= 6");
  expect(() => extractPatches(x, { size: 6 })).toThrow("extractPatches: size is 6; an integer >= 1 and <= 5");
  expect(() => combinePatches(tf.zeros([1, 2, 2, 4]), { size: 2, image: [6, 6] })).toThrow(
    "combinePatches: patches has shape [1,2,2,4]; [any,3,3,any] was expected",
  );
  expect(() => combinePatches(tf.zeros([1, 3, 3, 5]), { size: 2, image: [6, 6] })).toThrow(
    /a multiple of 4 values/,
  );
});
