import { ArgumentError, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ParameterGenerator } from "../generator/index.js";

/** Options of {@link pruneRing}. */
export interface PruneOptions {
  /** Share of the ring that becomes zero, from 0 to below 1. */
  sparsity: number;
  /** Sparsity after each call of `step`, for gradual pruning; it replaces `sparsity` from then on. @defaultValue constant */
  schedule?: (step: number) => number;
}

/** A pruning in progress. */
export interface PruneHandle {
  /** Ones where the ring is kept, shape `[N]`; belongs to the handle. */
  readonly mask: tf.Tensor1D;
  /** Follows the schedule, where there is one; call it after each update. */
  step(): Promise<void>;
  /** Writes the zeros into the ring and ends the pruning. */
  finish(): void;
}

/**
 * Sets the smallest numbers of a ring to zero and keeps them there while training goes on.
 *
 * $w \leftarrow m \odot w$. One zero on the ring is $T/N$ zeros in the network: pruning a ring buys little over choosing
 * a smaller one.
 *
 * @param generator - The generator.
 * @param options - See {@link PruneOptions}.
 * @returns See {@link PruneHandle}; `finish` frees it.
 * @throws {@link ArgumentError} when the sparsity is out of range or a number of the ring is not finite.
 */
export async function pruneRing(generator: ParameterGenerator, options: PruneOptions): Promise<PruneHandle> {
  checkNumber("pruneRing", "sparsity", options.sparsity, { min: 0, below: 1 });
  let mask = await maskOf(generator, options.sparsity);
  const remove = generator.addForward((ring) => tf.mul(ring, mask));
  let numSteps = 0;
  return {
    get mask() {
      return mask;
    },
    async step() {
      numSteps++;
      if (!options.schedule) return;
      const sparsity = checkNumber("pruneRing", "schedule(step)", options.schedule(numSteps), {
        min: 0,
        below: 1,
      });
      const previous = mask;
      mask = await maskOf(generator, sparsity);
      previous.dispose();
    },
    finish() {
      remove();
      tf.tidy(() => generator.ring.assign(tf.mul(generator.ring, mask) as tf.Tensor1D));
      mask.dispose();
    },
  };
}

async function maskOf(generator: ParameterGenerator, sparsity: number): Promise<tf.Tensor1D> {
  const values = (await generator.ring.data()) as Float32Array;
  if (!values.every(Number.isFinite)) {
    throw new ArgumentError(
      "pruneRing: generator has a ring with numbers that are not finite; finite ones were expected",
      {
        argument: "generator",
        value: values.find((value) => !Number.isFinite(value)),
      },
    );
  }
  const order = Array.from(values.keys()).sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!));
  const mask = new Float32Array(values.length).fill(1);
  for (const place of order.slice(0, Math.floor(sparsity * values.length))) mask[place] = 0;
  return tf.keep(tf.tensor1d(mask));
}
