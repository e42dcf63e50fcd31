import { checkNumber, checkShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "../ego/check-state.js";
import { stopGradient, withoutGradient } from "../gradient/index.js";
import { runOnHost } from "../host-kernel/host-operation.js";
import { checkScene } from "../scene/scene.js";
import type { CostInput, CostModel } from "./cost-model.js";
import {
  ACTION_UNITS,
  EDGE,
  FREE_SIDE,
  FREE_TIME,
  FREE_WAY,
  PARTS,
  TARGET_SPEED,
  vectorCostsOperation,
} from "./vector-costs-operation.js";

/** Weights of {@link vectorCosts}. */
export interface VectorCostWeights {
  /** Closeness to other cars. @defaultValue 8 */
  proximity?: number;
  /** Distance from the middle of the lane. @defaultValue 0.3 */
  lane?: number;
  /** Closeness to the edges of the road. @defaultValue 5 */
  offroad?: number;
  /** Slowness. @defaultValue 0.1 */
  speed?: number;
  /** Size of the action. @defaultValue 0.02 */
  action?: number;
}

const DEFAULTS: Required<VectorCostWeights> = {
  proximity: 8,
  lane: 0.3,
  offroad: 5,
  speed: 0.1,
  action: 0.02,
};

/**
 * Costs of a scene of rectangles, without images: time and memory grow with the number of cars only.
 *
 * Proximity $\sum_j [1 - g_x/(1.5 v + 3)]_{01}^2 [1 - g_y/1.9]_{01}^2$ with the gaps $g_x, g_y$ along and across the
 * ego's direction; lane $((y - y_c)/1.85)^2$; off-road $[1.2 - y]_+^2 + [y - (W - 1.2)]_+^2$; speed
 * $[12 - v]_+^2/100$; action $(a/2)^2 + (b/0.01)^2$.
 *
 * @param weights - See {@link VectorCostWeights}.
 * @returns A cost with the parts `proximity`, `lane`, `offroad`, `speed`, `action`.
 * @throws {@link ArgumentError} when a weight is negative.
 * @remarks The speed in the safe distance passes no gradient: else a car would slow down to shrink its own distance.
 */
export function vectorCosts(weights: VectorCostWeights = {}): CostModel {
  const all = { ...DEFAULTS, ...weights };
  for (const [name, weight] of Object.entries(all)) {
    checkNumber("vectorCosts", `weights.${name}`, weight, { min: 0 });
  }
  const weightRow = () => tf.tensor2d([PARTS.map((name) => all[name])]);
  const cost: CostModel = (input) => {
    const { scene, ego, action, car } = input;
    checkState("vectorCosts", ego, "ego");
    checkScene("vectorCosts", scene, ego.shape[0]);
    checkShape("vectorCosts", "action", action, [ego.shape[0], 2]);
    checkShape("vectorCosts", "car", car, [ego.shape[0], 2]);
    return tf.tidy(() => {
      const { laneWidth, lanes } = scene.road;
      const inputs = [ego, action, scene.cars, scene.mask, car];
      const found = runOnHost(vectorCostsOperation, inputs, { laneWidth, lanes }) ?? vectorPartsByOps(input);
      const row = tf.matMul(weightRow(), found as tf.Tensor2D);
      const columns = tf.unstack(found) as tf.Tensor1D[];
      return {
        total: tf.reshape(row, [ego.shape[0]]) as tf.Tensor1D,
        parts: Object.fromEntries(PARTS.map((name, i) => [name, columns[i]!])),
      };
    });
  };
  return Object.assign(cost, { spec: { kind: "vector" as const, weights: all } });
}

/** The parts in engine calls, shape `[5, batch]`, for backends whose memory is out of reach. */
export function vectorPartsByOps({ scene, ego, action, car }: CostInput): tf.Tensor {
  return tf.tidy(() => {
    const [batch, numCars] = scene.cars.shape;
    const { laneWidth, lanes } = scene.road;
    const [x, y, dx, dy, v] = tf.split(ego, 5, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const column = (i: number) =>
      tf.reshape(tf.slice(scene.cars, [0, 0, i], [batch, numCars, 1]), [batch, numCars]);
    const [ahead, aside] = [tf.sub(column(0), x), tf.sub(column(1), y)];
    const along = tf.add(tf.mul(dx, ahead), tf.mul(dy, aside));
    const across = tf.sub(tf.mul(dx, aside), tf.mul(dy, ahead));
    const [ownLength, ownWidth] = tf.split(car, 2, 1) as [tf.Tensor, tf.Tensor];
    const gapX = tf.sub(tf.abs(along), tf.mul(tf.add(column(3), ownLength), 0.5));
    const gapY = tf.sub(tf.abs(across), tf.mul(tf.add(column(4), ownWidth), 0.5));
    const free = tf.add(tf.mul(stopGradient(v), FREE_TIME), FREE_WAY);
    const near = (gap: tf.Tensor, reach: tf.Tensor | number) =>
      tf.square(tf.clipByValue(tf.sub(1, tf.div(gap, reach)), 0, 1));
    const touch = tf.mul(tf.mul(near(gapX, free), near(gapY, FREE_SIDE)), scene.mask);
    const centre = withoutGradient(() =>
      tf.mul(tf.add(tf.clipByValue(tf.floor(tf.div(y, laneWidth)), 0, lanes - 1), 0.5), laneWidth),
    );
    const flat = (t: tf.Tensor) => tf.reshape(t, [batch]) as tf.Tensor1D;
    const parts = {
      proximity: tf.sum(touch, 1) as tf.Tensor1D,
      lane: flat(tf.square(tf.div(tf.sub(y, centre), laneWidth / 2))),
      offroad: flat(
        tf.add(tf.square(tf.relu(tf.sub(EDGE, y))), tf.square(tf.relu(tf.sub(y, lanes * laneWidth - EDGE)))),
      ),
      speed: flat(tf.div(tf.square(tf.relu(tf.sub(TARGET_SPEED, v))), 100)),
      action: tf.sum(
        tf.square(tf.mul(action, tf.tensor1d(ACTION_UNITS.map((unit) => 1 / unit)))),
        1,
      ) as tf.Tensor1D,
    };
    return tf.stack(PARTS.map((name) => parts[name]));
  });
}
