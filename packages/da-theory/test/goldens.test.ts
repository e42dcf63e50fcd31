import { expectClose } from "@lab/core/testing";
import { expect, test } from "vitest";
import {
  augmentedMomentsHost,
  brightness,
  compose,
  contrast,
  cutout,
  horizontalFlip,
  hue,
  normal,
  patchMask,
  type RandomTransform,
  randomResizedCrop,
  rotate,
  shear,
  translate,
  uniform,
  zoom,
} from "../src/index.js";
import { fitProbability } from "../src/transforms/crop-law.js";
import { goldenImage, sum } from "./golden-image.js";

// All figures are those of the specification, section 6; T1's translations are in translation.test.ts.
const seven = goldenImage(7, 6);
const sevenShape = [7, 6, 1] as const;

const mass = (m: { covariance: { apply(v: ArrayLike<number>): Float64Array; size: number } }) =>
  sum(m.covariance.apply(new Float64Array(m.covariance.size).fill(1)));

test.each([
  ["zero", 3.179596, [1.485552, 1.160638, 0.159355]],
  ["edge", 5.013422, [2.799419, 1.446461, 0.277875]],
  ["reflect", 4.915991, [2.497175, 1.352752, 0.377031]],
  ["wrap", 4.205036, [1.575114, 0.897837, 0.683069]],
] as const)("T1 translation as nodes and matrix-free, boundary %s", async (boundary, trace, top) => {
  const t = translate({ y: uniform(-1.5, 1.5), x: uniform(-0.75, 2.25), boundary });
  for (const maxNodes of [4096, 8]) {
    const m = await augmentedMomentsHost(goldenImage(5, 4), [5, 4, 1], t, { maxNodes });
    expect(m.error).toMatchObject({ method: "exact", meanEstimate: 0, traceEstimate: 0 });
    expect(m.covariance.factor === undefined).toBe(maxNodes === 8);
    await expectClose(m.covariance.trace(), trace, { absolute: 1e-6, relative: 0 });
    const { values, residuals } = await m.covariance.topEigenpairs(3);
    await expectClose(values, [...top], { absolute: 1e-6, relative: 0 });
    expect(Math.max(...residuals)).toBeLessThan(1e-10);
  }
});

test("T1 normal translation", async () => {
  const t = translate({ y: normal(0, 0.8), x: normal(0, 1.3) });
  for (const maxNodes of [4096, 8]) {
    const m = await augmentedMomentsHost(goldenImage(5, 4), [5, 4, 1], t, { maxNodes });
    await expectClose(m.mean.subarray(8, 12), [-0.115037, -0.167032, -0.16353, -0.107745]);
    await expectClose(m.covariance.trace(), 3.024182, { absolute: 1e-6, relative: 0 });
    await expectClose(m.covariance.dense()[0]!, 0.082814, { absolute: 1e-6, relative: 0 });
    const { values } = await m.covariance.topEigenpairs(3);
    await expectClose(values, [1.253026, 1.12799, 0.195325], { absolute: 1e-6, relative: 0 });
  }
});

test.each([
  ["shear", shear({ x: uniform(-0.4, 0.4) }), 8, -0.29769, 0.021026, 2.43128, [2.102614, 0.324363], 0.55323],
  [
    "zoom",
    zoom({ extent: uniform(0.7, 1.2) }),
    6,
    -0.332603,
    0.077505,
    1.937275,
    [1.493453, 0.425902],
    0.687183,
  ],
] as const)("T2 %s is exact", async (_, t, nodes, first, second, trace, top, all) => {
  const m = await augmentedMomentsHost(seven, sevenShape, t);
  expect(m.error).toEqual({ method: "exact", nodes, meanEstimate: 0, traceEstimate: 0 });
  await expectClose([m.mean[8]!, m.mean[31]!], [first, second]);
  await expectClose(m.covariance.trace(), trace);
  await expectClose((await m.covariance.topEigenpairs(2)).values, [...top]);
  await expectClose(mass(m), all);
});

