import { checkNumber } from "@lab/core";
import type { Prior } from "../prior.js";

/** Options of {@link priorStability}. */
export interface StabilityOptions {
  /** Examples in the training set, $N$. */
  dataSize: number;
  /** Largest learning rate of the run. */
  learningRate: number;
  /** Momentum of the optimizer. @defaultValue 0 */
  momentum?: number;
  /** Temperature given to `withPrior`. @defaultValue 1 */
  temperature?: number;
}

/** Whether gradient steps on a prior can converge. */
export interface Stability {
  /** Whether they can, along the parameter with the largest precision. */
  isStable: boolean;
  /** Largest precision times learning rate over $N (1 - \text{momentum})$; 2 is the limit. */
  stiffness: number;
  /** Smallest scale, as a factor on the present one, that would be stable; 1 when this one is. */
  neededScale: number;
  /** One sentence to show, when it is not stable. */
  warning: string | undefined;
}

/** Beyond this, a gradient step overshoots further than it was off. */
const LIMIT = 2;

/**
 * Tells before training whether a prior is too stiff for a learning rate.
 *
 * A step along a parameter of precision $\lambda$ multiplies its distance from the mean by
 * $1 - \eta\lambda / (N(1-\mu))$; beyond 2 that grows.
 *
 * @param prior - The prior as it stands in the loss.
 * @param options - See {@link StabilityOptions}.
 * @returns The verdict; the diagonal's precision stands for the prior's, an upper bound.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export async function priorStability(prior: Prior, options: StabilityOptions): Promise<Stability> {
  const dataSize = checkNumber("priorStability", "dataSize", options.dataSize, { min: 1 });
  const learningRate = checkNumber("priorStability", "learningRate", options.learningRate, { above: 0 });
  const momentum = checkNumber("priorStability", "momentum", options.momentum ?? 0, { min: 0, below: 1 });
  const temperature = checkNumber("priorStability", "temperature", options.temperature ?? 1, { above: 0 });
  const { max } = await prior.precisionRange();
  const stiffness = (max * learningRate) / (dataSize * temperature * (1 - momentum));
  const isStable = stiffness <= LIMIT;
  const neededScale = isStable ? 1 : stiffness / LIMIT;
  const warning = isStable
    ? undefined
    : `the prior's largest precision ${max.toPrecision(3)} times the learning rate over N(1 - momentum) is ` +
      `${stiffness.toPrecision(3)}, above ${LIMIT}: training will diverge; scale the prior by ${neededScale.toPrecision(2)} or more, or raise its floor`;
  return { isStable, stiffness, neededScale, warning };
}
