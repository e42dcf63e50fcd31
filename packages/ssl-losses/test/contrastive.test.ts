import { expectClose, gaussians, numericalGradient } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  alignment,
  barlowTwins,
  couplingFactors,
  decoupledContrastive,
  directClr,
  infoNce,
  momentumInfoNce,
  ntXent,
  supCon,
  uniformity,
  vicReg,
} from "../src/index.js";
import { mirrorGradient, mirrorLosses } from "./reference/contrastive-mirror.js";
import { fill, filled } from "./reference/fill.js";

type Loss = (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor;
const A = () => filled(4, 3, 0);
const B = () => filled(4, 3, 0.4);
const T1 = { temperature: 0.5 };
const near = { relative: 1e-6, absolute: 2e-6 };
const random = (n: number, d: number, seed: number) =>
  tf.tensor2d(Float32Array.from(gaussians(n * d, seed)), [n, d]);
const number = async (t: tf.Tensor) => (await t.data())[0]!;

// Values and gradients of float64 automatic differentiation in PyTorch on the deterministic input.
const golden: [string, Loss, number, number[]][] = [
  ["ntXent", (a, b) => ntXent(a, b, T1), 1.1974916086, [0.0276708792, -0.0486714615, -0.0294004961]],
  [
    "DCL",
    (a, b) => decoupledContrastive(a, b, T1),
    0.8094701362,
    [0.0429542333, -0.075277871, -0.0451738673],
  ],
  [
    "DCLW, detached weight",
    (a, b) => decoupledContrastive(a, b, { ...T1, weight: "vonMisesFisher" }),
    0.814334124,
    [0.0444717198, -0.0791061641, -0.0487394816],
  ],
  [
    "DCLW, weight differentiated",
    (a, b) => decoupledContrastive(a, b, { ...T1, weight: "vonMisesFisher", detachWeight: false }),
    0.814334124,
    [0.0459135483, -0.0827435883, -0.0521273236],
  ],
  ["infoNce", (a, b) => infoNce(a, b, T1), 0.7847758427, [0.0167811924, -0.0259397433, -0.0118017492]],
  ["vicReg", (a, b) => vicReg(a, b).total, 12.5474923528, [-1.1778069209, -0.3904748054, 0.9903867642]],
  ["barlowTwins", (a, b) => barlowTwins(a, b), 0.0347717033, [-0.0235919553, -0.0053893121, 0.1167012672]],
];

test.each(golden)("%s has the reference value and gradient", async (_, loss, value, row) => {
  await expectClose(loss(A(), B()), value, near);
  const gradient = tf.grad((a) => loss(a as tf.Tensor2D, B()))(A());
  await expectClose(tf.slice(gradient, [0, 0], [1, 3]), row, { relative: 2e-5, absolute: 1e-6 });
});

test("parts and the other losses have the reference values", async () => {
  const parts = vicReg(A(), B());
  await expectClose(parts.invariance, 0.0803677152, near);
  await expectClose(parts.variance, 0.4107808545, near);
  await expectClose(parts.covariance, 0.2687781089, near);
  const paper = vicReg(A(), B(), { convention: "paper" });
  await expectClose(paper.variance, 2 * 0.4107808545, near);
  await expectClose(alignment(A(), B()), 0.170680916, near);
  await expectClose(tf.mean(tf.stack([uniformity(A()), uniformity(B())])), -1.7797078935, near);
  const queue = filled(5, 3, 1.7);
  await expectClose(momentumInfoNce(A(), B(), { queue, ...T1 }), 0.7910866078, near);
  await expectClose(momentumInfoNce(A(), B(), { queue, ...T1, decoupled: true }), 0.0805481845, near);
  const labels = tf.tensor1d([0, 0, 1, 1, 0, 0, 1, 1], "int32");
  await expectClose(supCon(tf.concat([A(), B()]) as tf.Tensor2D, labels, T1), 1.5911287988, near);
});

test("coupling factors and losses per anchor have the reference values", async () => {
  const q = [0.617065, 0.748724, 0.769391, 0.67587, 0.724193, 0.756155, 0.732823, 0.465317];
  await expectClose(couplingFactors(A(), B(), T1), q, { relative: 1e-6, absolute: 1e-6 });
  const e = [0.477108, 1.091817, 1.204874, 0.734856, 0.965355, 1.131713, 1.008993, -0.138956];
  await expectClose(decoupledContrastive(A(), B(), { ...T1, reduction: "none" }), e, near);
});

test("a weight function equal to the built-in one gives the same loss", async () => {
  const weight = (c: tf.Tensor1D) => tf.sub(2, tf.mul(tf.softmax(tf.div(c, 0.5)), 4)) as tf.Tensor1D;
  const own = decoupledContrastive(A(), B(), { ...T1, weight });
  await expectClose(own, 0.814334124, near);
});

test("NT-Xent is softplus of DCL and its gradient is q times that of DCL, anchor by anchor", async () => {
  const [a, b] = [random(5, 4, 1), random(5, 4, 2)];
  const each = (loss: Loss, i: number) => tf.grad((x) => tf.slice(loss(x as tf.Tensor2D, b), [i], [1]))(a);
  const none = { temperature: 0.2, reduction: "none" as const };
  await expectClose(ntXent(a, b, none), tf.softplus(decoupledContrastive(a, b, none)), near);
  const q = await couplingFactors(a, b, { temperature: 0.2 }).data();
  for (const i of [0, 3, 7]) {
    const dcl = each((x, y) => decoupledContrastive(x, y, none), i);
    await expectClose(
      each((x, y) => ntXent(x, y, none), i),
      tf.mul(dcl, q[i]!),
      { relative: 1e-4, absolute: 1e-6 },
    );
  }
});

test("values equal loops over anchors in double precision", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 9 }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer(),
      async (n, d, seed) => {
        const [a, b] = [random(n, d, seed), random(n, d, seed + 1)];
        for (const temperature of [0.02, 0.1, 1]) {
          const expected = mirrorLosses([...(await a.data()), ...(await b.data())], d, temperature);
          const tolerance = { relative: 1e-5, absolute: 1e-5 / temperature };
          await expectClose(ntXent(a, b, { temperature }), expected.ntXent, tolerance);
          await expectClose(decoupledContrastive(a, b, { temperature }), expected.dcl, tolerance);
          await expectClose(infoNce(a, b, { temperature }), expected.infoNce, tolerance);
        }
      },
    ),
    { numRuns: 15, seed: 7 },
  );
});

