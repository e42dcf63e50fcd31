import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  type AugmentedMoments,
  augmentationFactors,
  augmentedMean,
  augmentedMoments,
  augmentedMomentsHost,
  brightness,
  compose,
  customTransform,
  cutout,
  gaussianNoise,
  horizontalFlip,
  type ImageShape,
  normal,
  patchMask,
  point,
  type RandomTransform,
  randomResizedCrop,
  rotate,
  shear,
  translate,
  uniform,
  withProbability,
  zoom,
} from "../src/index.js";
import { allTransforms } from "./all-transforms.js";
import { colourImage, goldenImage, sum } from "./golden-image.js";

const shape: ImageShape = [6, 4, 3];
const tensorOf = (values: ArrayLike<number>, [h, w, c]: ImageShape) =>
  tf.tensor3d(Float32Array.from(values), [h, w, c]);
const image = () => tensorOf(colourImage(shape), shape);

test("T1 on the device, by the factor and by Fourier products", async () => {
  const v = tf.tensor3d(
    Float32Array.from({ length: 20 }, (_, k) => Math.cos(0.3 * Math.floor(k / 4) - 0.8 * (k % 4))),
    [5, 4, 1],
  );
  const t = translate({ y: uniform(-1.5, 1.5), x: uniform(-0.75, 2.25) });
  const close = { absolute: 1e-5, relative: 0 };
  for (const maxNodes of [4096, 8]) {
    const m = await augmentedMoments(tensorOf(goldenImage(5, 4), [5, 4, 1]), t, { maxNodes });
    expect(m.covariance.factor?.shape).toEqual(maxNodes === 8 ? undefined : [64, 20]);
    await expectClose(
      (await m.mean.data()).slice(8, 12),
      [-0.029911, -0.082383, -0.118814, -0.102207],
      close,
    );
    const product = await m.covariance.apply(v);
    await expectClose((await product.data()).slice(0, 4), [0.115707, 0.167967, 0.040093, -0.119608], close);
    await expectClose(await m.covariance.trace(), 3.179596, close);
    const dense = await (await m.covariance.dense()).data();
    await expectClose([dense[0]!, dense[1]!, dense[7]!], [0.048686, 0.024926, -0.026466], close);
    const { values, residuals } = await m.covariance.topEigenpairs(3);
    await expectClose(values, [1.485552, 1.160638, 0.159355], close);
    expect(Math.max(...residuals)).toBeLessThan(1e-4 * values[0]!);
  }
});

/** T12 for one operator. */
async function checkOperator(m: AugmentedMoments): Promise<void> {
  const { covariance } = m;
  const [h, w, c] = m.mean.shape;
  const size = h * w * c;
  const pair = new Generator(4).normal([2, h, w, c]) as tf.Tensor4D;
  const product = await covariance.apply(pair);
  expect(product.shape).toEqual(pair.shape);
  const [p, q] = [await pair.data(), await product.data()];
  const dot = (i: number, j: number) =>
    sum(p.slice(i * size, (i + 1) * size).map((value, k) => value * q[j * size + k]!));
  const scale = Math.max(Math.abs(dot(0, 1)), dot(0, 0), dot(1, 1), 1e-3);
  expect(Math.abs(dot(0, 1) - dot(1, 0))).toBeLessThan(1e-5 * scale);
  expect(dot(0, 0)).toBeGreaterThanOrEqual(-1e-6);
  const first = tf.reshape(tf.slice(pair, [0, 0, 0, 0], [1, -1, -1, -1]), [h, w, c]);
  await expectClose(await covariance.quadraticForm(first), dot(0, 0), { relative: 1e-4, absolute: 1e-6 });
  const trace = await covariance.trace();
  const diagonal = await (await covariance.diagonal()).data();
  await expectClose(sum(diagonal), trace, { relative: 1e-5, absolute: 1e-6 });
  const dense = await (await covariance.dense()).data();
  const rayleigh = sum(Array.from({ length: size }, (_, i) => dense[i * size + i]!));
  // Clipped brightness knows its variances better than its nodes do.
  await expectClose(rayleigh, trace, {
    relative: m.error.method === "quadrature" ? 2e-3 : 1e-5,
    absolute: 1e-6,
  });
  const norm = Math.sqrt(sum(dense.map((value) => value * value)));
  await expectClose(await covariance.frobeniusNorm(), norm, { relative: 1e-4, absolute: 1e-6 });
  const { values, images, residuals } = await covariance.topEigenpairs(3);
  expect(Math.max(...residuals)).toBeLessThanOrEqual(1e-4 * norm);
  const back = await (await covariance.apply(images)).data();
  const vectors = await images.data();
  for (let i = 0; i < 3 * size; i++)
    expect(Math.abs(back[i]! - values[Math.floor(i / size)]! * vectors[i]!)).toBeLessThan(1e-4 * norm + 1e-7);
}

