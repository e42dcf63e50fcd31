import * as tf from "@tensorflow/tfjs-core";
import type { CostModel, CostValue } from "../costs/cost-model.js";
import type { EgoModel } from "../ego/ego-model.js";
import { frameOf } from "../gradient/frame-of.js";
import { stopGradient } from "../gradient/index.js";
import type { History, Scene } from "../scene/scene.js";
import type { WorldModel, WorldState } from "../world/world-model.js";

/** Which gradients pass through an imagined future. */
export type GradientPath = "ego" | "ego+world";

/** What is imagined. */
export interface ImagineOptions {
  /** The world model. */
  world: WorldModel;
  /** The ego model; none where the world predicts the ego. */
  ego: EgoModel | undefined;
  /** The end of what was seen. */
  history: History;
  /** Ego states to start from, shape `[batch, 5]`; the present of the history by default. */
  start?: tf.Tensor2D | undefined;
  /** Steps. */
  horizon: number;
  /** Chooses the action of step `t`. */
  act: (ego: tf.Tensor2D, scene: Scene, t: number) => tf.Tensor2D;
  /** Which gradients pass. */
  gradient: GradientPath;
  /** Seed of a stochastic world. */
  seed?: number;
}

/** An imagined future, step by step. */
export interface Imagined {
  /** Ego states after each action, shape `[batch, 5]`. */
  ego: tf.Tensor2D[];
  /** The others then. */
  scenes: Scene[];
  /** Actions, shape `[batch, 2]`. */
  actions: tf.Tensor2D[];
}

/** Cuts scenes off from differentiation; what stays the same from scene to scene is cut once. */
function detacher(): (scene: Scene) => Scene {
  const known = new Map<tf.Tensor, tf.Tensor>();
  const cut = <T extends tf.Tensor>(x: T): T => {
    const found = known.get(x) ?? stopGradient(x);
    known.set(x, found);
    return found as T;
  };
  return (scene) => ({
    ...scene,
    cars: cut(scene.cars),
    mask: cut(scene.mask),
    ...(scene.image && { image: cut(scene.image) }),
    ...(scene.passes && { passes: scene.passes.map(cut) }),
  });
}

/** The present of a history, shape `[batch, 5]`. */
export function presentOf(history: History): tf.Tensor2D {
  return frameOf(history.ego, history.ego.shape[1] - 1);
}

/** Rolls world and ego forward together; to be called in a `tf.tidy`. */
export function imagine(options: ImagineOptions): Imagined {
  const { world, ego, history, horizon, act, gradient } = options;
  const isSeparated = !world.predictsEgo;
  const cut = isSeparated && gradient === "ego";
  const detached = detacher();
  let state: WorldState = world.reset(history, { seed: options.seed ?? 0 });
  let scene = cut ? detached(world.scene(state)) : world.scene(state);
  let at = options.start ?? presentOf(history);
  const out: Imagined = { ego: [], scenes: [], actions: [] };
  for (let t = 0; t < horizon; t++) {
    const action = act(at, scene, t);
    if (isSeparated) {
      at = ego!.step(at, action);
      state = world.step(state, cut ? stopGradient(at) : at, action);
    } else {
      state = world.step(state, at, action);
      at = world.ego!(state);
    }
    scene = cut ? detached(world.scene(state)) : world.scene(state);
    out.ego.push(at);
    out.scenes.push(scene);
    out.actions.push(action);
  }
  return out;
}

/** Costs of an imagined future, all steps in one call; shape `[horizon * batch]`, step by step. */
export function costsOf(imagined: Imagined, costs: CostModel, car: tf.Tensor2D): CostValue {
  const { ego, scenes, actions } = imagined;
  const steps = ego.length;
  const images = scenes.map(({ image }) => image);
  const references = scenes.map(({ reference }) => reference);
  const scene: Scene = {
    cars: tf.concat3d(
      scenes.map(({ cars }) => cars),
      0,
    ),
    mask: tf.concat2d(
      scenes.map(({ mask }) => mask),
      0,
    ),
    road: scenes[0]!.road,
    ...(images[0] && { image: tf.concat4d(images as tf.Tensor4D[], 0) }),
    ...(references[0] && { reference: tf.concat2d(references as tf.Tensor2D[], 0) }),
    ...(scenes[0]!.passes && {
      passes: scenes[0]!.passes.map((_, pass) =>
        tf.concat4d(
          scenes.map(({ passes }) => passes![pass]!),
          0,
        ),
      ),
      steps: scenes.flatMap(({ steps }) => [...steps!]),
    }),
  };
  const before = [actions[0]!, ...actions.slice(0, -1)];
  return costs({
    scene,
    ego: tf.concat2d(ego, 0),
    action: tf.concat2d(actions, 0),
    previousAction: tf.concat2d(before, 0),
    car: tf.tile(car, [steps, 1]),
  });
}

/** Weights γᵗ of `[horizon * batch]` costs whose sum is the mean over the batch and the discounted mean over time. */
export function discounts(horizon: number, batch: number, gamma: number): Float32Array {
  const weights = new Float32Array(horizon * batch);
  for (let t = 0; t < horizon; t++) weights.fill(gamma ** t / (horizon * batch), t * batch, (t + 1) * batch);
  return weights;
}