test.each([0.01, 0.02, 0.07, 0.1, 0.5, 5])(
  "gradients equal central differences at temperature %s",
  async (temperature) => {
    const [n, d] = [5, 3];
    const both = Float64Array.from(Float32Array.from(gaussians(2 * n * d, 11)));
    const stacked = tf.tensor2d(Float32Array.from(both), [2 * n, d]);
    const losses = { ntXent, dcl: decoupledContrastive, infoNce };
    for (const name of ["ntXent", "dcl", "infoNce"] as const) {
      const expected = numericalGradient((x) => mirrorLosses(x, d, temperature)[name], both, 1e-5);
      const gradient = tf.grad((x) => {
        const [a, b] = tf.split(x, 2) as [tf.Tensor2D, tf.Tensor2D];
        return losses[name](a, b, { temperature });
      })(stacked);
      const largest = Math.max(...expected.map(Math.abs));
      await expectClose(gradient, expected, { relative: 0, absolute: 3e-5 * largest + 1e-9 });
    }
  },
);

test.each([0.01, 0.1, 5])(
  "gradients of many pairs, in several blocks, equal double precision at temperature %s",
  async (temperature) => {
    const [n, d] = [520, 4];
    const both = Float32Array.from(gaussians(2 * n * d, 12));
    for (const [kind, loss] of [
      ["ntXent", ntXent],
      ["dcl", decoupledContrastive],
    ] as const) {
      const expected = mirrorGradient(both, d, temperature, kind);
      const gradient = tf.grad((x) => {
        const [a, b] = tf.split(x, 2) as [tf.Tensor2D, tf.Tensor2D];
        return loss(a, b, { temperature });
      })(tf.tensor2d(both, [2 * n, d]));
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      await expectClose(gradient, expected, { relative: 0, absolute: 2e-5 * largest });
    }
  },
);

