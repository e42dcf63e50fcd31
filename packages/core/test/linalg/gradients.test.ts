import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { NumericalError } from "../../src/errors/index.js";
import {
  cholesky,
  choleskyHost,
  choleskySolve,
  choleskySolveHost,
  effectiveRank,
  eigh,
  eighHost,
  eigvalsh,
  logdet,
  logdetGram,
  logdetHost,
  lstsq,
  pinv,
  qr,
  qrHost,
  slogdet,
  slogdetHost,
  solve,
  solveHost,
  svd,
  svdHost,
  svdvals,
  triangularSolve,
  triangularSolveHost,
} from "../../src/linalg/index.js";
import { expectClose, gaussians, numericalGradient } from "../../src/testing/index.js";
import { multiply, spectra, transpose, withSpectrum } from "./matrices.js";

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
const float32 = (values: ArrayLike<number>) => Float64Array.from(Float32Array.from(values));
const symmetric = (a: Float64Array, n: number) =>
  a.map((x, i) => (x + a[(i % n) * n + Math.floor(i / n)]!) / 2);

type Op = (a: tf.Tensor) => tf.Tensor | tf.Tensor[];
type HostOp = (a: Float64Array) => ArrayLike<number>[];

/** Compares the gradient of a random linear functional of all outputs with central differences in double precision. */
async function checkGradient(
  op: Op,
  host: HostOp,
  at: Float64Array,
  shape: number[],
  relative = 2e-4,
): Promise<void> {
  const x = float32(at);
  const weights = host(x).map((output, i) => gaussians(output.length, 900 + i));
  const outputs = (a: tf.Tensor) => {
    const out = op(a);
    return Array.isArray(out) ? out : [out];
  };
  const gradient = tf.grad((a) =>
    tf.addN(
      outputs(a).map((out, i) => tf.sum(tf.mul(out, tf.tensor(Float32Array.from(weights[i]!), out.shape)))),
    ),
  )(tf.tensor(Float32Array.from(x), shape));
  const expected = numericalGradient(
    (a) => host(a).reduce((sum, output, i) => sum + dot(output, float32(weights[i]!)), 0),
    x,
  );
  const scale = Math.max(...expected.map(Math.abs));
  await expectClose(gradient, expected, { relative, absolute: relative * scale });
}

const n = 5;
const spd = withSpectrum(spectra.random!(n), 3);
const general = gaussians(n * n, 4);
const right = float32(gaussians(n * 2, 5));
const rightTensor = () => tf.tensor2d(Float32Array.from(right), [n, 2]);
/** What an operation on the symmetric part computes; its gradient is symmetric. */
const onSymmetric =
  (host: HostOp): HostOp =>
  (a) =>
    host(symmetric(a, n));

