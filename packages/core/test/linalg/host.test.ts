import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  NotPositiveDefiniteError,
  NumericalError,
  ShapeError,
} from "../../src/errors/index.js";
import { golubKahan } from "../../src/linalg/host/golub-kahan.js";
import {
  choleskyHost,
  choleskySolveHost,
  eighHost,
  logdetHost,
  qrHost,
  slogdetHost,
  solveHost,
  svdHost,
  triangularSolveHost,
} from "../../src/linalg/index.js";
import { gaussians } from "../../src/testing/index.js";
import { distance, multiply, norm, offOrthogonality, spectra, transpose, withSpectrum } from "./matrices.js";
import { bound, checkEigh, checkSvd } from "./residuals.js";

const sizes = [1, 2, 3, 4, 5, 7, 8, 17, 64, 150];

const symmetric = (n: number, seed: number) => {
  const a = gaussians(n * n, seed);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j]!;
  return a;
};

describe.each(Object.keys(spectra))("a %s spectrum", (name) => {
  test.each(sizes)("eigh has small residuals at n = %i", (n) => {
    const wanted = spectra[name]!(n);
    const values = checkEigh(withSpectrum(wanted, n + 1), n);
    expect(norm(values.map((x, i) => x - wanted.slice().sort()[i]!))).toBeLessThan(
      bound(n) * norm(wanted) + 1e-300,
    );
  });

  test.each(sizes)("svd has small residuals at n = %i", (n) => {
    const wanted = spectra[name]!(n);
    const s = checkSvd(withSpectrum(wanted, n + 2), n, n);
    const descending = wanted.slice().sort().reverse();
    expect(norm(s.map((x, i) => x - descending[i]!))).toBeLessThan(bound(n) * norm(wanted) + 1e-300);
  });
});

describe.each(Object.keys(spectra).filter((name) => name !== "singular"))(
  "a positive %s spectrum",
  (name) => {
    test.each(sizes)("cholesky has small residuals at n = %i", (n) => {
      const a = withSpectrum(spectra[name]!(n), n + 3);
      const l = choleskyHost(a, n);
      expect(distance(a, multiply(l, transpose(l, n, n), n, n, n))).toBeLessThan(bound(n));
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
      const wanted = spectra[name]!(n).reduce((sum, x) => sum + Math.log(x), 0);
      // The determinant is as ill-conditioned as the matrix.
      expect(logdetHost(a, n)).toBeCloseTo(wanted, name === "graded" ? 3 : 9);
    });
  },
);

test("a bidiagonal matrix whose magnitudes decline over ten orders settles", () => {
  const n = 300;
  const d = Float64Array.from({ length: n }, (_, i) => 10 ** ((-10 * i) / (n - 1)));
  const e = d.map((x, i) => (i < n - 1 ? x / 2 : 0));
  const before = norm([...d, ...e]);
  golubKahan("test", d, e);
  expect(norm(d) / before).toBeCloseTo(1, 12);
});

test("n = 512 has small residuals in every factorisation", () => {
  const n = 512;
  const a = symmetric(n, 11);
  checkEigh(a, n);
  const spd = multiply(a, transpose(a, n, n), n, n, n);
  const l = choleskyHost(spd, n);
  expect(distance(spd, multiply(l, transpose(l, n, n), n, n, n))).toBeLessThan(bound(n));
  const { q, r } = qrHost(a, n, n);
  expect(distance(a, multiply(q, r, n, n, n))).toBeLessThan(bound(n));
  expect(offOrthogonality(q, n, n)).toBeLessThan(bound(n));
  const s = checkSvd(a, n, n);
  const sizesOfValues = eighHost(a, n, { vectors: false }).values.map(Math.abs).sort().reverse();
  expect(distance(s, sizesOfValues)).toBeLessThan(bound(n));
  const b = gaussians(n * 3, 12);
  expect(distance(b, multiply(a, solveHost(a, b, n, 3), n, n, 3))).toBeLessThan(1e-10);
});

test.each([
  [1, 1],
  [5, 1],
  [1, 5],
  [7, 3],
  [3, 7],
  [60, 9],
  [9, 60],
  [13, 12],
  [12, 13],
])("qr and svd of %i by %i have small residuals", (m, n) => {
  const a = gaussians(m * n, 21);
  const k = Math.min(m, n);
  const { q, r } = qrHost(a, m, n);
  expect(distance(a, multiply(q, r, m, k, n))).toBeLessThan(bound(Math.max(m, n)));
  expect(offOrthogonality(q, m, k)).toBeLessThan(bound(Math.max(m, n)));
  for (let i = 0; i < k; i++) {
    expect(r[i * n + i]!).toBeGreaterThanOrEqual(0);
    for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
  }
  checkSvd(a, m, n);
  const full = svdHost(a, m, n, { fullMatrices: true });
  expect(full.u.length).toBe(m * m);
  expect(full.vt.length).toBe(n * n);
  expect(offOrthogonality(full.u, m, m)).toBeLessThan(bound(Math.max(m, n)));
  expect(offOrthogonality(full.vt, n, n)).toBeLessThan(bound(Math.max(m, n)));
  const core = new Float64Array(m * n);
  full.s.forEach((x, i) => {
    core[i * n + i] = x;
  });
  const product = multiply(multiply(full.u, core, m, m, n), full.vt, m, n, n);
  expect(distance(a, product)).toBeLessThan(bound(Math.max(m, n)));
  expect(distance(full.s, svdHost(a, m, n, { vectors: false }).s)).toBeLessThan(bound(Math.max(m, n)));
});