test.each(allTransforms)("T12 the operator is a covariance: %s", async (_, t) => {
  await checkOperator(await augmentedMoments(image(), t, { maxNodes: 512 }));
});

test("T12 factor, streamed nodes and Fourier products agree", async () => {
  const t = translate({ x: uniform(-2.5, 1), y: normal(0, 0.5) });
  const forms = [
    {},
    { maxBytes: 0, method: "exact" as const },
    { maxNodes: 1 },
    { maxBytes: 0, nodes: 4096, method: "quadrature" as const },
  ];
  const v = new Generator(1).normal([...shape]) as tf.Tensor3D;
  const results: Float32Array[] = [];
  for (const options of forms) {
    const { covariance } = await augmentedMoments(image(), t, options);
    expect(covariance.factor === undefined).toBe("maxBytes" in options || "maxNodes" in options);
    results.push((await (await covariance.apply(v)).data()) as Float32Array);
  }
  await expectClose(results[1]!, results[0]!, { absolute: 1e-5 });
  await expectClose(results[2]!, results[0]!, { absolute: 1e-5 });
  await expectClose(results[3]!, results[0]!, { absolute: 2e-2 });
  const s = shear({ x: uniform(-0.4, 0.4) });
  const [kept, streamed] = [
    await augmentedMoments(image(), s),
    await augmentedMoments(image(), s, { maxBytes: 0 }),
  ];
  expect(streamed.covariance.factor).toBeUndefined();
  expect(streamed.error).toEqual(kept.error);
  await expectClose(await streamed.covariance.apply(v), await kept.covariance.apply(v), { absolute: 1e-5 });
});

test.each<[string, RandomTransform]>([
  ["translations", translate({ x: uniform(-1.5, 1.5), y: uniform(-1, 1) })],
  ["Fourier translations", translate({ x: normal(0, 1), y: uniform(-1, 1) })],
  ["cutout", cutout({ size: 3, fill: 1 })],
  ["patch mask", patchMask({ patch: 2, ratio: 0.5, mode: "fixedCount" })],
  ["noise after a flip", compose([horizontalFlip(), gaussianNoise({ sd: 0.3 })])],
  ["cutout with probability", withProbability(0.5, cutout({ size: 3 }))],
])("draws from N(0, Σ) have its variances: %s", async (name, t) => {
  const count = 4000;
  const m = await augmentedMoments(image(), t, name.startsWith("Fourier") ? { maxNodes: 1 } : {});
  const draws = await (await m.covariance.sample(count, new Generator(2))).data();
  const dense = await (await m.covariance.dense()).data();
  const size = m.covariance.size;
  for (const [i, j] of [
    [0, 0],
    [10, 10],
    [10, 13],
    [30, 45],
    [size - 1, size - 1],
  ] as const) {
    let product = 0;
    for (let n = 0; n < count; n++) product += (draws[n * size + i]! * draws[n * size + j]!) / count;
    const [a, b, ab] = [dense[i * size + i]!, dense[j * size + j]!, dense[i * size + j]!];
    expect(Math.abs(product - ab)).toBeLessThan(5 * Math.sqrt((a * b + ab * ab) / count) + 1e-7);
  }
});

test("T13 a single value has no covariance, to the last bit", async () => {
  for (const t of [
    translate({ x: point(0.3), y: point(-1) }),
    rotate({ angle: point(20) }),
    zoom({ extent: point(0.8) }),
    brightness({ delta: point(0.1) }),
    withProbability(1, rotate({ angle: point(20) })),
    horizontalFlip({ probability: 1 }),
  ]) {
    const m = await augmentedMomentsHost(colourImage(shape), shape, t);
    const rule = t.rule(shape);
    const once = new Float64Array(m.mean.length);
    t.definition.applyHost!(colourImage(shape), shape, rule.theta, once);
    expect(rule.count).toBe(1);
    expect(m.mean).toEqual(once);
    expect(m.covariance.trace()).toBe(0);
  }
});

