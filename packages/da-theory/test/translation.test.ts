import { expect, test } from "vitest";
import {
  type Boundary,
  normal,
  shiftMasses,
  translateHost,
  translationMomentsHost,
  uniform,
} from "../src/index.js";

const shape = [5, 4, 1] as const;
const image = Float64Array.from({ length: 20 }, (_, k) => Math.sin(1.7 * Math.floor(k / 4) + 0.9 * (k % 4)));
const laws = { y: uniform(-1.5, 1.5), x: uniform(-0.75, 2.25) };

// The wrap entry 0.118402 is confirmed by the independent rule below, as all entries are.
test.each([
  ["zero", [0.124957, 0.230794, 0.237698, 0.108093], 3.179596, [0.048686, 0.024926, -0.026466], 0.464384],
  ["edge", [0.311945, 0.41519, 0.445815, 0.324838], 5.013422, [0.100653, 0.057406, -0.119095], 0.514729],
  ["reflect", [0.422424, 0.433675, 0.429216, 0.280256], 4.915991, [0.073094, 0.005895, -0.011092], 0.254879],
  ["wrap", [0.252272, 0.352573, 0.43269, 0.297258], 4.205036, [0.161175, 0.026171, 0.118402], 0],
] as const)("moments with boundary %s", (boundary, row, trace, entries, mass) => {
  const m = translationMomentsHost(image, shape, { ...laws, boundary: boundary as Boundary });
  row.forEach((value, j) => {
    expect(m.mean[j]).toBeCloseTo(value, 6);
  });
  expect(m.trace).toBeCloseTo(trace, 5);
  const unit = new Float64Array(20);
  unit[0] = 1;
  const column = m.apply(unit);
  [0, 1, 7].forEach((k, i) => {
    expect(column[k]).toBeCloseTo(entries[i] as number, 6);
  });
  expect(m.apply(new Float64Array(20).fill(1)).reduce((a, b) => a + b, 0)).toBeCloseTo(mass, 5);
  expect(m.diagonal[0]).toBeCloseTo(column[0] as number, 12);
});

test("operator and normal law", () => {
  const v = Float64Array.from({ length: 20 }, (_, k) => Math.cos(0.3 * Math.floor(k / 4) - 0.8 * (k % 4)));
  const product = translationMomentsHost(image, shape, laws).apply(v);
  [0.115707, 0.167967, 0.040093, -0.119608].forEach((value, j) => {
    expect(product[j]).toBeCloseTo(value, 6);
  });
  const { first, g, diagonal, coupling } = shiftMasses(normal(0, 0.8));
  expect(g[-first]).toBeCloseTo(0.442631, 6);
  expect(g[1 - first]).toBeCloseTo(0.239818, 6);
  expect(diagonal[-first]).toBeCloseTo(0.309092, 6);
  expect(coupling[-first]).toBeCloseTo(0.06677, 6);
  const m = translationMomentsHost(image, shape, { y: normal(0, 0.8), x: normal(0, 1.3) });
  expect(m.trace).toBeCloseTo(3.024182, 5);
  [-0.115037, -0.167032, -0.16353, -0.107745].forEach((value, j) => {
    expect(m.mean[8 + j]).toBeCloseTo(value, 6);
  });
});

test.each([0.1, 0.7, 1])("small translations of ±%d have rank two", (a) => {
  const row = Float64Array.from({ length: 6 }, (_, j) => Math.sin(1.7 * j + 0.4));
  const line = [1, 6, 1] as const;
  const m = translationMomentsHost(row, line, { x: uniform(-a, a), boundary: "wrap" });
  const right = translateHost(row, line, [0, 1], "wrap");
  const left = translateHost(row, line, [0, -1], "wrap");
  const tau = row.map((_, j) => ((right[j] as number) - (left[j] as number)) / 2);
  const kappa = row.map((x, j) => (right[j] as number) + (left[j] as number) - 2 * x);
  const unit = new Float64Array(6);
  unit[2] = 1;
  m.apply(unit).forEach((value, j) => {
    const expected =
      (a ** 2 / 3) * (tau[j] as number) * (tau[2] as number) +
      (a ** 2 / 48) * (kappa[j] as number) * (kappa[2] as number);
    expect(Math.abs(value - expected)).toBeLessThan(1e-12);
  });
});

test("a single value has no covariance, and wrong input is named", () => {
  const m = translationMomentsHost(image, shape);
  expect(m.mean).toEqual(image);
  expect(m.trace).toBe(0);
  expect(() => uniform(3, 1)).toThrow("uniform: low is 3 and high is 1; low must not exceed high");
});

/** Bilinear translation written out per pixel, with the boundary as a rule on indices: no mass matrix, no shift tables. */
function bilinear(down: number, right: number, boundary: Boundary): Float64Array {
  const value = (i: number, j: number): number => {
    const inside = i >= 0 && i < 5 && j >= 0 && j < 4;
    if (!inside && boundary === "zero") return 0;
    const r = boundary === "edge" ? Math.min(4, Math.max(0, i)) : ((i % 5) + 5) % 5;
    const c = boundary === "edge" ? Math.min(3, Math.max(0, j)) : ((j % 4) + 4) % 4;
    return Math.sin(1.7 * r + 0.9 * c);
  };
  return Float64Array.from({ length: 20 }, (_, k) => {
    const y = Math.floor(k / 4) - down;
    const x = (k % 4) - right;
    const [i, j] = [Math.floor(y), Math.floor(x)];
    const [u, v] = [y - i, x - j];
    const top = (1 - v) * value(i, j) + v * value(i, j + 1);
    return (1 - u) * top + u * ((1 - v) * value(i + 1, j) + v * value(i + 1, j + 1));
  });
}

test.each(["zero", "edge", "wrap"] as const)(
  "whole covariance equals a Gauss-Legendre rule that no kink crosses, boundary %s",
  (boundary) => {
    // Two nodes in each of 12 cells of width 1/4: exact, as every integer is a cell end.
    const cells = 24;
    const node = (k: number): number => (Math.floor(k / 2) + 0.5 + ((k % 2) - 0.5) / Math.sqrt(3)) / 4;
    const mean = new Float64Array(20);
    const second = new Float64Array(400);
    for (let a = 0; a < cells; a++)
      for (let b = 0; b < cells; b++) {
        const t = bilinear(-1.5 + node(a), -0.75 + node(b), boundary);
        for (let k = 0; k < 20; k++) {
          mean[k] = (mean[k] as number) + (t[k] as number) / cells ** 2;
          for (let l = 0; l < 20; l++)
            second[k * 20 + l] =
              (second[k * 20 + l] as number) + ((t[k] as number) * (t[l] as number)) / cells ** 2;
        }
      }
    const m = translationMomentsHost(image, shape, { ...laws, boundary });
    for (let k = 0; k < 20; k++) {
      const unit = new Float64Array(20);
      unit[k] = 1;
      m.apply(unit).forEach((value, l) => {
        const brute = (second[k * 20 + l] as number) - (mean[k] as number) * (mean[l] as number);
        expect(Math.abs(value - brute)).toBeLessThan(1e-12);
      });
    }
  },
);