test("zero and rank-one matrices are decomposed", () => {
  for (const n of [1, 2, 5, 9]) {
    expect(checkEigh(new Float64Array(n * n), n)).toEqual(new Float64Array(n));
    expect(checkSvd(new Float64Array(n * (n + 4)), n, n + 4)).toEqual(new Float64Array(n));
    const { q, r } = qrHost(new Float64Array(n * n), n, n);
    expect(offOrthogonality(q, n, n)).toBeLessThan(bound(n));
    expect(norm(r)).toBe(0);
    const ones = new Float64Array(n * n).fill(1);
    expect(checkEigh(ones, n)[n - 1]!).toBeCloseTo(n, 12);
    expect(checkSvd(ones, n, n)[0]!).toBeCloseTo(n, 12);
  }
});

test("a bidiagonal matrix with zeros on its diagonal is decomposed", () => {
  const n = 6;
  const a = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    a[i * n + i] = i === 2 || i === 5 ? 0 : i + 1;
    if (i + 1 < n) a[i * n + i + 1] = 1;
  }
  expect(checkSvd(a, n, n)[n - 1]!).toBeLessThan(1e-14);
});

test("huge and tiny matrices neither overflow nor underflow", () => {
  const n = 6;
  const a = symmetric(n, 31);
  for (const scale of [1e-290, 1e-160, 1e150, 1e290]) {
    const scaled = a.map((x) => x * scale);
    const relative = (x: Float64Array) => x.map((value) => value / scale);
    expect(distance(eighHost(a, n).values, relative(eighHost(scaled, n).values))).toBeLessThan(1e-13);
    expect(distance(svdHost(a, n, n).s, relative(svdHost(scaled, n, n).s))).toBeLessThan(1e-13);
    expect(distance(qrHost(a, n, n).r, relative(qrHost(scaled, n, n).r))).toBeLessThan(1e-13);
  }
});

test("triangular systems are solved from every side", () => {
  for (const n of [1, 2, 5, 33]) {
    for (const k of [1, 2, 7]) {
      const t = gaussians(n * n, 41).map((x, i) => (i % (n + 1) === 0 ? 3 + Math.abs(x) : x / n));
      const b = gaussians(n * k, 42);
      for (const lower of [true, false]) {
        const triangle = t.map((x, i) =>
          (lower ? i % n <= Math.floor(i / n) : i % n >= Math.floor(i / n)) ? x : 0,
        );
        const plain = triangularSolveHost(t, b, n, k, { lower });
        expect(distance(b, multiply(triangle, plain, n, n, k))).toBeLessThan(bound(n));
        const turned = triangularSolveHost(t, b, n, k, { lower, transpose: true });
        expect(distance(b, multiply(transpose(triangle, n, n), turned, n, n, k))).toBeLessThan(bound(n));
      }
    }
  }
});

test("systems are solved by elimination and by the Cholesky factor alike", () => {
  const n = 20;
  const a = withSpectrum(spectra.random!(n), 51);
  const b = gaussians(n * 4, 52);
  const x = solveHost(a, b, n, 4);
  expect(distance(b, multiply(a, x, n, n, 4))).toBeLessThan(1e-12);
  expect(distance(x, choleskySolveHost(choleskyHost(a, n), b, n, 4))).toBeLessThan(1e-12);
});

test("the determinant of a product is the product of the determinants", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 1000 }), (n, seed) => {
      const [a, b] = [gaussians(n * n, seed), gaussians(n * n, seed + 5000)];
      const [left, right] = [slogdetHost(a, n), slogdetHost(b, n)];
      const both = slogdetHost(multiply(a, b, n, n, n), n);
      expect(both.sign).toBe(left.sign * right.sign);
      expect(both.logAbs).toBeCloseTo(left.logAbs + right.logAbs, 7);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("a jitter is relative to the mean diagonal", () => {
  const l = choleskyHost(Float64Array.of(4, 0, 0, 0), 2, { jitter: 0.5 });
  expect(l[0]).toBeCloseTo(Math.sqrt(5), 14);
  expect(l[3]).toBe(1);
});

test("a matrix that is not positive definite names its pivot", () => {
  const n = 9;
  const values = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 2 : 0));
  values[6 * n + 6] = -3;
  let error: unknown;
  try {
    choleskyHost(values, n);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(NotPositiveDefiniteError);
  expect((error as NotPositiveDefiniteError).pivot).toBe(6);
  expect((error as NotPositiveDefiniteError).value).toBe(-3);
  expect((error as Error).message).toMatch("choleskyHost: a has pivot 6 equal to -3;");
});

test("singular systems are refused, badly scaled ones are not", () => {
  expect(() => solveHost(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 1), 2, 1)).toThrow(NumericalError);
  expect(() => solveHost(new Float64Array(4), Float64Array.of(1, 1), 2, 1)).toThrow(NumericalError);
  expect(solveHost(Float64Array.of(1, 0, 0, 1e-30), Float64Array.of(1, 1), 2, 1)[1]).toBeCloseTo(1e30, -20);
  expect(() => triangularSolveHost(Float64Array.of(1, 0, 1, 0), Float64Array.of(1, 1), 2, 1)).toThrow(
    /diagonal index 1/,
  );
  expect(slogdetHost(Float64Array.of(1, 2, 2, 4), 2)).toEqual({ sign: 0, logAbs: Number.NEGATIVE_INFINITY });
});

test("sizes and non-finite values are refused", () => {
  expect(() => eighHost(new Float64Array(3), 2)).toThrow(ShapeError);
  expect(() => svdHost(Float64Array.of(1, Number.NaN), 1, 2)).toThrow(ArgumentError);
  expect(() => choleskyHost(Float64Array.of(Number.POSITIVE_INFINITY), 1)).toThrow(/a\[0\] is Infinity/);
});
