import { expect, test } from "vitest";
import { lawDensity, lawMoments, quantile, support } from "../src/distribution/law.js";
import {
  augmentedMomentsHost,
  brightness,
  compose,
  cutout,
  horizontalFlip,
  type ImageShape,
  normal,
  patchMask,
  type RandomTransform,
  randomResizedCrop,
  shear,
  translate,
  triangular,
  uniform,
  withProbability,
  zoom,
} from "../src/index.js";
import { cellNodes, gaussLegendre, smoothNodes } from "../src/rules/gauss.js";
import { colourImage, goldenImage, sum } from "./golden-image.js";

/** Mean and covariance of the images of some nodes, written out. */
function bruteForce(
  image: Float64Array,
  shape: ImageShape,
  t: RandomTransform,
  nodes: readonly (readonly [theta: readonly number[], weight: number])[],
): { mean: Float64Array; covariance: Float64Array } {
  const size = t.outputShape(shape).reduce((a, b) => a * b, 1);
  const mean = new Float64Array(size);
  const second = new Float64Array(size * size);
  const view = new Float64Array(size);
  for (const [theta, weight] of nodes) {
    t.definition.applyHost!(image, shape, Float64Array.from(theta), view);
    for (let i = 0; i < size; i++) {
      mean[i]! += weight * view[i]!;
      for (let j = 0; j < size; j++) second[i * size + j]! += weight * view[i]! * view[j]!;
    }
  }
  return {
    mean,
    covariance: second.map((value, k) => value - mean[Math.floor(k / size)]! * mean[k % size]!),
  };
}

/** Three Gauss points in each of many equal cells: exact where the cells' ends contain all kinks. */
function fine(low: number, high: number, cells: number, density = (_: number) => 1 / (high - low)) {
  const unit = gaussLegendre(3);
  const width = (high - low) / cells;
  const nodes: [number[], number][] = [];
  for (let c = 0; c < cells; c++) {
    for (let k = 0; k < 3; k++) {
      const t = low + width * (c + unit.values[k]!);
      nodes.push([[t], width * unit.weights[k]! * density(t)]);
    }
  }
  return nodes;
}

const seven = goldenImage(7, 6);
const shape: ImageShape = [7, 6, 1];
const hat = (t: number) => (1 - Math.abs(t) / 0.4) / 0.4;

// 4800 cells of ±0.4 end at all multiples of 1/3 and 1/6; the zoom's only kink is at 1.
test.each<[string, RandomTransform, ReturnType<typeof fine>]>([
  ["shear", shear({ x: uniform(-0.4, 0.4) }), fine(-0.4, 0.4, 4800)],
  ["triangular shear", shear({ x: triangular(-0.4, 0, 0.4) }), fine(-0.4, 0.4, 4800, hat)],
  ["zoom", zoom({ extent: uniform(0.7, 1.2) }), fine(0.7, 1.2, 5000)],
  ["zoom with an edge", zoom({ extent: uniform(0.7, 1.2), boundary: "edge" }), fine(0.7, 1.2, 5000)],
])("T6 %s equals a rule of thousands of cells", async (_, t, nodes) => {
  const m = await augmentedMomentsHost(seven, shape, t, { method: "exact" });
  expect(m.error.nodes).toBeLessThan(30);
  const brute = bruteForce(seven, shape, t, nodes);
  const dense = m.covariance.dense();
  for (let k = 0; k < dense.length; k++)
    expect(Math.abs(dense[k]! - brute.covariance[k]!)).toBeLessThan(1e-10);
  for (let i = 0; i < 42; i++) expect(Math.abs(m.mean[i]! - brute.mean[i]!)).toBeLessThan(1e-10);
});

test.each<[string, RandomTransform, ImageShape]>([
  ["cutout", cutout({ size: 3, fill: 0.3 }), [6, 4, 3]],
  ["cutout inside", cutout({ size: 2, placement: "inside" }), [6, 4, 3]],
  ["independent patches", patchMask({ patch: 2, ratio: 0.4, fill: 0.2 }), [4, 4, 2]],
  ["a fixed count of patches", patchMask({ patch: 2, ratio: 0.5, mode: "fixedCount" }), [6, 4, 3]],
  ["cutout with probability", withProbability(0.4, cutout({ size: 3 })), [6, 4, 3]],
  [
    "translations",
    translate({ x: uniform(-1.5, 0.3), y: triangular(-1, 0, 2), boundary: "reflect" }),
    [6, 4, 3],
  ],
  ["normal translations", translate({ x: normal(0.2, 0.6), y: normal(0, 0.4), boundary: "wrap" }), [6, 4, 1]],
  [
    "a composition of finite steps",
    compose([horizontalFlip({ probability: 0.2 }), withProbability(0.5, cutout({ size: 2 }))]),
    [4, 4, 1],
  ],
])("closed forms equal their nodes: %s", async (_, t, own) => {
  const image = colourImage(own);
  const set = t.definition.exact!(own, 2)!;
  const { theta, weights } = set.make();
  expect(weights.length).toBe(set.count);
  const P = t.numParameters(own);
  const nodes = Array.from(weights, (w, q) => [Array.from(theta.subarray(q * P, (q + 1) * P)), w] as const);
  const brute = bruteForce(image, own, t, nodes);
  const m = await augmentedMomentsHost(image, own, t, {
    maxNodes: 1e5,
    maxBytes: t.name === "translate" ? 0 : 2 ** 28,
  });
  const dense = m.covariance.dense();
  for (let k = 0; k < dense.length; k++)
    expect(Math.abs(dense[k]! - brute.covariance[k]!)).toBeLessThan(1e-12);
  for (let i = 0; i < m.mean.length; i++) expect(Math.abs(m.mean[i]! - brute.mean[i]!)).toBeLessThan(1e-12);
});

