import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Scene } from "../scene/scene.js";
import type { ImageCostWeights } from "./image-costs.js";

/** What a cost is computed from: one moment of each row. */
export interface CostInput {
  /** The others, as predicted. */
  scene: Scene;
  /** Ego states, shape `[batch, 5]`. */
  ego: tf.Tensor2D;
  /** Actions taken in these states, shape `[batch, 2]`. */
  action: tf.Tensor2D;
  /** Actions of the step before, shape `[batch, 2]`. */
  previousAction?: tf.Tensor2D;
  /** Length and width of the controlled cars in metres, shape `[batch, 2]`. */
  car: tf.Tensor2D;
}

/** Costs of each row. */
export interface CostValue {
  /** Weighted sum of the parts, shape `[batch]`. */
  total: tf.Tensor1D;
  /** Parts without their weights, shape `[batch]` each. */
  parts: Record<string, tf.Tensor1D>;
}

/** Plain description of a cost, from which another process builds the same one. */
export type CostSpec =
  | { kind: "vector"; weights: Record<string, number> }
  | { kind: "image"; weights: ImageCostWeights };

/**
 * How bad a moment is, differentiable in the ego's state and the action. A user's own cost is just such a function.
 */
export interface CostModel {
  /**
   * Costs of one moment of each row.
   *
   * @param input - See {@link CostInput}.
   * @returns See {@link CostValue}; the caller disposes the tensors.
   */
  (input: CostInput): CostValue;
  /** Plain description for other processes, where there is one. */
  readonly spec?: CostSpec;
}

/**
 * The sum of several costs; their parts are kept under their names.
 *
 * @param costs - The costs; names of parts must differ.
 * @throws {@link ArgumentError} when two costs have a part of the same name.
 */
export function combine(...costs: readonly CostModel[]): CostModel {
  if (costs.length === 0) {
    throw new ArgumentError("combine: costs is empty; at least one cost was expected", {
      argument: "costs",
      value: [],
    });
  }
  return (input) => {
    const values = costs.map((cost) => cost(input));
    const parts: Record<string, tf.Tensor1D> = {};
    for (const value of values) {
      for (const [name, part] of Object.entries(value.parts)) {
        if (name in parts) {
          throw new ArgumentError(`combine: two costs have a part "${name}"; different names were expected`, {
            argument: "costs",
            value: name,
          });
        }
        parts[name] = part;
      }
    }
    return { total: tf.addN(values.map(({ total }) => total)), parts };
  };
}
