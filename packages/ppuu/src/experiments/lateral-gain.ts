import * as tf from "@tensorflow/tfjs-core";
import { LANE_WIDTH } from "../log/road.js";
import type { TrainablePolicy } from "../policy/policy.js";

/**
 * How a policy answers an offset: curvature to the left (1/m) for each metre right of the middle of a free lane, at 8 m/s.
 *
 * Positive brings the car back, negative drives it out of the lane.
 */
export async function lateralGain(policy: TrainablePolicy): Promise<number> {
  const slope = tf.tidy(() => {
    const scene = {
      cars: tf.zeros<tf.Rank.R3>([1, 1, 5]),
      mask: tf.zeros<tf.Rank.R2>([1, 1]),
      road: { lanes: 4, laneWidth: LANE_WIDTH, destination: 1 },
    };
    const car = tf.tensor2d([[4.8, 1.9]]);
    const turn = (ego: tf.Tensor) =>
      tf.slice(policy({ ego: ego as tf.Tensor2D, scene, car }), [0, 1], [1, 1]);
    return tf.grad(turn)(tf.tensor2d([[0, 1.5 * LANE_WIDTH, 1, 0, 8]]));
  });
  const values = await slope.data();
  slope.dispose();
  return values[1]!;
}