test("a crop of whole pixels has as many boxes as there are, and their probabilities", async () => {
  const t = randomResizedCrop({ scale: [0.2, 1], ratio: [0.5, 2], convention: "torchvision" });
  const own: ImageShape = [6, 5, 1];
  const { weights } = t.definition.exact!(own, 2)!.make();
  expect(sum(weights)).toBeCloseTo(1, 12);
  // The lattice draws tries; the finite sum adds areas. Both must give one mean.
  const m = await augmentedMomentsHost(goldenImage(6, 5), own, t);
  const lattice = await augmentedMomentsHost(goldenImage(6, 5), own, t, {
    method: "lattice",
    nodes: 8192,
    maxNodes: 8192,
  });
  expect(m.error.method).toBe("exact");
  const distance = Math.hypot(...m.mean.map((value, i) => value - lattice.mean[i]!)) / Math.hypot(...m.mean);
  expect(distance).toBeLessThan(4 * lattice.error.meanEstimate);
  expect(lattice.error.meanEstimate).toBeLessThan(0.02);
  expect(Math.abs(m.covariance.trace() / lattice.covariance.trace() - 1)).toBeLessThan(0.02);
});

test("shear and zoom have as many cells as the grid crosses", () => {
  const cells = (t: RandomTransform, side: number) => t.definition.exact!([side, side, 1], 2)!.count;
  expect([28, 32].map((side) => cells(shear({ x: uniform(-0.3, 0.3) }), side) / 2)).toEqual([44, 60]);
  expect(cells(shear({ x: uniform(-0.3, 0.3) }), 224) / 2).toBe(3048);
  expect(cells(shear({ x: uniform(-0.1, 0.1) }), 224) / 2).toBe(1004);
  expect([28, 32, 224].map((side) => cells(zoom({ extent: uniform(0.8, 1.2) }), side) / 3)).toEqual([
    28, 38, 2030,
  ]);
});

test.each([uniform(-1, 2), normal(0.5, 0.7), triangular(-1, 0.2, 2), triangular(0, 0, 1)] as const)(
  "laws agree with themselves: %o",
  (law) => {
    const { mean, variance } = lawMoments(law);
    const [low, high] = support(law);
    const nodes = [
      cellNodes(law, [0, 0.3, 1], 1, 2),
      cellNodes(law, [0, 0.3, 1], 2, 4),
      smoothNodes(law, 16),
      // Quantiles at the middles of equal shares.
      {
        values: Float64Array.from({ length: 20000 }, (_, i) => quantile(law, (i + 0.5) / 20000)),
        weights: new Float64Array(20000).fill(1 / 20000),
      },
    ];
    for (const [kind, { values, weights }] of nodes.entries()) {
      const tolerance = kind === 3 ? 4 : 10;
      expect(sum(weights)).toBeCloseTo(1, 10);
      const first = sum(values.map((value, i) => value * weights[i]!));
      expect(first).toBeCloseTo(mean, tolerance);
      const second = sum(values.map((value, i) => (value - first) ** 2 * weights[i]!));
      expect(Math.abs(second - variance)).toBeLessThan(kind === 3 ? 2e-4 : 1e-10);
    }
    expect(lawDensity(law, low - 0.1) + lawDensity(law, high + 0.1)).toBeLessThan(1e-15);
  },
);

test("fourth moments need more nodes, and get them", async () => {
  const t = shear({ x: uniform(-0.4, 0.4) });
  const [two, four] = [2, 4].map((order) => t.definition.exact!(shape, order as 2 | 4)!.count);
  expect([two, four]).toEqual([8, 12]);
  const factor = brightness({ factor: normal(1, 0.2) }).definition.exact!(shape, 4)!.make();
  expect(sum(factor.theta.map((a, q) => (a - 1) ** 4 * factor.weights[q]!))).toBeCloseTo(3 * 0.2 ** 4, 12);
});
