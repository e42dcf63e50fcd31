import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { built, recipeOf } from "./built.js";
import { assign, parameters } from "./parameter-set.js";

type Configurable = {
  fromConfig(cls: unknown, config: tf.serialization.ConfigDict): LayersModel;
};

/**
 * A second model with the same layers and the same values, which then goes its own way.
 *
 * @param model - A model of this module, or one whose layers the engine can rebuild from their configuration.
 * @returns The copy; the caller disposes it.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { assign, cloneModel, mlp } from "@lab/core/nn";
 *
 * await init();
 * const online = mlp({ sizes: [1, 1], bias: false });
 * const target = cloneModel(online);
 * assign(online, new Map([["0/kernel", tf.tensor2d([[5]])]]));
 * const outputs = [online, target].map((model) => model.apply(tf.ones([1, 1])) as tf.Tensor);
 * const [first, second] = await Promise.all(outputs.map((output) => output.data()));
 * first![0] === second![0]; // => false
 * ```
 */
export function cloneModel(model: LayersModel): LayersModel {
  const recipe = recipeOf(model);
  const copy = recipe
    ? built(recipe)
    : (model.constructor as unknown as Configurable).fromConfig(model.constructor, model.getConfig());
  assign(copy, parameters(model, "all"));
  return copy;
}
