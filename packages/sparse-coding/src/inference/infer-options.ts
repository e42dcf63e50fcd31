import type * as tf from "@tensorflow/tfjs-core";
import type { EnergyTerms, EnergyWeights } from "./energy.js";

/** What a callback of {@link infer} learns at each check. */
export interface InferProgress {
  /** Iterations done. */
  iteration: number;
  /** Energy of the codes in the scaling asked for, where it was computed (variance term or non-linear decoder). */
  energy?: number;
  /** Largest relative change of a row in the last iteration, or largest relative gap with `stop: "gap"`; of rows not yet done. */
  change: number;
}

/** Options of {@link infer}. */
export interface InferOptions extends EnergyWeights {
  /**
   * `"fista"`: accelerated, with restarts. `"ista"`: never raises the energy at the automatic step. `"cccp"`: replaces
   * the concave part of the hinge by its tangent, again and again; monotone, slower. @defaultValue `"fista"`
   */
  method?: "fista" | "ista" | "cccp";
  /** Whether codes are non-negative. @defaultValue true, as in the paper */
  positive?: boolean;
  /** Step size in the mean scaling, or 1/L from a power iteration. @defaultValue `"auto"` */
  step?: "auto" | number;
  /** Whether momentum is dropped when it points uphill. @defaultValue true */
  restart?: boolean;
  /**
   * Strong convexity of the smooth part, which sets a constant momentum; 0 takes the classical sequence.
   * @defaultValue `"auto"`, $2\gamma/l$
   */
  strongConvexity?: "auto" | number;
  /** Most iterations. @defaultValue 200, as in the paper */
  maxIterations?: number;
  /** Relative gap (of the data's squared norm) or relative change that ends it. @defaultValue 1e-4 for gap, 1e-3 for change */
  tolerance?: number;
  /** What ends it. @defaultValue `"gap"` for a linear decoder without variance term, else `"change"` */
  stop?: "gap" | "change";
  /** Iterations between checks; each reads the device once. @defaultValue 8, or 4 where tensors are in this process's memory */
  checkEvery?: number;
  /** Start. @defaultValue `"predicted"` when there is a prediction, else `"zeros"` */
  init?: tf.Tensor2D | "zeros" | "predicted";
  /** Prediction of an encoder, shape `[N, l]`. */
  predicted?: tf.Tensor2D;
  /** Independent batches stacked along the rows: deviations are taken within each. @defaultValue 1 */
  groups?: number;
  /** Called at each check; `true` stops. */
  onIteration?: (progress: InferProgress) => unknown;
  /** Refuses data that hold NaN or infinities. @defaultValue true */
  validate?: boolean;
  /**
   * Whether not reaching the tolerance is an error instead of `converged: false` in the result. @defaultValue false
   */
  requireConvergence?: boolean;
  /** Stops the search. */
  signal?: AbortSignal;
}

/** Codes and how they were found. */
export interface InferResult {
  /** Shape `[N, l]`, with exact zeros; freed by `dispose`. */
  codes: tf.Tensor2D;
  /** Iterations done. */
  iterations: number;
  /** Whether the tolerance was reached; not reaching it is no error unless `requireConvergence` says so. */
  converged: boolean;
  /** Energy in the scaling asked for. */
  energy: EnergyTerms;
  /** Duality gap of each row of ½‖x − Dz‖² + λ‖z‖₁ with the 2/d factor of the mean scaling, with `stop: "gap"`. */
  gap?: Float64Array;
  /** Lipschitz constant used for the step, mean scaling. */
  lipschitz: number;
  /** Frees the codes. */
  dispose(): void;
}
