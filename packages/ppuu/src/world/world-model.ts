import type { StepResult } from "@lab/core/train";
import type { Tensor, Tensor2D, Tensor3D, Tensor4D, Variable } from "@tensorflow/tfjs-core";
import type { WeightsSpec } from "../network/weights.js";
import type { History, Scene } from "../scene/scene.js";
import type { Idm } from "../simulation/idm.js";

/** Names of the world models of this package; a user's own has any other. */
export type WorldKind =
  | "replay"
  | "constant-velocity"
  | "idm"
  | "cars"
  | "joint"
  | "cfm"
  | "cfm-km"
  | "dfm-km"
  | (string & {});

/** Plain description of a world model, from which another process builds the same one. */
export type WorldSpec =
  | { kind: "constant-velocity" }
  | { kind: "idm"; driver: Partial<Idm> }
  | { kind: "cars" | "joint"; weights: WeightsSpec };

/** Where a world is within an imagined future; its content is the model's own business. */
export type WorldState = Readonly<Record<string, unknown>>;

/** How a future is begun. */
export interface ResetOptions {
  /** Latent variables of a stochastic model, shape `[batch, steps, latent]`. @defaultValue drawn by `seed` */
  latent?: Tensor;
  /** Seed of what is drawn. @defaultValue 0 */
  seed?: number;
}

/**
 * A predictor of everything around the ego: three functions. All of them make tensors that belong to the caller, who
 * keeps them in a `tf.tidy`.
 */
export interface WorldModel {
  /** Which model it is. */
  readonly kind: WorldKind;
  /** Whether it predicts the ego as well; then no ego model is used, and gradients pass through this one. */
  readonly predictsEgo: boolean;
  /** Begins a future at the end of a history. */
  reset(history: History, options?: ResetOptions): WorldState;
  /**
   * One step.
   *
   * @param state - The world before.
   * @param ego - The ego after the step, shape `[batch, 5]`; the state before it where the model predicts the ego.
   * @param action - The action taken; models that do not predict the ego do not need it.
   */
  step(state: WorldState, ego: Tensor2D, action?: Tensor2D): WorldState;
  /** What is around the ego. */
  scene(state: WorldState): Scene;
  /** The ego, where the model predicts it; shape `[batch, 5]`. */
  ego?(state: WorldState): Tensor2D;
  /** Plain description for other processes, where there is one. */
  describe?(): Promise<WorldSpec>;
}

/** A stretch of a log that a world model learns from. */
export interface TrainingWindow {
  /** What was seen. */
  history: History;
  /** Ego states that followed, shape `[batch, steps, 5]`. */
  ego: Tensor3D;
  /** Ego actions that led to them, shape `[batch, steps, 2]`. */
  actions: Tensor3D;
  /** The other cars that followed, shape `[batch, steps, cars, 5]`. */
  cars: Tensor4D;
  /** 1 where another car is there, shape `[batch, steps, cars]`. */
  mask: Tensor3D;
}

/** A world model with parameters. */
export interface LearnedWorldModel extends WorldModel {
  /** Its parameters by name. */
  parameters(): ReadonlyMap<string, Variable>;
  /**
   * Loss of a window, in a scope of its own.
   *
   * @param window - What to predict.
   * @param seed - Seed of what the loss draws.
   */
  loss(window: TrainingWindow, seed: number): StepResult;
  /** Frees the parameters. */
  dispose(): void;
}