test("T13 identities of compositions", async () => {
  const x = colourImage(shape);
  const t = rotate({ angle: uniform(-10, 10) });
  expect(compose([t])).toBe(t);
  const flip = horizontalFlip({ probability: 1 });
  const twice = await augmentedMomentsHost(x, shape, compose([flip, flip]));
  expect(twice.mean).toEqual(x);
  const never = await augmentedMomentsHost(x, shape, withProbability(0, t));
  expect(never.mean).toEqual(x);
  expect(never.covariance.trace()).toBe(0);
  const grey = new Float64Array(24).fill(0.7);
  const wrapped = translate({ x: uniform(-9, 7), y: normal(0, 3), boundary: "wrap" });
  const constant = await augmentedMomentsHost(grey, [6, 4, 1], wrapped, { maxNodes: 1 });
  for (const value of constant.mean) expect(value).toBeCloseTo(0.7, 12);
  expect(constant.covariance.trace()).toBeLessThan(1e-12);
});

test.each(allTransforms.filter(([, t]) => t.linear))(
  "T13 the mean is linear in the image: %s",
  async (_, t) => {
    const [a, b] = [colourImage(shape), goldenImage(18, 4)];
    const options = { nodes: 64 };
    const mean = async (values: Float64Array) => (await augmentedMomentsHost(values, shape, t, options)).mean;
    const both = await mean(a.map((value, i) => 2 * value - 3 * b[i]!));
    const [ma, mb] = [await mean(a), await mean(b)];
    await expectClose(
      both,
      ma.map((value, i) => 2 * value - 3 * mb[i]!),
      { absolute: 1e-10 },
    );
  },
);

test("a custom transform has the moments of the built-in one", async () => {
  const built = brightness({ factor: uniform(0.5, 1.5) });
  const own = customTransform({
    name: "dim",
    parameters: { factor: uniform(0.5, 1.5) },
    smooth: true,
    apply: (images, theta) => tf.mul(images, tf.reshape(theta, [-1, 1, 1, 1])),
  });
  const [m, n] = [await augmentedMoments(image(), built), await augmentedMoments(image(), own)];
  expect(n.error.method).toBe("quadrature");
  await expectClose(n.mean, m.mean, { absolute: 1e-5 });
  await expectClose(await n.covariance.trace(), await m.covariance.trace(), { relative: 1e-4 });
  await checkOperator(n);
});

test("means and factors of a batch are those of its images", async () => {
  const batch = tf.stack([image(), tf.mul(image(), 2)]) as tf.Tensor4D;
  for (const t of [
    rotate({ angle: uniform(-20, 20) }),
    translate({ x: uniform(-2, 2), y: uniform(-1, 1) }),
    randomResizedCrop({ scale: [0.5, 1], size: 4 }),
    cutout({ size: 2 }),
  ]) {
    const means = await augmentedMean(batch, t);
    const { mean, error } = await augmentedMoments(image(), t, { nodes: 64 });
    const expected = tf.stack([mean, tf.mul(mean, 2)]);
    await expectClose(means, expected, { absolute: 1e-5 });
    expect(await augmentedMean(batch, t)).not.toBe(means);
    if (error.method === "lattice") continue;
    const own = await augmentationFactors(batch, t, { nodes: 64 });
    await expectClose(own.mean, expected, { absolute: 1e-5 });
    const traces = await tf.sum(tf.square(own.factors), [1, 2]).data();
    const m = await augmentedMoments(image(), t, { nodes: 64 });
    const trace = await m.covariance.trace();
    await expectClose(traces, [trace, 4 * trace], { relative: 1e-4 });
  }
});

