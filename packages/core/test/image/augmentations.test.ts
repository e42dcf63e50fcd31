import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  type Augmentation,
  colorJitter,
  cutout,
  gaussianBlur,
  pipeline,
  randomFlip,
  randomGrayscale,
  randomResizedCrop,
  solarize,
} from "../../src/image/index.js";
import { Generator } from "../../src/random/index.js";
import { expectClose } from "../../src/testing/index.js";
import { wave } from "./waves.js";

const images = (batch = 6) => wave([batch, 8, 8, 3], 0, 1, 0.37) as tf.Tensor4D;

const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 };
const all: Record<string, Augmentation> = {
  randomResizedCrop: randomResizedCrop({ size: [5, 6] }),
  randomFlip: randomFlip(),
  colorJitter: colorJitter({ ...jitter, probability: 0.8 }),
  randomGrayscale: randomGrayscale({ probability: 0.5 }),
  gaussianBlur: gaussianBlur({ kernel: 3, probability: 0.5 }),
  solarize: solarize({ probability: 0.5 }),
  cutout: cutout({ size: 4 }),
  pipeline: pipeline(randomResizedCrop({ size: 8 }), randomFlip(), colorJitter(jitter), cutout({ size: 2 })),
};

describe.each(Object.entries(all))("%s", (_, augment) => {
  test("the same generator gives the same views, the next draw others", async () => {
    const generator = new Generator(1);
    const first = await augment(images(), generator).data();
    expect(await augment(images(), new Generator(1)).data()).toEqual(first);
    expect(await augment(images(), generator).data()).not.toEqual(first);
  });

  test("an image's view does not depend on how many follow it", async () => {
    const whole = await augment(images(6), new Generator(3)).data();
    const part = await augment(images(2), new Generator(3)).data();
    await expectClose(part, whole.slice(0, part.length), { absolute: 1e-7 });
  });

  test("values stay in [0, 1], the input stays as it was, nothing leaks", async () => {
    const x = images();
    const before = await x.data();
    const count = tf.memory().numTensors;
    const out = augment(x, new Generator(4));
    expect(tf.memory().numTensors).toBe(count + 1);
    const values = await out.data();
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1 + 1e-6);
    expect(await x.data()).toEqual(before);
    out.dispose();
    expect(tf.memory().numTensors).toBe(count);
  });
});

const differing = async (augment: Augmentation, count: number) => {
  const x = tf.tile(wave([1, 4, 4, 3], 0, 1, 0.37), [count, 1, 1, 1]) as tf.Tensor4D;
  const out = augment(x, new Generator(9));
  const changed = tf.any(tf.notEqual(tf.reshape(out, [count, -1]), tf.reshape(x, [count, -1])), 1);
  return (await tf.sum(tf.cast(changed, "int32")).data())[0]!;
};

test("probabilities are kept: four standard errors at 2000 images", async () => {
  const cases: [Augmentation, number][] = [
    [randomFlip({ probability: 0.3 }), 0.3],
    [randomFlip({ axis: "vertical", probability: 0.6 }), 0.6],
    [colorJitter({ brightness: [0.5, 0.6], probability: 0.8 }), 0.8],
    [randomGrayscale({ probability: 0.2 }), 0.2],
    [gaussianBlur({ kernel: 3, sigma: [1, 2], probability: 0.5 }), 0.5],
    [solarize({ probability: 0.1 }), 0.1],
    [cutout({ size: 3, probability: 0.7 }), 0.7],
  ];
  for (const [augment, probability] of cases) {
    const share = (await differing(augment, 2000)) / 2000;
    expect(Math.abs(share - probability)).toBeLessThan(
      4 * Math.sqrt((probability * (1 - probability)) / 2000),
    );
  }
});

test("with probability 0 or ranges of no change the images stay as they are", async () => {
  for (const augment of [
    randomFlip({ probability: 0 }),
    colorJitter(),
    randomGrayscale({ probability: 0 }),
    gaussianBlur({ kernel: 3, probability: 0 }),
    solarize({ probability: 0 }),
    cutout({ size: 3, probability: 0 }),
    randomResizedCrop({ size: 4, scale: [1, 1], ratio: [1, 1] }),
    pipeline(),
  ]) {
    expect(await differing(augment, 5)).toBe(0);
  }
});

