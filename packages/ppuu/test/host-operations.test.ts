import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { vectorPartsByOps } from "../src/costs/vector-costs.js";
import { unicycleByOps } from "../src/ego/unicycle.js";
import { contours, renderContext } from "../src/images.js";
import { type Scene, sceneFeatures, unicycle, vectorCosts } from "../src/index.js";
import { gridOf } from "../src/raster/grid.js";
import { contextByOps } from "../src/raster/render-context.js";
import { featuresByOps } from "../src/scene/features.js";

// The loops over typed arrays against the same formulas in engine calls, which backends without reachable memory use.
const ROWS = 7;
const CARS = 5;
const generator = new Generator(4);
const between = (label: string, shape: number[], low: number[], high: number[]) =>
  tf.tidy(() =>
    tf.add(
      tf.mul(generator.split(label).uniform(shape, 0, 1), tf.tensor1d(high.map((h, i) => h - low[i]!))),
      tf.tensor1d(low),
    ),
  );
const states = () =>
  tf.tidy(() => {
    const [x, y, angle, v] = tf.split(between("ego", [ROWS, 4], [-9, -1, -0.4, 0], [9, 16, 0.4, 15]), 4, 1);
    return tf.concat([x!, y!, tf.cos(angle!), tf.sin(angle!), v!], 1) as tf.Tensor2D;
  });
const others = () =>
  between("cars", [ROWS, CARS, 5], [-25, 0, 0, 3, 1.5], [25, 15, 12, 9, 2.6]) as tf.Tensor3D;
const actions = () => between("action", [ROWS, 2], [-3, -0.03], [3, 0.03]) as tf.Tensor2D;
const sizes = () => between("size", [ROWS, 2], [4, 1.7], [6, 2.1]) as tf.Tensor2D;
const road = { lanes: 4, laneWidth: 3.7, destination: 1 };
const sceneOf = (cars: tf.Tensor3D): Scene => ({
  cars,
  mask: tf.cast(tf.greater(generator.split("mask").uniform([ROWS, CARS]), 0.2), "float32") as tf.Tensor2D,
  road,
});

/** Values, and gradients of a sum with uneven weights, of two ways to compute the same. */
async function expectSame(
  inputs: tf.Tensor[],
  fast: (...inputs: tf.Tensor[]) => tf.Tensor,
  slow: (...inputs: tf.Tensor[]) => tf.Tensor,
  tolerance: { relative?: number; absolute: number } = { relative: 1e-4, absolute: 1e-4 },
): Promise<void> {
  await expectClose(fast(...inputs), slow(...inputs), { relative: 1e-5, absolute: 2e-5 });
  const gradients = (f: typeof fast) =>
    tf.grads((...given: tf.Tensor[]) => {
      const value = f(...given);
      const weights = tf.sin(tf.range(0, value.size, 1, "float32"));
      return tf.sum(tf.mul(tf.reshape(value, [-1]), weights));
    })(inputs);
  const [found, expected] = [gradients(fast), gradients(slow)];
  for (const [i, gradient] of found.entries()) {
    expect(gradient.shape).toEqual(inputs[i]!.shape);
    await expectClose(gradient, expected[i]!, tolerance);
  }
}

test("the unicycle's loop is its formula, with and without a lowest speed", async () => {
  for (const minSpeed of [0, null, 9]) {
    await expectSame(
      [states(), actions()],
      (s, u) => unicycle({ dt: 0.3, minSpeed }).step(s as tf.Tensor2D, u as tf.Tensor2D),
      (s, u) => unicycleByOps(s as tf.Tensor2D, u as tf.Tensor2D, 0.3, minSpeed),
    );
  }
});

test("the features' loop is their formula", async () => {
  await expectSame(
    [states(), others()],
    (ego, cars) => sceneFeatures(ego as tf.Tensor2D, sceneOf(cars as tf.Tensor3D)),
    (ego, cars) => featuresByOps(ego as tf.Tensor2D, sceneOf(cars as tf.Tensor3D)),
  );
});

test("the vector costs' loop is their formula, part by part", async () => {
  const car = sizes();
  const cost = vectorCosts();
  const inputOf = (ego: tf.Tensor, action: tf.Tensor, cars: tf.Tensor) => ({
    ego: ego as tf.Tensor2D,
    action: action as tf.Tensor2D,
    scene: sceneOf(cars as tf.Tensor3D),
    car,
  });
  await expectSame(
    [states(), actions(), others()],
    (...given) => tf.stack(Object.values(cost(inputOf(given[0]!, given[1]!, given[2]!)).parts)),
    (...given) => vectorPartsByOps(inputOf(given[0]!, given[1]!, given[2]!)),
  );
});

test("the image's loop is its formula, on both grids, and contours accept it", async () => {
  for (const kind of ["pixel", "linspace"] as const) {
    const options = { height: 31, width: 12, cell: 1.3, grid: kind };
    const grid = gridOf("test", options);
    await expectSame(
      [states(), others()],
      (reference, cars) =>
        renderContext(sceneOf(cars as tf.Tensor3D), { ...options, reference: reference as tf.Tensor2D }),
      (reference, cars) => contextByOps(sceneOf(cars as tf.Tensor3D), reference as tf.Tensor2D, grid),
      { relative: 1e-3, absolute: 1e-3 },
    );
  }
  const image = renderContext(sceneOf(others()), { reference: states() });
  const cars = tf.squeeze(tf.slice(image, [0, 0, 0, 1], [-1, -1, -1, 1]), [3]) as tf.Tensor3D;
  expect((await tf.sum(contours(cars)).data())[0]).toBeGreaterThan(0);
});

test("a scene without cars has features and costs, and nothing is left behind", async () => {
  const scene: Scene = { cars: tf.zeros([2, 0, 5]), mask: tf.zeros([2, 0]), road };
  const ego = tf.tensor2d([
    [0, 5.55, 1, 0, 12],
    [0, 5.55, 1, 0, 10],
  ]);
  const input = { scene, ego, action: tf.zeros<tf.Rank.R2>([2, 2]), car: tf.ones<tf.Rank.R2>([2, 2]) };
  const before = tf.memory().numTensors;
  const features = sceneFeatures(ego, scene);
  expect(Array.from(await features.data()).slice(5, 9)).toEqual([2, 0, 0, 0]);
  const { total, parts } = vectorCosts()(input);
  await expectClose(total, [0, 0.1 * 0.04], { absolute: 1e-7 });
  tf.dispose([features, total, ...Object.values(parts)]);
  tf.dispose(tf.grad((at) => vectorCosts()({ ...input, ego: at as tf.Tensor2D }).total)(ego));
  expect(tf.memory().numTensors).toBe(before);
});