test("gradients of warps in images and parameters are those of central differences", async () => {
  const t = rotate({ angle: uniform(-10, 10) });
  const x = tf.stack([image()]) as tf.Tensor4D;
  const weight = new Generator(8).normal([1, ...shape]);
  const loss = (images: tf.Tensor, theta: tf.Tensor) =>
    tf.sum(tf.mul(tf.square(t.apply(images as tf.Tensor4D, theta as tf.Tensor2D)), weight)) as tf.Scalar;
  const theta = tf.tensor2d([[7.3]]);
  const [byImage, byAngle] = tf.grads(loss)([x, theta]) as [tf.Tensor, tf.Tensor];
  const step = 0.02;
  const at = async (angle: number) => (await loss(x, tf.tensor2d([[angle]])).data())[0]!;
  await expectClose(byAngle, [((await at(7.3 + step)) - (await at(7.3 - step))) / (2 * step)], {
    relative: 1e-2,
  });
  const direction = new Generator(9).normal([1, ...shape]);
  const along = async (s: number) => (await loss(tf.add(x, tf.mul(direction, s)), theta).data())[0]!;
  await expectClose(
    await tf.sum(tf.mul(byImage, direction)).data(),
    [((await along(0.01)) - (await along(-0.01))) / 0.02],
    { relative: 1e-2 },
  );
});

test("no tensors are left behind, and arguments stay usable", async () => {
  const x = image();
  const t = compose([rotate({ angle: uniform(-5, 5) }), gaussianNoise({ sd: 0.1 })]);
  const before = tf.memory().numTensors;
  const m = await augmentedMoments(x, t);
  tf.dispose(await m.covariance.apply(x));
  tf.dispose(await m.covariance.diagonal());
  tf.dispose((await m.covariance.topEigenpairs(2)).images);
  tf.dispose(await m.covariance.sample(2, new Generator(0)));
  tf.dispose(await m.covariance.dense());
  await m.covariance.quadraticForm(x);
  await m.covariance.frobeniusNorm();
  await m.fourthMoment();
  m.dispose();
  const batch = tf.stack([x, x]) as tf.Tensor4D;
  tf.dispose(await augmentedMean(batch, rotate({ angle: uniform(-5, 5) })));
  tf.dispose({ ...(await augmentationFactors(batch, rotate({ angle: uniform(-5, 5) }))) });
  batch.dispose();
  expect(tf.memory().numTensors).toBe(before);
  expect((await x.data()).length).toBe(72);
});

test("aborting stops within a block of nodes", async () => {
  const controller = new AbortController();
  const seen: number[] = [];
  const work = augmentedMomentsHost(
    new Float64Array(64 * 64).fill(1).map((_, i) => i % 7),
    [64, 64, 1],
    rotate({ angle: uniform(-90, 90) }),
    {
      tolerance: 1e-12,
      signal: controller.signal,
      onProgress: ({ done }) => {
        seen.push(done);
        controller.abort(new Error("enough"));
      },
    },
  );
  await expect(work).rejects.toThrow("enough");
  expect(seen).toEqual([16]);
});

test("wrong input is named with what was got and wanted", async () => {
  const flat = tf.zeros([32, 32]) as unknown as tf.Tensor3D;
  await expect(augmentedMoments(flat, rotate({ angle: uniform(-1, 1) }))).rejects.toThrow(
    "augmentedMoments: image has shape [32,32]; expected [height, width, channels]",
  );
  await expect(
    augmentedMoments(image(), rotate({ angle: uniform(-1, 1) }), { method: "exact" }),
  ).rejects.toThrow("augmentedMoments: 'exact' is not available for rotate");
  await expect(
    augmentedMomentsHost(new Float64Array(224 * 224), [224, 224, 1], shear({ x: uniform(-0.3, 0.3) }), {
      method: "exact",
    }),
  ).rejects.toThrow(
    "augmentedMoments: method 'exact' needs 6096 nodes and maxNodes is 4096; raise maxNodes or use 'quadrature'",
  );
  expect(() => randomResizedCrop({ scale: [0, 1] })).toThrow(
    "randomResizedCrop: scale is [0,1]; the lower bound must be above 0",
  );
  const t = (await import("../src/index.js")).hue({ angle: uniform(-1, 1) });
  expect(() => t.apply(tf.zeros([1, 2, 2, 1]), tf.zeros([1, 1]))).toThrow(
    "hue: images have 1 channel; 3 are required",
  );
  expect(() => gaussianNoise({ sd: 1 }).sample(2, new Generator(0))).toThrow(
    "gaussianNoise.sample: shape is",
  );
  const m = await augmentedMoments(tf.zeros([80, 80, 1]), horizontalFlip());
  await expect(m.covariance.dense()).rejects.toThrow(
    "covariance.dense: the operator has 6400 rows; dense() stops at 4096, use apply or topEigenpairs",
  );
  expect(() => zoom({ extent: uniform(-0.1, 1) })).toThrow("zoom: extent reaches -0.1");
});
