import type { Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { CostSpec } from "../costs/cost-model.js";
import type { EgoModelSpec } from "../ego/ego-model.js";
import type { WeightsSpec } from "../network/index.js";
import type { Observation } from "../scene/scene.js";
import type { WorldSpec } from "../world/world-model.js";

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
      options: PlanSettings;
    };

/** Settings of a planner that are plain values; see `MpcOptions`. */
export interface PlanSettings {
  /** Imagined steps. */
  horizon: number;
  /** Actions of a plan. */
  plan: number;
  /** Plans that are improved side by side. */
  candidates: number;
  /** How plans are improved. */
  method: "gradient" | "cem" | "grid" | "lbfgs";
  /** Improvements. */
  iterations: number;
  /** Futures of a stochastic world. */
  latents: number;
  /** Which future counts. */
  aggregate: "max" | "mean";
  /** Steps that a plan is followed. */
  replan: number;
  /** Whether the last plan is a candidate. */
  warmStart: boolean;
  /** Weight of a cost for each step it is later. */
  gamma: number;
  /** Weight of the change of action. */
  jerk: number;
  /** Step of the gradient method. */
  stepSize: number;
  /** Whether the cross-entropy method uses gradients. */
  gradient: boolean;
  /** Units of plans. */
  scale: readonly [number, number];
  /** Seed of the candidates. */
  seed: number;
}

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
