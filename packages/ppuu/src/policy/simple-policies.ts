import { checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { sceneFeatures } from "../scene/features.js";
import { IDM_CAR } from "../simulation/idm.js";
import type { Policy } from "./policy.js";

/** Constant speed, straight on. */
export function noAction(): Policy {
  const act: Policy = ({ ego }) => tf.zeros([ego.shape[0], 2]);
  return Object.assign(act, { describe: async () => ({ kind: "no-action" as const }) });
}

/** Options of {@link idmPolicy}. */
export interface IdmPolicyOptions {
  /** Curvature in 1/m for each metre beside the middle of the lane. @defaultValue 0.004 */
  gain?: number;
}

/**
 * A rule: follows the leader by the intelligent driver model and steers back to the middle of the lane.
 *
 * @param options - See {@link IdmPolicyOptions}.
 */
export function idmPolicy(options: IdmPolicyOptions = {}): Policy {
  const gain = checkNumber("idmPolicy", "gain", options.gain ?? 0.004, { min: 0 });
  const { desiredSpeed, headway, acceleration, deceleration, gap: standstill } = IDM_CAR;
  const act: Policy = ({ ego, scene, car }) =>
    tf.tidy(() => {
      const features = sceneFeatures(ego, scene);
      const column = (i: number) => tf.slice(features, [0, i], [ego.shape[0], 1]);
      const [v, dy] = [tf.mul(column(0), 10), tf.div(column(1), 10)];
      const offset = tf.mul(column(2), scene.road.laneWidth / 2);
      // Own lane ahead is the third of six neighbours.
      const [way, relative, present] = [tf.mul(column(13), 30), tf.mul(column(15), 5), column(16)];
      const length = tf.slice(car, [0, 0], [ego.shape[0], 1]);
      const gap = tf.maximum(tf.sub(way, length), 0.1);
      const braking = tf.div(tf.mul(v, tf.neg(relative)), 2 * Math.sqrt(acceleration * deceleration));
      const desired = tf.add(tf.relu(tf.add(tf.mul(v, headway), braking)), standstill);
      const share = tf.mul(tf.div(desired, gap), present);
      const freely = tf.square(tf.square(tf.div(v, desiredSpeed)));
      const push = tf.mul(tf.sub(tf.sub(1, freely), tf.square(share)), acceleration);
      // To the left for a car that is, or is heading, right of the middle.
      const turn = tf.add(tf.mul(offset, gain), tf.mul(dy, 12 * gain));
      return tf.concat([tf.clipByValue(push, -6, 3), tf.clipByValue(turn, -0.03, 0.03)], 1) as tf.Tensor2D;
    });
  return Object.assign(act, { describe: async () => ({ kind: "idm" as const, gain }) });
}
