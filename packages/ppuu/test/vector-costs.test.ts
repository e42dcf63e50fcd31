import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { type Scene, sceneFeatures, stopGradient, vectorCosts } from "../src/index.js";

// Golden scene: two egos, five cars each; values computed with numpy in double precision.
const heading = [0.03, -0.05];
const egos = [0, 1].map((i) => [
  [0, 2][i]!,
  [5.2, 9.6][i]!,
  Math.cos(heading[i]!),
  Math.sin(heading[i]!),
  [8, 11][i]!,
]);
const cars = [0, 1].map((i) =>
  [0, 1, 2, 3, 4].map((k) => [
    12 * Math.sin(1.7 * k + 0.9 * i) + 4 * (k - 2),
    (((k + i) % 4) + 0.5) * 3.7 + 0.3 * Math.cos(k),
    9 + 2 * Math.sin(k + i),
    4.6 + 0.1 * k,
    1.8 + 0.1 * (k % 2),
  ]),
);
const scene = (): Scene => ({
  cars: tf.tensor3d(cars),
  mask: tf.ones([2, 5]),
  road: { lanes: 4, laneWidth: 3.7, destination: 150 },
});
const car = () => tf.tensor2d([4.8, 1.9, 4.8, 1.9], [2, 2]);
const action = () => tf.tensor2d([0.5, 0.004, -1, -0.006], [2, 2]);

test("total costs are the golden ones", async () => {
  const { total, parts } = vectorCosts()({
    scene: scene(),
    ego: tf.tensor2d(egos),
    action: action(),
    car: car(),
  });
  await expectClose(total, [6.19089, 9.069839], { relative: 2e-6 });
  expect(Object.keys(parts)).toEqual(["proximity", "lane", "offroad", "speed", "action"]);
});

test("gradients by the pose are the golden ones, and the safe distance passes none to the speed", async () => {
  const cost = vectorCosts();
  const pull = await tf
    .grad((ego) =>
      tf.sum(cost({ scene: scene(), ego: ego as tf.Tensor2D, action: action(), car: car() }).total),
    )(tf.tensor2d(egos))
    .data();
  await expectClose([pull[0]!, pull[1]!], [0.71385, -2.541394], { relative: 1e-5 });
  await expectClose([pull[5]!, pull[6]!], [-0.092395, 1.589795], { relative: 1e-5, absolute: 1e-5 });
  await expectClose([pull[4]!, pull[9]!], [-0.008, -0.002], { absolute: 1e-6 });
});

test("the nearest car ahead in the left lane is the golden one", async () => {
  const features = sceneFeatures(tf.tensor2d(egos), scene());
  expect(features.shape).toEqual([2, 29]);
  await expectClose(tf.slice(features, [0, 5], [1, 4]), [0.464312, -0.958404, -0.102721, 1]);
  await expectClose(tf.slice(features, [1, 5], [1, 4]), [0.595267, -1.147593, -0.78357, 1]);
});

test("nobody within 60 m reads as 2, and a masked car is not seen", async () => {
  const empty = { ...scene(), mask: tf.zeros<tf.Rank.R2>([2, 5]) };
  const features = await sceneFeatures(tf.tensor2d(egos), empty).array();
  for (let slot = 0; slot < 6; slot++)
    expect(features[0]!.slice(5 + 4 * slot, 9 + 4 * slot)).toEqual([2, 0, 0, 0]);
  const { parts } = vectorCosts()({ scene: empty, ego: tf.tensor2d(egos), action: action(), car: car() });
  expect([...(await parts.proximity!.data())]).toEqual([0, 0]);
});

test("features and costs do not change when the road is shifted", async () => {
  const shift = (rows: number[][]) => rows.map(([x, ...rest]) => [x! + 100, ...rest]);
  const moved: Scene = { ...scene(), cars: tf.tensor3d(cars.map(shift)) };
  const at = tf.tensor2d(shift(egos));
  await expectClose(sceneFeatures(at, moved), sceneFeatures(tf.tensor2d(egos), scene()), { absolute: 1e-5 });
});

test("a cut tensor has no derivative at all", async () => {
  const x = tf.variable(tf.scalar(2));
  const other = tf.variable(tf.scalar(3));
  const { grads } = tf.variableGrads(
    () => tf.mul(stopGradient(tf.square(x)), other) as tf.Scalar,
    [x, other],
  );
  expect(grads[x.name]).toBeUndefined();
  await expectClose(grads[other.name]!, [4]);
});

test("shapes that do not fit are refused", () => {
  const ego = tf.tensor2d(egos);
  expect(() => sceneFeatures(ego, { ...scene(), mask: tf.ones([2, 4]) })).toThrow(
    "scene.mask has shape [2,4]",
  );
  expect(() => vectorCosts()({ scene: scene(), ego, action: action(), car: tf.zeros([1, 2]) })).toThrow(
    "car has shape [1,2]; [2,2] was expected",
  );
  expect(() => vectorCosts({ lane: -1 })).toThrow("weights.lane is -1");
});
