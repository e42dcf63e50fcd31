import * as tf from "@tensorflow/tfjs-core";
import { joinColumns } from "../gradient/columns.js";
import type { Road } from "../log/road.js";
import type { Scene } from "../scene/scene.js";
import { IDM_CAR, type Idm } from "../simulation/idm.js";
import { type CarMotion, carsOf, leadersOf, motionOf } from "./car-motion.js";
import type { WorldModel } from "./world-model.js";

interface MotionState {
  motion: CarMotion;
  mask: tf.Tensor2D;
  size: tf.Tensor2D;
  road: Road;
  dt: number;
}

const sceneOf = ({ motion, mask, road }: MotionState) => ({ cars: carsOf(motion), mask, road });

function begin(history: Parameters<WorldModel["reset"]>[0], dt: number | undefined): MotionState {
  const { mask, car, road } = history;
  return { motion: motionOf(history), mask, size: car, road, dt: dt ?? history.dt };
}

/**
 * A world in which everybody keeps speed and direction.
 *
 * @param log - Gives the time step; that of the history where it is left out.
 * @returns A world model without parameters, of kind `constant-velocity`.
 */
export function constantVelocityWorld(log?: { dt: number }): WorldModel {
  return {
    kind: "constant-velocity",
    predictsEgo: false,
    reset(history) {
      const { motion, mask, road, dt } = begin(history, log?.dt);
      const still = tf.zerosLike(motion.x);
      const way = joinColumns([tf.mul(motion.v, dt), tf.mul(motion.lateral, dt), still, still, still]);
      return { cars: carsOf(motion), way, mask, road };
    },
    step(given) {
      const state = given as unknown as { cars: tf.Tensor3D; way: tf.Tensor3D };
      return { ...state, cars: tf.add(state.cars, state.way) };
    },
    scene(given) {
      const { cars, mask, road } = given as unknown as Scene;
      return { cars, mask, road };
    },
    ...(log === undefined && { describe: async () => ({ kind: "constant-velocity" as const }) }),
  };
}

/** Strongest braking and acceleration of an imagined driver, m/s². */
const LIMITS = [-8, 3] as const;
/** Smallest gap that counts, in m. */
const SMALLEST_GAP = 0.1;

/**
 * A world of drivers who follow their leaders by the intelligent driver model, the ego included, and keep their lanes.
 *
 * @param driver - Values that differ from {@link IDM_CAR}.
 * @returns A world model without parameters, of kind `idm`, that reacts to the ego.
 */
export function idmWorld(driver: Partial<Idm> = {}): WorldModel {
  const { desiredSpeed, headway, acceleration, deceleration, gap: standstill } = { ...IDM_CAR, ...driver };
  return {
    kind: "idm",
    predictsEgo: false,
    reset: (history) => ({ ...begin(history, undefined) }),
    step(given, ego) {
      const state = given as unknown as MotionState;
      const { motion, mask, size, road, dt } = state;
      const { gap, speed, present } = leadersOf(motion, mask, ego, size, road);
      const approach = tf.mul(tf.sub(motion.v, speed), motion.v);
      const braking = tf.div(approach, 2 * Math.sqrt(acceleration * deceleration));
      const desired = tf.add(tf.relu(tf.add(tf.mul(motion.v, headway), braking)), standstill);
      const share = tf.mul(tf.div(desired, tf.maximum(gap, SMALLEST_GAP)), present);
      const freely = tf.square(tf.square(tf.div(motion.v, desiredSpeed)));
      const wanted = tf.mul(tf.sub(tf.sub(1, freely), tf.square(share)), acceleration);
      const value = tf.clipByValue(wanted, LIMITS[0], LIMITS[1]);
      const moved: CarMotion = {
        ...motion,
        x: tf.add(motion.x, tf.mul(motion.v, dt)),
        v: tf.relu(tf.add(motion.v, tf.mul(value, dt))),
        acceleration: value as tf.Tensor2D,
      };
      return { ...state, motion: moved };
    },
    scene: (state) => sceneOf(state as unknown as MotionState),
    describe: async () => ({ kind: "idm", driver: { ...driver } }),
  };
}