test.each([1, 2, 3, 5, 7])(
  "tiles of %s rows give the same value and gradient as the whole matrix",
  async (blockSize) => {
    const [a, b] = [random(7, 4, 3), random(7, 4, 4)];
    for (const temperature of [0.01, 0.3]) {
      for (const loss of [ntXent, decoupledContrastive, infoNce]) {
        const whole = tf.valueAndGrads((x, y) => loss(x as tf.Tensor2D, y as tf.Tensor2D, { temperature }))([
          a,
          b,
        ]);
        const tiled = tf.valueAndGrads((x, y) =>
          loss(x as tf.Tensor2D, y as tf.Tensor2D, { temperature, blockSize }),
        )([a, b]);
        await expectClose(tiled.value, whole.value, { relative: 1e-5, absolute: 1e-5 });
        const scale = await number(tf.max(tf.abs(tf.stack(whole.grads))));
        for (const i of [0, 1])
          await expectClose(tiled.grads[i]!, whole.grads[i]!, { absolute: 1e-5 * scale });
      }
    }
  },
);

test("swapping views, permuting pairs, turning and scaling rows leave the losses", async () => {
  const [a, b] = [random(6, 3, 5), random(6, 3, 6)];
  const [sine, cosine] = [Math.sin(1), Math.cos(1)];
  const rotation = tf.tensor2d([cosine, -sine, 0, sine, cosine, 0, 0, 0, 1], [3, 3]);
  const turned = (x: tf.Tensor2D) => tf.matMul(x, rotation) as tf.Tensor2D;
  for (const loss of [ntXent, decoupledContrastive, infoNce]) {
    const value = loss(a, b);
    await expectClose(loss(b, a), value, { relative: 1e-5, absolute: 1e-5 });
    await expectClose(loss(tf.reverse(a, 0) as tf.Tensor2D, tf.reverse(b, 0) as tf.Tensor2D), value, {
      relative: 1e-5,
      absolute: 1e-5,
    });
    await expectClose(loss(turned(a), turned(b)), value, { relative: 1e-5, absolute: 1e-5 });
    await expectClose(loss(tf.mul(a, 1e-3) as tf.Tensor2D, tf.mul(b, 50) as tf.Tensor2D), value, {
      relative: 1e-5,
      absolute: 1e-5,
    });
    const gradient = tf.grad((x) => loss(x as tf.Tensor2D, b))(a);
    await expectClose(tf.sum(tf.mul(gradient, a), 1), new Float32Array(6), { absolute: 1e-5 });
  }
});

test("equal rows, orthogonal pairs and a simplex give their closed forms", async () => {
  const ones = tf.ones([4, 5]) as tf.Tensor2D;
  await expectClose(ntXent(ones, ones), Math.log(7), near);
  await expectClose(decoupledContrastive(ones, ones), Math.log(6), near);
  const eye = tf.eye(4);
  await expectClose(decoupledContrastive(eye, eye, { temperature: 0.5 }), Math.log(6) - 2, near);
  const simplex = tf.sub(eye, 0.25) as tf.Tensor2D;
  await expectClose(decoupledContrastive(simplex, simplex, { temperature: 0.5 }), -0.8749071974, near);
  await expectClose(ntXent(simplex, simplex, { temperature: 0.5 }), 0.3484718858, near);
});

