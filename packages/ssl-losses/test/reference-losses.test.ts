import { readFileSync } from "node:fs";
import { ari, clusterAccuracy, nmi } from "@lab/core/metrics";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  barlowTwins,
  codingRate,
  codingRateReduction,
  decoupledContrastive,
  infoNce,
  ntXent,
  rankMe,
  uniformity,
  vicReg,
} from "../src/index.js";
import { filled } from "./reference/fill.js";

interface Case {
  n: number;
  d: number;
  phi: number;
  temperature: number;
  numClusters: number;
  epsilonSquared: number;
  /** Loss, first two entries of its gradient to the first view, gradient times second view, largest entry. */
  values: Record<string, [number, number, number, number, number]>;
  rankMe: number;
}

// Made by reference/make_losses.py in double precision; ntXent, dcl and dclw agree with lightly's there.
const cases = JSON.parse(readFileSync(new URL("./reference/losses.json", import.meta.url), "utf8")) as Case[];

test("fifty shapes have the losses and gradients of double precision", async () => {
  const worst = { value: 0, gradient: 0 };
  for (const { n, d, phi, temperature, numClusters, epsilonSquared, values, rankMe: rank } of cases) {
    const [a, b] = [filled(n, d, phi), filled(n, d, phi + 0.4)];
    const pi = tf.softmax(filled(n, numClusters, phi + 0.9));
    const unit = (x: tf.Tensor2D) => tf.div(x, tf.norm(x, 2, 1, true)) as tf.Tensor2D;
    const losses: Record<string, (x: tf.Tensor2D) => tf.Tensor> = {
      ntXent: (x) => ntXent(x, b, { temperature }),
      dcl: (x) => decoupledContrastive(x, b, { temperature }),
      dclw: (x) => decoupledContrastive(x, b, { temperature, weight: "vonMisesFisher" }),
      infoNce: (x) => infoNce(x, b, { temperature }),
      vicReg: (x) => vicReg(x, b).total,
      barlowTwins: (x) => barlowTwins(x, b),
      uniformity: (x) => uniformity(x),
      codingRate: (x) => codingRate(unit(x), { epsilonSquared }),
      reduction: (x) => codingRateReduction(unit(x), pi, { epsilonSquared }).reduction,
    };
    expect(Object.keys(losses)).toEqual(Object.keys(values));
    for (const [name, loss] of Object.entries(losses)) {
      const { value, grad } = tf.valueAndGrad((x) => loss(x as tf.Tensor2D))(a);
      const [[got], g, [along]] = await Promise.all([
        value.data(),
        grad.data(),
        tf.sum(tf.mul(grad, b)).data(),
      ]);
      const [expected, first, second, product, largest] = values[name]!;
      const off = Math.abs(got! - expected) / Math.max(1, Math.abs(expected));
      const errors = [g[0]! - first, g[1]! - second, (along! - product) / Math.sqrt(n * d)];
      // A reduction is the difference of two rates, whose gradients nearly cancel where there are few rows.
      const scale = name === "reduction" ? values.codingRate![4] : largest;
      const offGradient = Math.max(...errors.map(Math.abs)) / (scale + 1e-6);
      worst.value = Math.max(worst.value, off);
      worst.gradient = Math.max(worst.gradient, offGradient);
      tf.dispose([value, grad]);
    }
    expect(await rankMe(a)).toBeCloseTo(rank, 3);
  }
  expect(worst.value).toBeLessThan(1e-5);
  expect(worst.gradient).toBeLessThan(5e-5);
});

test("scores of clusters have the reference values", async () => {
  const truth = [0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2];
  const found = [1, 1, 1, 0, 0, 0, 0, 0, 2, 2, 2, 2, 1, 2, 2];
  expect(await clusterAccuracy(found, truth)).toBeCloseTo(11 / 15, 12);
  expect(await nmi(found, truth)).toBeCloseTo(0.4890125663, 9);
  expect(await ari(found, truth)).toBeCloseTo(0.3591979079, 9);
});
