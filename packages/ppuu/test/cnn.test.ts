import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  type CnnWorldModel,
  cnnPolicy,
  cnnWorldModel,
  klDivergence,
  uncertaintyCost,
  variance,
} from "../src/images.js";
import {
  type CostModel,
  costsOf,
  historyFromLog,
  type Imagined,
  samplePlaces,
  trainWorldModel,
} from "../src/index.js";
import { sampleWindow } from "../src/world/training-window.js";
import { smallLog } from "./small-log.js";

const log = await smallLog();
const count = (parameters: ReadonlyMap<string, tf.Tensor>) =>
  [...parameters.values()].reduce((sum, { size }) => sum + size, 0);
const history = (rows = 2, frames = 4) =>
  historyFromLog(log, samplePlaces(log, rows, frames - 1, 6, new Generator(3)), frames);
const present = (h: ReturnType<typeof history>) => {
  const [rows, frames] = h.ego.shape;
  return tf.squeeze(tf.slice(h.ego, [0, frames - 1, 0], [rows, 1, 5]), [1]) as tf.Tensor2D;
};

describe("sizes", () => {
  test("the networks have the parameters of the published code", () => {
    const full = cnnWorldModel({ kind: "cfm", size: "full" }).parameters();
    expect(count(full)).toBe(15_638_920);
    expect(count(cnnWorldModel({ kind: "dfm-km", size: "full" }).parameters())).toBe(14_130_051);
    expect(count(cnnPolicy().parameters())).toBe(6_543_298);
    expect(count(cnnWorldModel({ kind: "dfm-km" }).parameters())).toBe(140_803);
    // The sizes between the layers.
    const shape = (name: string) => full.get(`${name}.weight`)!.shape;
    const code = 14 * 3 * 256;
    expect(shape("image.0")).toEqual([4, 4, 60, 64]);
    expect(shape("state.2")).toEqual([256, code]);
    expect(shape("action.2")).toEqual([256, code]);
    expect(shape("posterior.0")).toEqual([code, 256]);
    expect(shape("expander")).toEqual([32, code]);
    expect(shape("unet.middle1")).toEqual([3 * 2 * 256, 256]);
    expect(shape("unet.middle2")).toEqual([256, 3 * 2 * 256]);
    expect(shape("head.2.0")).toEqual([512, 256]);
  });

  test("the full model predicts a 117 by 24 image and, where it has a state head, the ego", () => {
    const world = cnnWorldModel({ kind: "cfm", size: "full", seed: 1 });
    const h = history(1);
    const state = world.step(world.reset(h), present(h), tf.zeros([1, 2]));
    expect(world.scene(state).image!.shape).toEqual([1, 117, 24, 3]);
    expect(world.ego!(state).shape).toEqual([1, 5]);
    expect(() => cnnWorldModel({ kind: "cfm" })).toThrow('"full" was expected');
  });

  test("the policy answers within three standard deviations", async () => {
    const h = history(1, 20);
    const scene = {
      cars: tf.zeros<tf.Rank.R3>([1, 1, 5]),
      mask: tf.zeros<tf.Rank.R2>([1, 1]),
      road: log.road,
    };
    const policy = cnnPolicy();
    const action = await policy({ ego: present(h), scene, car: h.car, history: h }).data();
    expect(Math.abs(action[0]!)).toBeLessThanOrEqual(6);
    expect(Math.abs(action[1]!)).toBeLessThanOrEqual(0.03);
  });
});

test("the divergence of latent variables is the golden one", async () => {
  const grid = (f: (i: number, j: number) => number) =>
    tf.tensor2d(Array.from({ length: 3 }, (_, i) => Array.from({ length: 4 }, (_v, j) => f(i, j))));
  const kl = klDivergence(
    grid((i, j) => Math.sin(1.7 * i + 0.9 * j)),
    grid((i, j) => 0.5 * Math.cos(1.3 * i - 0.4 * j)),
  );
  await expectClose(tf.mean(kl), [1.09185], { relative: 2e-6 });
});