test("T2 rotation has an error that its estimate covers", async () => {
  const t = rotate({ angle: uniform(-15, 15) });
  const m = await augmentedMomentsHost(seven, sevenShape, t, { tolerance: 1e-5 });
  const close = { absolute: 1e-4, relative: 0 };
  await expectClose([m.mean[8]!, m.mean[31]!], [-0.329164, 0.020609], close);
  await expectClose(m.covariance.trace(), 1.990874, close);
  await expectClose((await m.covariance.topEigenpairs(2)).values, [1.378599, 0.602768], close);
  expect(m.error.method).toBe("quadrature");
  const { mean: truth } = await augmentedMomentsHost(seven, sevenShape, t, { nodes: 4096 });
  const norm = Math.hypot(...truth);
  for (const nodes of [32, 64, 128]) {
    const { mean, error } = await augmentedMomentsHost(seven, sevenShape, t, { nodes });
    expect(error.nodes).toBe(nodes);
    const distance = Math.hypot(...mean.map((value, i) => value - truth[i]!)) / norm;
    expect(error.meanEstimate).toBeGreaterThan(distance);
    expect(error.bound!).toBeGreaterThan(distance);
  }
});

test("T3 resized crop", async () => {
  const law = { scale: [0.3, 1], logRatio: [Math.log(3 / 4), Math.log(4 / 3)] } as const;
  await expectClose(fitProbability(law), 0.812878);
  const m = await augmentedMomentsHost(seven, sevenShape, randomResizedCrop({ scale: [0.3, 1] }), {
    nodes: 8192,
    maxNodes: 8192,
  });
  const close = { absolute: 1e-4, relative: 0 };
  await expectClose([m.mean[8]!, m.mean[21]!, m.mean[36]!], [-0.365601, 0.465314, -0.140264], close);
  await expectClose(m.covariance.trace(), 8.46, { absolute: 0.05, relative: 0 });
});

const six = goldenImage(6, 5);
test.each<[string, RandomTransform, number]>([
  ["flip", horizontalFlip({ probability: 0.3 }), 7.045273],
  [
    "contrast and brightness",
    compose([contrast({ factor: uniform(0.6, 1.4) }), brightness({ delta: uniform(-0.2, 0.2) })]),
    1.178561,
  ],
])("T4 %s", async (_, t, trace) => {
  const m = await augmentedMomentsHost(six, [6, 5, 1], t);
  expect(m.error.method).toBe("exact");
  await expectClose(m.covariance.trace(), trace);
});

test.each([
  ["center", 0.033333, -0.543418, 2.864118, 2.447276],
  ["inside", 0.020833, -0.033364, 2.921798, 1.357738],
] as const)("T4 cutout placed %s", async (placement, first, middle, trace, all) => {
  const m = await augmentedMomentsHost(six, [6, 5, 1], cutout({ size: 3, fill: 0.25, placement }));
  await expectClose([m.mean[0]!, m.mean[12]!], [first, middle]);
  await expectClose(m.covariance.trace(), trace);
  await expectClose(mass(m), all);
});

test("T4 patch mask with a fixed count", async () => {
  const t = patchMask({ patch: 2, ratio: 0.75, mode: "fixedCount" });
  const m = await augmentedMomentsHost(goldenImage(4, 4), [4, 4, 1], t);
  await expectClose(m.covariance.trace(), 1.501424);
  await expectClose(mass(m), 2.774718);
});

test("T5 hue and clipped brightness", async () => {
  const colour = await augmentedMomentsHost([0.2, 0.5, 0.9], [1, 1, 3], hue({ angle: uniform(-0.3, 0.3) }));
  await expectClose(colour.mean, [0.203821, 0.499341, 0.893368]);
  await expectClose(colour.covariance.diagonal(), [0.00184, 0.001368, 0.006167]);
  const t = brightness({ delta: uniform(-0.2, 0.2), clip: [0, 1] });
  const clipped = await augmentedMomentsHost([0.05, 0.5, 0.9], [1, 3, 1], t);
  await expectClose(clipped.mean, [0.078125, 0.5, 0.8875]);
  await expectClose(clipped.covariance.diagonal(), [0.006917, 0.013333, 0.009844]);
});
