import type { ParameterSet } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import type { Scalar, Tensor1D } from "@tensorflow/tfjs-core";
import type { ParameterLayout } from "./layout/index.js";

/** Options of {@link Prior.logProb}. */
export interface LogProbOptions {
  /** Whether the terms that do not depend on the parameters are part of the value. @defaultValue true */
  constants?: boolean;
}

/** A distribution over parameters that can stand in a loss and be drawn from. */
export interface Prior {
  /** Names and shapes of the parameters that it is about. */
  readonly layout: ParameterLayout;
  /** Number of parameters. */
  readonly size: number;
  /** The live parameters that it was made for, where it was; `withPrior` takes them where it is given no others. */
  readonly parameters?: ParameterSet | undefined;
  /**
   * Log density in nats, shape `[]`; differentiable in the parameters.
   *
   * @param parameters - A parameter set in the order of the layout, or all values as one vector.
   */
  logProb(parameters: ParameterSet | Tensor1D, options?: LogProbOptions): Scalar;
  /** A draw; its tensors belong to the caller. */
  sample(generator: Generator): ParameterSet;
  /** Largest and smallest precision of a single parameter (inverse of its diagonal variance), on the host. */
  precisionRange(): Promise<{ min: number; max: number }>;
  /** Frees its tensors. */
  dispose(): void;
}
