import * as tf from "@tensorflow/tfjs-core";
import { checkInteger } from "../check/index.js";
import type { NamedTensor } from "./grouped-optimizer.js";

/** Options of {@link accumulate}. */
export interface AccumulateOptions {
  /** Gradients whose mean makes one update, at least 1. */
  steps: number;
}

const PREFIX = "accumulated";

class Accumulated extends tf.Optimizer {
  /** @nocollapse */
  static readonly className = "LabAccumulated";
  private readonly inner: tf.Optimizer;
  private readonly steps: number;
  private readonly sums = new Map<string, tf.Tensor>();

  constructor(inner: tf.Optimizer, steps: number) {
    super();
    this.inner = inner;
    this.steps = steps;
  }

  get learningRate(): number {
    return (this.inner as unknown as { learningRate: number }).learningRate;
  }

  set learningRate(rate: number) {
    (this.inner as unknown as { learningRate: number }).learningRate = rate;
  }

  override applyGradients(gradients: tf.NamedTensorMap | NamedTensor[]): void {
    const named: [string, tf.Tensor][] = Array.isArray(gradients)
      ? gradients.map(({ name, tensor }) => [name, tensor])
      : Object.entries(gradients);
    for (const [name, gradient] of named) {
      if (gradient == null) continue;
      const old = this.sums.get(name);
      this.sums.set(name, tf.keep(tf.tidy(() => (old ? tf.add(old, gradient) : tf.clone(gradient)))));
      old?.dispose();
    }
    this.incrementIterations();
    if (this.iterations_ % this.steps !== 0) return;
    tf.tidy(() => {
      const mean = [...this.sums].map(([name, sum]) => ({ name, tensor: tf.div(sum, this.steps) }));
      this.inner.applyGradients(mean);
    });
    this.forget();
  }

  override async getWeights(): Promise<NamedTensor[]> {
    const own = await this.saveIterations();
    const sums = [...this.sums].map(([name, tensor]) => ({ name: `${name}/${PREFIX}`, tensor }));
    return [own, ...sums, ...(await this.inner.getWeights())];
  }

  override async setWeights(weights: NamedTensor[]): Promise<void> {
    const rest = await this.extractIterations(weights);
    this.forget();
    const isSum = ({ name }: NamedTensor) => name.endsWith(`/${PREFIX}`);
    for (const { name, tensor } of rest.filter(isSum)) {
      this.sums.set(name.slice(0, -PREFIX.length - 1), tf.keep(tf.clone(tensor)));
    }
    await this.inner.setWeights(rest.filter((weight) => !isSum(weight)));
  }

  override dispose(): void {
    this.forget();
    this.inner.dispose();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { steps: this.steps, inner: this.inner.getConfig() };
  }

  private forget(): void {
    tf.dispose([...this.sums.values()]);
    this.sums.clear();
  }
}

/**
 * An optimizer that updates with the mean of every `steps` gradients, as one large batch would.
 *
 * @param optimizer - Makes the updates; it belongs to the result, which disposes it.
 * @param options - See {@link AccumulateOptions}.
 * @returns An optimizer whose count of iterations counts gradients, not updates.
 * @throws {@link ArgumentError} when `steps` is not a whole number of at least 1.
 * @remarks The mean over micro-batches is the gradient of the whole batch for losses that are means over samples.
 *   Batch normalisation still sees micro-batches.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { accumulate, sgd } from "@lab/core/optim";
 *
 * await init();
 * const weight = tf.variable(tf.scalar(0));
 * const optimizer = accumulate(sgd({ learningRate: 1 }), { steps: 2 });
 * const once = (slope: number) => optimizer.minimize(() => tf.mul(weight, slope) as tf.Scalar, false, [weight]);
 * once(1);
 * (await weight.data())[0]; // => 0
 * once(3);
 * (await weight.data())[0]; // => -2
 * ```
 */
export function accumulate(optimizer: tf.Optimizer, options: AccumulateOptions): tf.Optimizer {
  const steps = checkInteger("accumulate", "steps", options.steps, { min: 1 });
  return new Accumulated(optimizer, steps);
}
