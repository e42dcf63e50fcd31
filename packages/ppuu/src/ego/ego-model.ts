import type { Tensor2D } from "@tensorflow/tfjs-core";

/** Smallest and largest action: acceleration in m/s², then turn (curvature in 1/m, or steering angle in rad). */
export interface ActionLimits {
  /** Smallest value of each action. */
  min: readonly number[];
  /** Largest value of each action. */
  max: readonly number[];
}

/** Plain description of an ego model, from which another process builds the same one. */
export type EgoModelSpec =
  | { kind: "unicycle"; dt: number; minSpeed: number | null; limits: ActionLimits }
  | {
      kind: "bicycle";
      dt: number;
      minSpeed: number | null;
      limits: ActionLimits;
      wheelbase: number;
      integrator: "euler" | "midpoint" | "rk4";
    };

/**
 * Differentiable motion of the controlled car: the part of the world that is known physics.
 *
 * States are `[x, y, dx, dy, v]`: centre in metres (x along the road, y to the right), unit direction, speed in m/s.
 */
export interface EgoModel {
  /** Numbers in a state: 5. */
  readonly stateSize: number;
  /** Numbers in an action: acceleration and turn. */
  readonly actionSize: 2;
  /** Seconds of one step. */
  readonly dt: number;
  /** Limits that environments and planners keep; `step` itself does not clip. */
  readonly limits: ActionLimits;
  /** Plain description for other processes. */
  readonly spec: EgoModelSpec;
  /**
   * One step.
   *
   * @param state - States, shape `[batch, 5]`.
   * @param action - Actions, shape `[batch, 2]`.
   * @returns Next states, shape `[batch, 5]`; the caller disposes them.
   */
  step(state: Tensor2D, action: Tensor2D): Tensor2D;
  /**
   * The same step in double precision on the host.
   *
   * @param state - States, row by row, `batch * 5` numbers.
   * @param action - Actions, row by row, `batch * 2` numbers.
   */
  stepHost(state: Float64Array, action: ArrayLike<number>): Float64Array;
}
