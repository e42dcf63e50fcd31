import type { Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { CostSpec } from "../costs/cost-model.js";
import type { EgoModelSpec } from "../ego/ego-model.js";
import type { WeightsSpec } from "../network/index.js";
import type { Observation } from "../scene/scene.js";

/** Plain description of a policy, from which another process builds the same one. */
export type PolicySpec =
  | { kind: "no-action" }
  | { kind: "idm"; gain: number }
  | { kind: "mlp"; hidden: number; weights: WeightsSpec }
  | { kind: "replay" }
  | {
      kind: "mpc";
      world: WorldSpec;
      ego: EgoModelSpec | null;
      costs: CostSpec;
      options: Record<string, number | string | boolean>;
    };

/** Plain description of a world model that a planner in another process can build. */
export type WorldSpec =
  | { kind: "constant-velocity" }
  | { kind: "idm" }
  | { kind: "cars"; weights: WeightsSpec }
  | { kind: "joint"; weights: WeightsSpec };

/**
 * Chooses actions: acceleration in m/s² and turn, shape `[batch, 2]`, that belong to the caller. Any function will do.
 */
export interface Policy {
  (observation: Observation): Tensor2D | Promise<Tensor2D>;
  /** Forgets plans; called when new episodes begin. */
  reset?(): void;
  /** Plain description for other processes, where there is one. */
  describe?(): Promise<PolicySpec>;
}

/** A policy that answers at once and has parameters. */
export interface TrainablePolicy extends Policy {
  (observation: Observation): Tensor2D;
  /** Parameters by name. */
  parameters(): ReadonlyMap<string, Variable>;
  /** Plain description for other processes. */
  describe(): Promise<PolicySpec>;
  /** Frees the parameters. */
  dispose(): void;
}
