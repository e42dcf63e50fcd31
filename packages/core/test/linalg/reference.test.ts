import { readFile } from "node:fs/promises";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  cholesky,
  choleskyHost,
  eigh,
  eighHost,
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
  triangularSolve,
} from "../../src/linalg/index.js";
import { expectClose } from "../../src/testing/index.js";

// Made by reference/numpy-linalg.py with numpy and scipy in double precision, with this package's signs.
interface Case {
  shape: [number, number];
  [name: string]: number[] | number;
}
const file = new URL("./reference/numpy-linalg.json", import.meta.url);
const { cases } = JSON.parse(await readFile(file, "utf8")) as { cases: Case[] };
const double = { relative: 1e-10, absolute: 1e-11 };
const single = { relative: 1e-4, absolute: 3e-5 };

test("five shapes are on file", () => expect(cases.length).toBe(5));

test.each(cases)("rectangular factorisations agree with numpy at $shape", async (given) => {
  const [m, n] = given.shape;
  const of = (name: string) => Float64Array.from(given[name] as number[]);
  const a = tf.tensor2d(Float32Array.from(of("a")), [m, n]);
  const b = tf.tensor2d(Float32Array.from(of("b")), [m, 2]);
  const host = { ...svdHost(of("a"), m, n), ...qrHost(of("a"), m, n) };
  const device = { ...svd(a), ...qr(a), pinv: pinv(a), lstsq: lstsq(a, b), logdetGram: logdetGram(a, 0.5) };
  for (const name of ["u", "s", "vt", "q", "r"] as const) {
    await expectClose(host[name], of(name), double);
  }
  for (const [name, value] of Object.entries(device)) {
    await expectClose(value as tf.Tensor, given[name] as number[], single);
  }
});

test.each(cases.filter(({ shape }) => shape[0] === shape[1]))(
  "square factorisations agree with numpy and scipy at $shape",
  async (given) => {
    const n = given.shape[0];
    const of = (name: string) => Float64Array.from(given[name] as number[]);
    const square = (name: string) => tf.tensor2d(Float32Array.from(of(name)), [n, n]);
    const b = tf.tensor2d(Float32Array.from(of("b")), [n, 2]);
    await expectClose(choleskyHost(of("spd"), n), of("cholesky"), double);
    await expectClose(eighHost(of("symmetric"), n).values, of("values"), double);
    await expectClose(eighHost(of("symmetric"), n).vectors, of("vectors"), double);
    await expectClose(solveHost(of("a"), of("b"), n, 2), of("solve"), double);
    await expectClose(logdetHost(of("spd"), n), given.logdet as number, double);
    await expectClose(slogdetHost(of("a"), n).logAbs, given.logAbs as number, double);
    const l = cholesky(square("spd"));
    await expectClose(l, of("cholesky"), single);
    await expectClose(triangularSolve(l, b, { transpose: true }), of("triangular"), single);
    const { values, vectors } = eigh(square("symmetric"));
    await expectClose(values, of("values"), single);
    await expectClose(vectors, of("vectors"), single);
    await expectClose(solve(square("a"), b), of("solve"), single);
    await expectClose(logdet(square("spd")), given.logdet as number, single);
    const { sign, logAbs } = slogdet(square("a"));
    await expectClose(sign, given.sign as number, single);
    await expectClose(logAbs, given.logAbs as number, single);
  },
);