describe("gradients agree with central differences", () => {
  test("of cholesky", () =>
    checkGradient(
      (a) => cholesky(a),
      onSymmetric((a) => [choleskyHost(a, n)]),
      spd,
      [n, n],
    ));

  test("of cholesky with a jitter", () =>
    checkGradient(
      (a) => cholesky(a, { jitter: 0.1 }),
      onSymmetric((a) => [choleskyHost(a, n, { jitter: 0.1 })]),
      spd,
      [n, n],
    ));

  test.each([
    [true, false],
    [true, true],
    [false, false],
    [false, true],
  ])("of triangularSolve, lower %s, transpose %s", async (lower, transposed) => {
    const l = general.map((x, i) => (i % (n + 1) === 0 ? 2 + Math.abs(x) : x));
    const options = { lower, transpose: transposed };
    await checkGradient(
      (a) => triangularSolve(a, rightTensor(), options),
      (a) => [triangularSolveHost(a, right, n, 2, options)],
      l,
      [n, n],
    );
    const fixed = float32(l);
    await checkGradient(
      (b) => triangularSolve(tf.tensor2d(Float32Array.from(fixed), [n, n]), b, options),
      (b) => [triangularSolveHost(fixed, b, n, 2, options)],
      right,
      [n, 2],
    );
  });

  test("of choleskySolve", () =>
    checkGradient(
      (a) => choleskySolve(a, rightTensor()),
      (l) => [choleskySolveHost(l, right, n, 2)],
      choleskyHost(spd, n),
      [n, n],
    ));

  test("of solve", async () => {
    await checkGradient(
      (a) => solve(a, rightTensor()),
      (a) => [solveHost(a, right, n, 2)],
      general,
      [n, n],
    );
    const fixed = float32(general);
    const a = tf.tensor2d(Float32Array.from(fixed), [n, n]);
    await checkGradient(
      (b) => solve(a, b),
      (b) => [solveHost(fixed, b, n, 2)],
      right,
      [n, 2],
    );
  });

  test("of logdet", () =>
    checkGradient(
      (a) => logdet(a),
      onSymmetric((a) => [[logdetHost(a, n)]]),
      spd,
      [n, n],
    ));

  test("of slogdet", () =>
    checkGradient(
      (a) => slogdet(a).logAbs,
      (a) => [[slogdetHost(a, n).logAbs]],
      general,
      [n, n],
    ));

  test.each([
    [3, 6],
    [6, 3],
    [4, 4],
  ])("of logdetGram at %i by %i", (rows, columns) =>
    checkGradient(
      (z) => logdetGram(z, 0.7),
      (z) => {
        const gram = multiply(transpose(z, rows, columns), z, columns, rows, columns).map((x) => 0.7 * x);
        for (let i = 0; i < columns; i++) gram[i * columns + i] = gram[i * columns + i]! + 1;
        return [[logdetHost(gram, columns)]];
      },
      gaussians(rows * columns, 6),
      [rows, columns],
    ),
  );

  test("of eigh", () =>
    checkGradient(
      (a) => {
        const { values, vectors } = eigh(a);
        return [values, vectors];
      },
      onSymmetric((a) => {
        const { values, vectors } = eighHost(a, n);
        return [values, vectors];
      }),
      symmetric(general, n),
      [n, n],
      1e-3,
    ));

  test("of eigvalsh", () =>
    checkGradient(
      (a) => eigvalsh(a),
      onSymmetric((a) => [eighHost(a, n).values]),
      symmetric(general, n),
      [n, n],
    ));

  test.each([
    [5, 5],
    [6, 3],
    [3, 6],
  ])("of svd and svdvals at %i by %i", async (rows, columns) => {
    const a = gaussians(rows * columns, 7);
    await checkGradient(
      (x) => Object.values(svd(x)) as tf.Tensor[],
      (x) => {
        const { u, s, vt } = svdHost(x, rows, columns);
        return [u, s, vt];
      },
      a,
      [rows, columns],
      1e-3,
    );
    await checkGradient(
      (x) => svdvals(x),
      (x) => [svdHost(x, rows, columns).s],
      a,
      [rows, columns],
    );
  });

  test("of the full left basis where only its span counts", () =>
    // The projector on the complement of the range: U₂ U₂ᵀ = I − U₁ U₁ᵀ.
    checkGradient(
      (x) => {
        const rest = tf.slice(svd(x, { fullMatrices: true }).u, [0, 2], [5, 3]);
        return tf.matMul(rest, rest, false, true);
      },
      (x) => {
        const { u } = svdHost(x, 5, 2);
        return [multiply(u, transpose(u, 5, 2), 5, 2, 5).map((value, i) => (i % 6 === 0 ? 1 : 0) - value)];
      },
      gaussians(10, 8),
      [5, 2],
      1e-3,
    ));

  test.each([
    [5, 5],
    [6, 3],
    [3, 6],
  ])("of qr at %i by %i", (rows, columns) =>
    checkGradient(
      (x) => Object.values(qr(x)) as tf.Tensor[],
      (x) => {
        const { q, r } = qrHost(x, rows, columns);
        return [q, r];
      },
      gaussians(rows * columns, 9),
      [rows, columns],
      1e-3,
    ),
  );

  test.each([
    [6, 3],
    [3, 6],
  ])("of pinv and lstsq at %i by %i", async (rows, columns) => {
    const pinvHost = (x: Float64Array) => {
      const k = Math.min(rows, columns);
      const { u, s, vt } = svdHost(x, rows, columns);
      const scaled = transpose(vt, k, columns).map((value, i) => value / s[i % k]!);
      return multiply(scaled, transpose(u, rows, k), columns, k, rows);
    };
    const a = float32(gaussians(rows * columns, 10));
    const b = float32(gaussians(rows * 2, 11));
    const shape = [rows, columns];
    const lstsqHost = (x: Float64Array, y: Float64Array) => multiply(pinvHost(x), y, columns, rows, 2);
    const [aTensor, bTensor] = [
      tf.tensor(Float32Array.from(a), shape),
      tf.tensor(Float32Array.from(b), [rows, 2]),
    ];
    await checkGradient(
      (x) => pinv(x),
      (x) => [pinvHost(x)],
      a,
      shape,
      1e-3,
    );
    await checkGradient(
      (x) => lstsq(x, bTensor),
      (x) => [lstsqHost(x, b)],
      a,
      shape,
      1e-3,
    );
    await checkGradient(
      (y) => lstsq(aTensor, y),
      (y) => [lstsqHost(a, y)],
      b,
      [rows, 2],
      1e-3,
    );
  });

  test("of effectiveRank", () =>
    checkGradient(
      (s) => effectiveRank(s),
      (s) => {
        const total = s.reduce((sum, x) => sum + x, 0);
        return [[Math.exp(-s.reduce((sum, x) => sum + (x / total) * Math.log(x / total), 0))]];
      },
      Float64Array.of(3, 2, 0.5, 0.1),
      [4],
    ));
});