describe("small model", () => {
  const world = cnnWorldModel({ kind: "dfm-km", seed: 2 });
  const imageAfter = (steps: number, options: { latent?: tf.Tensor; seed?: number }) => {
    const h = history();
    let state = world.reset(h, options);
    for (let t = 0; t < steps; t++) state = world.step(state, present(h));
    return world.scene(state).image!;
  };

  test("a fixed latent gives the same image twice, another latent and dropped units change it", async () => {
    const latent = tf.keep(tf.ones([2, 3, 8]));
    const a = await imageAfter(2, { latent }).data();
    expect([...(await imageAfter(2, { latent }).data())]).toEqual([...a]);
    expect([...(await imageAfter(2, { latent: tf.mul(latent, 3) }).data())]).not.toEqual([...a]);
    world.dropsUnits = true;
    const [b, c] = [
      await imageAfter(2, { latent, seed: 1 }).data(),
      await imageAfter(2, { latent, seed: 2 }).data(),
    ];
    world.dropsUnits = false;
    expect([...b]).not.toEqual([...c]);
    expect(a.every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test("at first it copies: the logit residual makes the last frame the answer 0", async () => {
    const h = history();
    const first = await world.scene(world.reset(h)).image!.data();
    const next = await world
      .scene(world.step(world.reset(h, { latent: tf.zeros([2, 1, 8]) }), present(h)))
      .image!.data();
    const worst = Math.max(...next.map((value, i) => Math.abs(value - first[i]!)));
    expect(worst).toBeLessThan(0.05);
    const official = cnnWorldModel({ kind: "dfm-km", residual: "add", seed: 2 });
    const other = await official.scene(official.step(official.reset(h), present(h))).image!.data();
    expect(Math.max(...other.map((value, i) => Math.abs(value - first[i]!)))).toBeGreaterThan(0.4);
  });

  test("uncertainty needs a calibration, is 0 for a model that never disagrees, and grows with disagreement", async () => {
    const window = (seed: number) => sampleWindow(log, 3, 4, 2, new Generator(seed));
    const imagined = (of: CnnWorldModel, seed: number) => {
      const { history: seen, ego, actions } = window(seed);
      const at = <T extends tf.Tensor>(values: tf.Tensor3D, t: number) =>
        tf.squeeze(tf.slice(values, [0, t, 0], [3, 1, -1]), [1]) as unknown as T;
      let state = of.reset(seen, { seed });
      const future: Imagined = { ego: [], scenes: [], actions: [] };
      for (let t = 0; t < 2; t++) {
        state = of.step(state, at<tf.Tensor2D>(ego, t), at<tf.Tensor2D>(actions, t));
        future.ego.push(at(ego, t));
        future.scenes.push(of.scene(state));
        future.actions.push(at(actions, t));
      }
      return (cost: CostModel) => costsOf(future, cost, seen.car);
    };
    const noisy = cnnWorldModel({ kind: "dfm-km", seed: 3, dropout: 0.5 });
    const cost = uncertaintyCost(noisy, { passes: 4 });
    expect(() => imagined(noisy, 1)(cost)).toThrow("calibrate() was expected before use");
    await expect(cost.calibrate([])).rejects.toThrow("batches is empty");
    const before = tf.memory().numTensors;
    const windows = [1, 2, 3].map(window);
    const made = tf.memory().numTensors - before;
    const stats = await cost.calibrate(windows);
    expect(tf.memory().numTensors).toBe(before + made);
    expect(stats.image.mean).toHaveLength(2);
    expect(stats.cost.mean[1]!).toBeGreaterThan(0);
    // Errors grow as they are fed back.
    expect(stats.image.mean[1]!).toBeGreaterThan(stats.image.mean[0]!);
    const usual = imagined(noisy, 1)(cost);
    expect(usual.total.shape).toEqual([6]);
    const sum = async (value: { total: tf.Tensor }) =>
      [...(await value.total.data())].reduce((a, b) => a + b, 0);
    // The images differ from pass to pass: less than half a deviation above the mean costs nothing.
    const large: CostModel = (input) => {
      const stretched = input.scene.passes!.map((image, pass) => tf.mul(image, 1 + pass) as tf.Tensor4D);
      return cost({ ...input, scene: { ...input.scene, passes: stretched } });
    };
    expect(await sum(imagined(noisy, 1)(large))).toBeGreaterThan((await sum(usual)) + 1);
    const sure = cnnWorldModel({ kind: "dfm-km", seed: 3, dropout: 0 });
    const none = uncertaintyCost(sure, { passes: 3 });
    expect((await none.calibrate([window(4)])).image.mean).toEqual([0, 0]);
    expect([...(await imagined(sure, 1)(none).total.data())]).toEqual([0, 0, 0, 0, 0, 0]);
    const other = cnnWorldModel({ kind: "dfm-km", seed: 3 });
    expect(() => imagined(other, 1)(cost)).toThrow("scene has no passes");
    for (const own of [noisy, sure, other]) own.dispose();
  });

  test("the unbiased variance of passes is averaged over all but the batch", async () => {
    const passes = [0, 1, 2].map((p) =>
      tf.tensor2d([
        [p, 2 * p],
        [5, 5],
      ]),
    );
    await expectClose(variance(passes), [2.5, 0]);
  });

  test("errors are told beside those of copying", async () => {
    const window = sampleWindow(log, 4, 4, 3, new Generator(4));
    const before = tf.memory().numTensors;
    const { model, copy } = await world.errors(window, 0);
    expect(tf.memory().numTensors).toBe(before);
    expect(model).toHaveLength(3);
    expect(copy[2]!).toBeGreaterThan(copy[0]!);
    expect(model[0]!).toBeGreaterThan(0);
  });
});

test("learning predicts held-out images better than before and than copying", async () => {
  const world = cnnWorldModel({ kind: "dfm-km", seed: 5, isStochastic: false });
  const window = sampleWindow(log, 16, 4, 3, new Generator(9));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const before = await world.errors(window, 0);
  await trainWorldModel(log, { world, updates: 30, batch: 8, horizon: 3, frames: 4, seed: 2 });
  const after = await world.errors(window, 0);
  expect(mean(after.model)).toBeLessThan(mean(before.model));
  expect(mean(after.model)).toBeLessThan(mean(after.copy));
});

test("the loss of a stochastic model counts the divergence and reaches every part of the network", () => {
  const world = cnnWorldModel({ kind: "dfm-km", seed: 5, latentDropout: 0 });
  const variables = [...world.parameters().values()];
  const window = sampleWindow(log, 2, 4, 2, new Generator(9));
  const { grads } = tf.variableGrads(() => world.loss(window, 1) as tf.Scalar, variables);
  expect(variables.filter(({ name }) => grads[name] === undefined)).toEqual([]);
});