test("areas of cuts are uniform between their ends", async () => {
  // A picture whose red is the row and whose green is the column: the slope of a view tells the height of its cut.
  const side = 64;
  const ramp = tf.div(tf.range(0, side), side);
  const [columns, rows] = tf.meshgrid(ramp, ramp) as [tf.Tensor, tf.Tensor];
  const picture = tf.stack([rows, columns, columns], 2);
  const x = tf.tile(tf.expandDims(picture, 0), [400, 1, 1, 1]) as tf.Tensor4D;
  const views = randomResizedCrop({ size: 64, scale: [0.2, 0.6] })(x, new Generator(2));
  const corner = (y: number, z: number) => tf.slice(views, [0, y, z, 0], [400, 1, 1, 3]);
  const span = await tf.sub(corner(48, 48), corner(16, 16)).data();
  const areas = Array.from({ length: 400 }, (_, i) => span[3 * i]! * 2 * span[3 * i + 1]! * 2);
  const mean = areas.reduce((sum, area) => sum + area / 400, 0);
  expect(Math.abs(mean - 0.4)).toBeLessThan(4 * Math.sqrt(0.16 / 12 / 400) + 0.01); // whole pixels
  expect(Math.min(...areas)).toBeGreaterThan(0.17);
  expect(Math.max(...areas)).toBeLessThan(0.65);
});

test("areas of default cuts of small pictures have the mean, spread and quantiles of 40,000 draws", async () => {
  const [side, size, count, rounds] = [32, 8, 2000, 20];
  const ramp = tf.range(0, side);
  const [columns, rows] = tf.meshgrid(ramp, ramp) as [tf.Tensor, tf.Tensor];
  const picture = tf.div(tf.stack([rows, columns, columns], 2), side);
  const x = tf.tile(tf.expandDims(picture, 0), [count, 1, 1, 1]) as tf.Tensor4D;
  const areas: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const span = tf.tidy(() => {
      const views = randomResizedCrop({ size })(x, new Generator(100 + round));
      const pixel = (at: number) => tf.slice(views, [0, at, at, 0], [count, 1, 1, 2]);
      // Three of eight pixels of the view apart, in a picture of which each pixel is one more than the last.
      return tf.prod(tf.mul(tf.sub(pixel(5), pixel(2)), size / 3), 3);
    });
    areas.push(...(await span.data()));
    span.dispose();
  }
  areas.sort((a, b) => a - b);
  const mean = areas.reduce((sum, area) => sum + area, 0) / areas.length;
  const deviation = Math.sqrt(areas.reduce((sum, area) => sum + (area - mean) ** 2, 0) / areas.length);
  expect(Math.abs(mean - 0.49)).toBeLessThan(0.005);
  expect(Math.abs(deviation - 0.2406)).toBeLessThan(0.005);
  for (const [share, quantile] of [
    [0.05, 0.118],
    [0.5, 0.488],
    [0.95, 0.878],
  ] as const)
    expect(Math.abs(areas[Math.floor(share * areas.length)]! - quantile)).toBeLessThan(0.01);
});

test("a covered square has its size, clipped at the border, and its value", async () => {
  const x = tf.zeros([300, 6, 6, 1]) as tf.Tensor4D;
  const out = cutout({ size: 3, value: 1 })(x, new Generator(5));
  const areas = await tf.sum(out, [1, 2, 3]).data();
  expect(new Set(areas)).toEqual(new Set([4, 6, 9]));
});

test("bright values are inverted from the threshold on", async () => {
  const x = tf.tensor4d([0.2, 0.5, 0.9], [1, 1, 1, 3]);
  await expectClose(solarize({ threshold: 0.5, probability: 1 })(x, new Generator(1)), [0.2, 0.5, 0.1]);
});

test("options out of range are refused with their value", () => {
  expect(() => randomResizedCrop({ size: 0 })).toThrow(
    "randomResizedCrop: size[0] is 0; an integer >= 1 was expected",
  );
  expect(() => randomResizedCrop({ size: 4, scale: [0.5, 0.2] })).toThrow(
    /scale\[1\] is 0.2; a finite number >= 0.5/,
  );
  expect(() => randomResizedCrop({ size: 4, ratio: [0, 1] })).toThrow(/ratio\[0\] is 0/);
  expect(() => randomFlip({ probability: 2 })).toThrow(/probability is 2/);
  expect(() => randomFlip({ axis: "both" as never })).toThrow(/axis is "both"/);
  expect(() => colorJitter({ hue: 0.7 })).toThrow(/hue is 0.7; a finite number >= 0 and <= 0.5/);
  expect(() => colorJitter({ contrast: [-1, 1] })).toThrow(/contrast\[0\] is -1/);
  expect(() => colorJitter({ contrast: "x" as never })).toThrow(/contrast is "x"; two numbers/);
  expect(() => gaussianBlur({ kernel: 4 })).toThrow("gaussianBlur: kernel is 4; an odd number was expected");
  expect(() => gaussianBlur({ kernel: 3, sigma: [0, 1] })).toThrow(/sigma\[0\] is 0/);
  expect(() => solarize({ threshold: 1.5 })).toThrow(/threshold is 1.5/);
  expect(() => cutout({ size: 1.5 })).toThrow(/size is 1.5/);
  expect(() => randomGrayscale({ probability: -1 })).toThrow(/probability is -1/);
  expect(() => randomFlip()(tf.zeros([2, 2]) as never, new Generator(1))).toThrow(
    /images has shape \[2,2\]; rank 4/,
  );
});
