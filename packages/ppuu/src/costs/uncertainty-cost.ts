import { ArgumentError, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Mean and standard deviation of a variance over training data, step by step. */
export interface UncertaintyStats {
  /** Means, one a step. */
  mean: number[];
  /** Standard deviations, one a step. */
  std: number[];
}

/** Predictions of one future in several passes, step by step: tensors whose first axis is the batch. */
export type Passes = readonly (readonly tf.Tensor[])[];

/** Options of {@link uncertaintyCost}. */
export interface UncertaintyCostOptions {
  /** Standard deviations above the mean that cost nothing. @defaultValue 0.5 */
  hinge?: number;
  /** Passes through the model. @defaultValue 10 */
  passes?: number;
}

/** A cost for futures in which the model does not know. */
export interface UncertaintyCost {
  /** Passes through the model that a future needs. */
  readonly passes: number;
  /** Statistics, `null` before `calibrate`. */
  readonly stats: UncertaintyStats | null;
  /**
   * Estimates the statistics on recorded actions.
   *
   * @param batches - Passes of each training batch; `predict(pass)` of {@link variances}.
   */
  calibrate(batches: AsyncIterable<Passes> | Iterable<Passes>): Promise<UncertaintyStats>;
  /**
   * The cost, differentiable in what the passes depend on.
   *
   * @param passes - `passes[pass][step]`.
   * @returns Shape `[batch]`; the caller disposes it.
   */
  cost(passes: Passes): tf.Tensor1D;
}

/**
 * Unbiased variance over passes, averaged over all but the batch: one tensor `[batch]` for each step.
 *
 * @param passes - `passes[pass][step]`, at least two passes.
 */
export function variances(passes: Passes): tf.Tensor1D[] {
  const [first] = passes;
  return first!.map((_, step) => {
    const all = tf.stack(passes.map((pass) => pass[step]!)); // [passes, batch, ...]
    const squares = tf.squaredDifference(all, tf.mean(all, 0, true));
    const variance = tf.div(tf.sum(squares, 0), passes.length - 1);
    return tf.mean(tf.reshape(variance, [variance.shape[0]!, -1]), 1) as tf.Tensor1D;
  });
}

/**
 * Penalty for states in which passes with dropped units disagree, given the same latent variables.
 *
 * $u = \operatorname{mean}_t [(q_t - \mu_t)/\sigma_t - \tfrac12]_+$ with the variance $q_t$ over passes.
 *
 * @param options - See {@link UncertaintyCostOptions}.
 * @returns See {@link UncertaintyCost}; call `calibrate` first.
 * @throws {@link ArgumentError} from `cost` before `calibrate`.
 * @remarks The variance and not its root, whose gradient at 0 does not exist.
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning with uncertainty regularization, section 3.
 */
export function uncertaintyCost(options: UncertaintyCostOptions = {}): UncertaintyCost {
  const hinge = checkNumber("uncertaintyCost", "hinge", options.hinge ?? 0.5, { min: 0 });
  const numPasses = checkInteger("uncertaintyCost", "passes", options.passes ?? 10, { min: 2 });
  let stats: UncertaintyStats | null = null;
  return {
    passes: numPasses,
    get stats() {
      return stats;
    },
    async calibrate(batches) {
      const seen: number[][] = [];
      for await (const passes of batches) {
        const each = tf.tidy(() => variances(passes));
        for (const [step, variance] of each.entries()) {
          const values = await variance.data();
          variance.dispose();
          seen[step] = [...(seen[step] ?? []), ...values];
        }
      }
      if (seen.length === 0) {
        throw new ArgumentError("uncertaintyCost: batches is empty; at least one batch was expected", {
          argument: "batches",
          value: 0,
        });
      }
      const mean = seen.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
      const std = seen.map((values, step) =>
        Math.sqrt(
          values.reduce((sum, value) => sum + (value - mean[step]!) ** 2, 0) / Math.max(1, values.length - 1),
        ),
      );
      stats = { mean, std };
      return stats;
    },
    cost(passes) {
      const known = stats;
      if (!known) {
        throw new ArgumentError("uncertaintyCost: stats is null; calibrate() was expected before use", {
          argument: "stats",
          value: null,
        });
      }
      return tf.tidy(() => {
        const hinged = variances(passes).map((variance, step) => {
          // A model that never disagrees has no spread; then any disagreement counts in units of a millionth.
          const spread = Math.max(known.std[step]!, 1e-6);
          return tf.relu(tf.sub(tf.div(tf.sub(variance, known.mean[step]!), spread), hinge));
        });
        return tf.mean(tf.stack(hinged), 0) as tf.Tensor1D;
      });
    },
  };
}