describe("at degenerate points", () => {
  const finite = async (gradient: tf.Tensor) => {
    for (const x of await gradient.data()) expect(Number.isFinite(x)).toBe(true);
  };

  test("the gradient of a function of the spectrum is exact at equal eigenvalues", async () => {
    // tr A⁴ has the gradient 4 A³ everywhere; through the vectors, V diag(λ⁴) Vᵀ.
    for (const spectrum of ["clustered", "identity", "singular"]) {
      const a = float32(withSpectrum(spectra[spectrum]!(n), 13));
      const gradient = tf.grad((x) => {
        const { values, vectors } = eigh(x);
        const scaled = tf.mul(vectors, tf.expandDims(tf.pow(values, 4), 0));
        return tf.sum(tf.mul(tf.matMul(scaled, vectors, false, true), tf.eye(n)));
      })(tf.tensor2d(Float32Array.from(a), [n, n]));
      const cube = multiply(multiply(a, a, n, n, n), a, n, n, n).map((x) => 4 * x);
      const scale = Math.max(...cube.map(Math.abs));
      await expectClose(gradient, cube, { relative: 1e-3, absolute: 1e-3 * scale });
    }
  });

  test("no gradient of eigh or svd is NaN, not even at zero", async () => {
    for (const a of [tf.zeros([3, 3]), tf.ones([3, 3]), tf.eye(3), tf.mul(tf.eye(3), 1e-30)]) {
      await finite(tf.grad((x) => tf.addN(Object.values(eigh(x)).map((t) => tf.sum(t))))(a));
      await finite(tf.grad((x) => tf.addN(Object.values(svd(x)).map((t) => tf.sum(t))))(a));
    }
    for (const a of [tf.zeros([3, 2]), tf.ones([3, 3])]) await finite(tf.grad((x) => tf.sum(pinv(x)))(a));
    await finite(tf.grad((x) => tf.sum(svd(x, { fullMatrices: true }).u))(tf.zeros([4, 2])));
    await finite(tf.grad((s) => effectiveRank(s))(tf.tensor1d([1, 0, 0])));
    await finite(tf.grad((s) => effectiveRank(s))(tf.zeros([3])));
  });

  test("a wider broadening damps the turn of close vectors", async () => {
    const a = tf.tensor2d([1, 0, 0, 1.001], [2, 2]);
    const turn = async (broadening: number) => {
      const gradient = tf.grad((x) => tf.sum(tf.slice(eigh(x, { broadening }).vectors, [0, 1], [1, 1])))(a);
      return Math.abs((await gradient.data())[1]!);
    };
    expect(await turn(0)).toBeCloseTo(500, -1);
    expect(await turn(0.1)).toBeLessThan(1);
  });

  test("the gradient of slogdet at a singular matrix is refused", () => {
    expect(() => tf.grad((x) => slogdet(x).logAbs)(tf.ones([2, 2]))).toThrow(NumericalError);
  });
});