test("zero rows and duplicates keep value and gradient finite, and zero rows get no gradient", async () => {
  const a = tf.tensor2d([0, 0, 1, 2, 1, 2], [3, 2]);
  const b = tf.tensor2d([1, 1, 1, 2, 0, 0], [3, 2]);
  for (const temperature of [0.01, 0.1]) {
    const { value, grad } = tf.valueAndGrad((x) => ntXent(x as tf.Tensor2D, b, { temperature }))(a);
    expect(Number.isFinite(await number(value))).toBe(true);
    const rows = await grad.data();
    expect([...rows].every(Number.isFinite)).toBe(true);
    expect(Math.abs(rows[0]!) + Math.abs(rows[1]!)).toBe(0);
  }
});

test("zero rows are counted where somebody wants to know", async () => {
  const [a, b] = [tf.tensor2d([0, 0, 1, 2, 1, 2], [3, 2]), tf.tensor2d([1, 1, 1, 2, 0, 0], [3, 2])];
  const before = tf.memory().numTensors;
  const told: { zeroRows: number; message: string }[] = [];
  const onWarning = (warning: { zeroRows: number; message: string }) => told.push(warning);
  for (const loss of [ntXent, decoupledContrastive, infoNce]) {
    tf.dispose(tf.valueAndGrad((x) => loss(x as tf.Tensor2D, b, { onWarning }))(a));
    loss(tf.ones([3, 2]), tf.ones([3, 2]), { onWarning }).dispose();
  }
  directClr(a, b, { size: 1, onWarning }).dispose();
  await new Promise((resolve) => setTimeout(resolve));
  expect(told.map(({ zeroRows }) => zeroRows)).toEqual([2, 2, 2, 2]);
  expect(told[0]!.message).toBe("ntXent: 2 of 6 rows are zero; they have no direction and get no gradient");
  expect(tf.memory().numTensors).toBe(before + 6); // six views of ones
});

test("pairs of one column, and two of them, keep to the mirror", async () => {
  for (const [n, d] of [
    [2, 1],
    [2, 3],
    [5, 1],
  ] as const) {
    const both = Float64Array.from(Float32Array.from(gaussians(2 * n * d, 31 + n * d)));
    const stacked = tf.tensor2d(Float32Array.from(both), [2 * n, d]);
    for (const [name, loss] of [
      ["ntXent", ntXent],
      ["dcl", decoupledContrastive],
    ] as const) {
      const expected = numericalGradient((x) => mirrorLosses(x, d, 0.5)[name], both, 1e-5);
      const gradient = tf.grad((x) => {
        const [a, b] = tf.split(x, 2) as [tf.Tensor2D, tf.Tensor2D];
        return loss(a, b, { temperature: 0.5 });
      })(stacked);
      await expectClose(gradient, expected, { relative: 0, absolute: 1e-5 });
    }
  }
});

test("a NaN in the input gives a NaN loss", async () => {
  const a = tf.tensor2d([Number.NaN, 0, 1, 2], [2, 2]);
  expect(await number(ntXent(a, tf.ones([2, 2])))).toBeNaN();
});

test("columns beyond the slice of DirectCLR get exactly no gradient", async () => {
  const [a, b] = [random(6, 5, 8), random(6, 5, 9)];
  const gradient = tf.grad((x) => directClr(x as tf.Tensor2D, b, { size: 2 }))(a);
  expect([...(await tf.slice(gradient, [0, 2], [6, 3]).data())].every((v) => v === 0)).toBe(true);
  const cut = (x: tf.Tensor2D) => tf.slice(x, [0, 0], [-1, 2]);
  await expectClose(directClr(a, b, { size: 2 }), infoNce(cut(a), cut(b)), near);
  await expectClose(directClr(a, b, { size: 2, loss: "ntXent" }), ntXent(cut(a), cut(b)), near);
});

