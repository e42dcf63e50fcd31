import { formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { sceneFeatures } from "../scene/features.js";
import type { Observation } from "../scene/scene.js";
import type { Policy } from "./policy.js";

/**
 * A policy from any model of the engine's layers.
 *
 * @param model - Maps features `[batch, n]` to actions `[batch, 2]`; it stays the caller's.
 * @param features - What the model sees of an observation. @defaultValue `sceneFeatures`, 29 numbers
 * @returns A policy that is differentiable in the model's weights; it runs in this process only.
 * @throws {@link ShapeError} when the model gives something else than two numbers a row.
 */
export function policyFromModel(
  model: LayersModel,
  features: (observation: Observation) => tf.Tensor = ({ ego, scene }) => sceneFeatures(ego, scene),
): Policy & ((observation: Observation) => tf.Tensor2D) {
  return (observation) =>
    tf.tidy(() => {
      const action = model.apply(features(observation)) as tf.Tensor2D;
      const batch = observation.ego.shape[0];
      if (action.rank === 2 && action.shape[0] === batch && action.shape[1] === 2) return action;
      throw new ShapeError(
        `policyFromModel: the model gave ${formatShape(action.shape)}; [${batch},2] (acceleration, turn) was expected`,
        { argument: "model", shape: action.shape },
      );
    });
}