describe("second derivatives", () => {
  // ‖∇f‖² at x in double precision by differences of the first-order formula, against grad of grad.
  test.each<[string, (a: tf.Tensor) => tf.Tensor, (a: Float64Array) => Float64Array]>([
    [
      "logdet",
      (a) => logdet(a),
      (a) => {
        const eye = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
        return solveHost(symmetric(a, n), eye, n, n);
      },
    ],
    [
      "the sum of squared Cholesky factors, which is the trace",
      (a) => tf.sum(tf.square(cholesky(a))),
      (a) => Float64Array.from(a, (_, i) => (i % (n + 1) === 0 ? 1 : 0)),
    ],
    [
      "eigh through values",
      (a) => tf.sum(tf.pow(eigh(a).values, 3)),
      (a) => multiply(symmetric(a, n), symmetric(a, n), n, n, n).map((x) => 3 * x),
    ],
    [
      "singular values of a symmetric positive matrix",
      (a) => tf.sum(tf.pow(svdvals(a), 4)),
      (a) => multiply(multiply(a, transpose(a, n, n), n, n, n), a, n, n, n).map((x) => 4 * x),
    ],
  ])("of %s", async (_, f, gradientHost) => {
    const x = float32(spd);
    const penalty = tf.grad((a) => tf.sum(tf.square(tf.grad(f)(a))));
    const expected = numericalGradient((a) => dot(gradientHost(a), gradientHost(a)), x);
    const scale = Math.max(1e-2, ...expected.map(Math.abs));
    await expectClose(penalty(tf.tensor2d(Float32Array.from(x), [n, n])), expected, {
      relative: 5e-3,
      absolute: 5e-3 * scale,
    });
  });
});

test("gradients of batches are those of their members", async () => {
  const [a, b] = [withSpectrum(spectra.random!(4), 71), withSpectrum(spectra.random!(4), 72)];
  const batch = tf.tensor3d(Float32Array.from([...a, ...b]), [2, 4, 4]);
  for (const f of [
    (x: tf.Tensor) => tf.sum(tf.cos(eigh(x).vectors)),
    (x: tf.Tensor) => tf.sum(logdet(x)),
    (x: tf.Tensor) => tf.sum(tf.cos(cholesky(x))),
    (x: tf.Tensor) => tf.sum(tf.cos(svd(x).u)),
    (x: tf.Tensor) => tf.sum(tf.cos(qr(x).q)),
    (x: tf.Tensor) => tf.sum(logdetGram(x, 2)),
  ]) {
    const whole = tf.grad(f)(batch);
    const parts = [0, 1].map((i) => tf.grad(f)(tf.squeeze(tf.slice(batch, i, 1), [0])));
    await expectClose(whole, tf.stack(parts), { relative: 1e-3, absolute: 1e-3 });
  }
});

test("a variable is trained through a determinant", async () => {
  const a = tf.variable(tf.tensor2d([2, 0.5, 0.5, 1], [2, 2]));
  const { grads } = tf.variableGrads(() => tf.neg(logdet(a)) as tf.Scalar, [a]);
  const det = 1.75;
  await expectClose(grads[a.name]!, [-1 / det, 0.5 / det, 0.5 / det, -2 / det], { relative: 1e-5 });
});