test("keys and queue receive no gradient", () => {
  const queue = tf.variable(filled(5, 3, 1.7), true);
  const query = tf.variable(A(), true);
  const { grads } = tf.variableGrads(
    () => momentumInfoNce(query as tf.Tensor2D, B(), { queue: queue as tf.Tensor2D }),
    [query, queue] as tf.Variable[],
  );
  expect(Object.values(grads).filter((g) => g !== null)).toHaveLength(1);
  tf.dispose([queue, query]);
});

test("uniformity of random points on a sphere has its limit", async () => {
  const points = random(20_000, 3, 12);
  await expectClose(uniformity(points), Math.log((1 - Math.exp(-8)) / 8), { absolute: 0.01, relative: 0 });
});

test("wide embeddings give the same covariance terms as the full matrix", async () => {
  const [a, b] = [random(4, 9, 13), random(4, 9, 14)];
  const centred = tf.sub(a, tf.mean(a, 0, true)) as tf.Tensor2D;
  const c = tf.div(tf.matMul(centred, centred, true), 3) as tf.Tensor2D;
  const off = tf.div(tf.sum(tf.square(tf.mul(c, tf.sub(1, tf.eye(9))))), 9);
  const other = tf.sub(vicReg(a, b).covariance, vicReg(b, b).covariance);
  const same = tf.sub(off, tf.div(vicReg(b, b).covariance, 2));
  await expectClose(other, same, { relative: 1e-4, absolute: 1e-5 });
});

test("wrong arguments are refused with what was got and wanted", () => {
  const message = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  expect(message(() => ntXent(random(5, 8, 1), random(4, 8, 1)))).toBe(
    "ntXent: second has shape [4,8] and first has shape [5,8]; the shapes must be equal",
  );
  expect(message(() => ntXent(random(1, 8, 1), random(1, 8, 1)))).toBe(
    "ntXent: first has shape [1,8]; the batch must hold at least 2 pairs",
  );
  expect(message(() => ntXent(A(), B(), { temperature: 0 }))).toBe(
    "ntXent: temperature is 0; it must be a finite number above 0",
  );
  expect(message(() => directClr(random(2, 128, 1), random(2, 128, 1), { size: 512 }))).toBe(
    "directClr: size is 512 and the embeddings have 128 columns; size must be between 1 and 128",
  );
  expect(message(() => decoupledContrastive(A(), B(), { sigma: -1 }))).toContain("sigma is -1");
  expect(message(() => momentumInfoNce(A(), B(), { queue: random(2, 4, 1) }))).toContain(
    "[any,3] was expected",
  );
});

test("a second derivative is refused instead of being zero", () => {
  const inner = tf.grad((x) => ntXent(x as tf.Tensor2D, B()));
  expect(() => tf.grad((x) => tf.sum(tf.square(inner(x))))(A())).toThrow(/second derivative/);
});

test("no tensor is left behind, also with gradients and tiles", () => {
  const [a, b] = [A(), B()];
  const losses: Loss[] = [
    ...golden.map(([, loss]) => loss),
    (x, y) => ntXent(x, y, { blockSize: 3 }),
    (x, y) => infoNce(x, y, { blockSize: 3, temperature: 0.01 }),
    (x, y) => momentumInfoNce(x, y, { queue: a }),
    (x) => uniformity(x),
    (x, y) => alignment(x, y),
  ];
  for (const loss of losses) {
    const before = tf.memory().numTensors;
    for (let i = 0; i < 100; i++) tf.dispose(tf.valueAndGrad((x) => tf.sum(loss(x as tf.Tensor2D, b)))(a));
    expect(tf.memory().numTensors - before).toBe(0);
  }
  const before = tf.memory().numTensors;
  ntXent(a, b).dispose();
  ntXent(a, b, { blockSize: 3 }).dispose();
  tf.dispose({ ...vicReg(a, b) });
  expect(tf.memory().numTensors).toBe(before);
  expect(fill(1, 1, 0)[0]).toBeCloseTo(0.84147098, 7);
});
