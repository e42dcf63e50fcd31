import { checkInteger } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { joinColumns, splitColumns } from "../gradient/columns.js";
import { frameOf } from "../gradient/frame-of.js";
import { withoutGradient } from "../gradient/index.js";
import { assignWeights, Mlp, type WeightsSpec, weightsToSpec } from "../network/index.js";
import { type CarMotion, carsOf, leadersOf, motionOf } from "./car-motion.js";
import type { LearnedWorldModel } from "./world-model.js";

/** Options of {@link carsWorld}. */
export interface CarsWorldOptions {
  /** Seed of the initial weights. @defaultValue 0 */
  seed?: number;
  /** Weights to start from. @defaultValue random */
  weights?: WeightsSpec;
}

interface CarsState {
  motion: CarMotion;
  mask: tf.Tensor2D;
  size: tf.Tensor2D;
  road: Parameters<LearnedWorldModel["reset"]>[0]["road"];
  dt: number;
}

/** Scales of the eight inputs: speed, acceleration, lateral speed, offset, |offset|, gap, relative speed, present. */
const SCALES = [1 / 10, 1, 1, 1 / 1.85, 1 / 1.85, 1 / 30, 1 / 5, 1];

/**
 * A learned world that moves each car by what is around it: 8 → 64 → 64 → 2, the same for all cars.
 *
 * Inputs are speed, last acceleration, lateral speed, offset in the lane and its size, gap to the leader (the ego may be
 * one), the leader's relative speed, and whether there is one; outputs are the acceleration and the lateral acceleration.
 *
 * @param options - See {@link CarsWorldOptions}.
 * @returns A world model of kind `cars`; train it with `trainWorldModel`, free it with `dispose`.
 */
export function carsWorld(options: CarsWorldOptions = {}): LearnedWorldModel {
  const seed = checkInteger("carsWorld", "seed", options.seed ?? 0, { min: 0 });
  const network = new Mlp({
    sizes: [8, 64, 64, 2],
    generator: new Generator(seed).split("cars-world"),
    lastScale: 0.1,
  });
  if (options.weights) assignWeights(network.parameters(), options.weights);
  const advance = (state: CarsState, ego: tf.Tensor2D): CarsState => {
    const { motion, mask, size, road, dt } = state;
    const [batch, numCars] = motion.x.shape;
    const { gap, speed, present } = leadersOf(motion, mask, ego, size, road);
    const centre = withoutGradient(() =>
      tf.mul(tf.add(tf.floor(tf.div(motion.y, road.laneWidth)), 0.5), road.laneWidth),
    );
    const offset = tf.sub(motion.y, centre);
    const relative = tf.mul(tf.sub(speed, motion.v), present);
    const inputs = joinColumns([
      motion.v,
      motion.acceleration,
      motion.lateral,
      offset,
      tf.abs(offset),
      gap,
      relative,
      present,
    ]);
    const scaled = tf.mul(inputs, tf.tensor1d(SCALES));
    const outputs = network.apply(tf.reshape(scaled, [batch * numCars, 8]));
    const [acceleration, sideways] = splitColumns(tf.reshape(outputs, [batch, numCars, 2]));
    const moved: CarMotion = {
      ...motion,
      x: tf.add(motion.x, tf.mul(motion.v, dt)),
      y: tf.add(motion.y, tf.mul(motion.lateral, dt)),
      v: tf.relu(tf.add(motion.v, tf.mul(acceleration!, dt))),
      lateral: tf.add(motion.lateral, tf.mul(sideways!, dt)),
      acceleration: acceleration!,
    };
    return { ...state, motion: moved };
  };
  return {
    kind: "cars",
    predictsEgo: false,
    reset(history) {
      const { mask, car, road, dt } = history;
      return { motion: motionOf(history), mask, size: car, road, dt };
    },
    step: (state, ego) => ({ ...advance(state as unknown as CarsState, ego) }),
    scene(given) {
      const { motion, mask, road } = given as unknown as CarsState;
      return { cars: carsOf(motion), mask, road };
    },
    parameters: () => network.parameters(),
    loss(window) {
      const { history, ego, cars, mask } = window;
      const [batch, steps, numCars] = cars.shape;
      let state: CarsState = {
        motion: motionOf(history),
        mask: history.mask,
        size: history.car,
        road: history.road,
        dt: history.dt,
      };
      const losses: tf.Tensor[] = [];
      for (let t = 0; t < steps; t++) {
        const at = frameOf<tf.Tensor2D>(ego, t);
        state = advance(state, at);
        const actual = tf.reshape(tf.slice(cars, [0, t, 0, 0], [batch, 1, numCars, 3]), [batch, numCars, 3]);
        const there = tf.expandDims(frameOf(mask, t), 2);
        const { x, y, v } = state.motion;
        const error = tf.mul(tf.sub(joinColumns([x, y, v]), actual), there);
        losses.push(tf.div(tf.sum(tf.square(error)), tf.add(tf.sum(there), 1)));
      }
      return tf.mean(tf.stack(losses));
    },
    describe: async () => ({ kind: "cars", weights: await weightsToSpec(network.parameters()) }),
    dispose: () => network.dispose(),
  };
}
