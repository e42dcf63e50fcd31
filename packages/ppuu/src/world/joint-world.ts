import { checkInteger } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { joinColumns, splitColumns } from "../gradient/columns.js";
import { frameOf } from "../gradient/frame-of.js";
import { assignWeights, Mlp, type WeightsSpec, weightsToSpec } from "../network/index.js";
import type { History } from "../scene/scene.js";
import { NUM_TRACKED } from "../scene/tracked-cars.js";
import { type CarMotion, carsOf, motionOf } from "./car-motion.js";
import type { LearnedWorldModel, WorldState } from "./world-model.js";

/** Options of {@link jointWorldModel}. */
export interface JointWorldModelOptions {
  /** Seed of the initial weights. @defaultValue 0 */
  seed?: number;
  /** Weights to start from. @defaultValue random */
  weights?: WeightsSpec;
}

interface JointState {
  ego: tf.Tensor2D;
  motion: CarMotion;
  mask: tf.Tensor2D;
  road: History["road"];
  dt: number;
}

const NUM_INPUTS = 5 + 5 * NUM_TRACKED + 2;
const NUM_OUTPUTS = 5 + 3 * NUM_TRACKED;
/** Scales of what is seen of another car: Δx, Δy, Δv, lateral speed, present. */
const CAR_SCALES = [1 / 30, 1 / 3.7, 1 / 5, 1, 1];
/** Scales of acceleration and curvature. */
const ACTION_SCALES = [1 / 2, 100];
/** Scales of what is predicted: the ego's x, y, dx, dy, v. */
const EGO_SCALES = [1, 0.3, 0.05, 0.1, 1];
/** Scales of what is predicted of another car: x relative to the ego, y, v. */
const OTHER_SCALES = [1, 0.3, 1];

/**
 * The baseline that learns everything at once: ego and others in one flat network that sees the action.
 *
 * 67 → 256 → 256 → 41 on the ego's state, 12 × (Δx, Δy, Δv, lateral speed, present) and the action; what it predicts are
 * changes. It must learn from data what steering does, which kinematics knows.
 *
 * @param options - See {@link JointWorldModelOptions}.
 * @returns A world model of kind `joint` that predicts the ego; train it with `trainWorldModel`.
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning with uncertainty regularization.
 */
export function jointWorldModel(options: JointWorldModelOptions = {}): LearnedWorldModel {
  const seed = checkInteger("jointWorldModel", "seed", options.seed ?? 0, { min: 0 });
  const network = new Mlp({
    sizes: [NUM_INPUTS, 256, 256, NUM_OUTPUTS],
    generator: new Generator(seed).split("joint-world"),
    lastScale: 0.1,
  });
  if (options.weights) assignWeights(network.parameters(), options.weights);

  const advance = (state: JointState, action: tf.Tensor2D): JointState => {
    const { ego, motion, mask, road, dt } = state;
    const batch = ego.shape[0];
    const [x, y, dx, dy, v] = tf.split(ego, 5, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const seen = joinColumns([
      tf.sub(motion.x, x),
      tf.sub(motion.y, y),
      tf.sub(motion.v, v),
      motion.lateral,
      tf.onesLike(motion.x),
    ]);
    const others = tf.mul(tf.mul(seen, tf.tensor1d(CAR_SCALES)), tf.expandDims(mask, 2));
    const width = road.lanes * road.laneWidth;
    const inputs = tf.concat2d(
      [
        tf.div(v, 10),
        tf.mul(dy, 10),
        dx,
        tf.div(tf.sub(y, width / 2), width / 2),
        tf.div(tf.sub(width / 2, tf.abs(tf.sub(y, width / 2))), road.laneWidth),
        tf.reshape(others, [batch, 5 * NUM_TRACKED]),
        tf.mul(action, tf.tensor1d(ACTION_SCALES)),
      ] as tf.Tensor2D[],
      1,
    );
    const [own, rest] = tf.split(network.apply(inputs), [5, 3 * NUM_TRACKED], 1) as [tf.Tensor, tf.Tensor];
    const moved = tf.add(ego, tf.mul(own, tf.tensor1d(EGO_SCALES))) as tf.Tensor2D;
    // The network predicts what differs from rolling on at the present speed and direction.
    const rolled = tf.concat2d(
      [tf.mul(tf.mul(v, dx), dt), tf.mul(tf.mul(v, dy), dt), tf.zeros([batch, 3])] as tf.Tensor2D[],
      1,
    );
    const change = tf.mul(tf.reshape(rest, [batch, NUM_TRACKED, 3]), tf.tensor1d(OTHER_SCALES));
    const [changeX, changeY, changeV] = splitColumns(change) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const stepY = tf.add(tf.mul(motion.lateral, dt), changeY) as tf.Tensor2D;
    return {
      ...state,
      ego: tf.add(moved, rolled),
      motion: {
        ...motion,
        x: tf.add(motion.x, tf.add(tf.mul(motion.v, dt), changeX)),
        y: tf.add(motion.y, stepY),
        v: tf.add(motion.v, changeV),
        lateral: tf.div(stepY, dt),
      },
    };
  };
  const begin = (history: History): JointState => {
    return {
      ego: frameOf(history.ego, history.ego.shape[1] - 1),
      motion: motionOf(history),
      mask: history.mask,
      road: history.road,
      dt: history.dt,
    };
  };
  return {
    kind: "joint",
    predictsEgo: true,
    reset: (history) => ({ ...begin(history) }),
    step(given, ego, action) {
      // The state is the model's own; a planner that moved the ego is followed.
      const state = { ...(given as unknown as JointState), ego };
      return { ...advance(state, action!) } as WorldState;
    },
    scene(given) {
      const { motion, mask, road } = given as unknown as JointState;
      return { cars: carsOf(motion), mask, road };
    },
    ego: (given) => (given as unknown as JointState).ego,
    parameters: () => network.parameters(),
    loss(window) {
      const { history, ego, actions, cars, mask } = window;
      const [batch, steps] = actions.shape;
      let state = begin(history);
      const losses: tf.Tensor[] = [];
      for (let t = 0; t < steps; t++) {
        const action = frameOf<tf.Tensor2D>(actions, t);
        state = advance(state, action);
        const target = frameOf(ego, t);
        const own = tf.div(tf.sub(state.ego, target), tf.tensor1d(EGO_SCALES));
        const { x, y, v } = state.motion;
        const actual = tf.reshape(tf.slice(cars, [0, t, 0, 0], [batch, 1, NUM_TRACKED, 3]), [
          batch,
          NUM_TRACKED,
          3,
        ]);
        const there = tf.expandDims(frameOf(mask, t), 2);
        const others = tf.mul(
          tf.div(tf.sub(joinColumns([x, y, v]), actual), tf.tensor1d(OTHER_SCALES)),
          there,
        );
        losses.push(
          tf.add(
            tf.mean(tf.square(own)),
            tf.div(tf.sum(tf.square(others)), tf.add(tf.mul(tf.sum(there), 3), 1)),
          ),
        );
      }
      return tf.mean(tf.stack(losses));
    },
    describe: async () => ({ kind: "joint", weights: await weightsToSpec(network.parameters()) }),
    dispose: () => network.dispose(),
  };
}
