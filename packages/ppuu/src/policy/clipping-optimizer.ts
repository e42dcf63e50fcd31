import { clipByGlobalNorm } from "@lab/core/optim";
import * as tf from "@tensorflow/tfjs-core";

type Gradients = Parameters<tf.Optimizer["applyGradients"]>[0];

/** How optimizers take a rate. */
interface Rated {
  learningRate: number;
  setLearningRate?(rate: number): void;
}

/** Clips gradients before another optimizer, which keeps all the state, and tells their norm. */
export class ClippingOptimizer extends tf.Optimizer {
  /** @nocollapse */
  static readonly className = "LabClipping";
  private readonly inner: tf.Optimizer;
  private readonly maxNorm: number;
  private latest: tf.Scalar | undefined;

  constructor(inner: tf.Optimizer, maxNorm: number) {
    super();
    this.inner = inner;
    this.maxNorm = maxNorm;
  }

  get learningRate(): number {
    return (this.inner as unknown as Rated).learningRate;
  }

  set learningRate(rate: number) {
    const inner = this.inner as unknown as Rated;
    if (inner.setLearningRate) inner.setLearningRate(rate);
    else inner.learningRate = rate;
  }

  override getClassName(): string {
    return this.inner.getClassName();
  }

  override applyGradients(given: Gradients): void {
    const named = Array.isArray(given)
      ? Object.fromEntries(given.map(({ name, tensor }) => [name, tensor]))
      : given;
    this.forget();
    tf.tidy(() => {
      const { gradients, norm } = clipByGlobalNorm(named, this.maxNorm);
      this.latest = tf.keep(norm);
      this.inner.applyGradients(gradients);
    });
  }

  /** Norm of the latest gradients before they were clipped. */
  async norm(): Promise<number> {
    return (await this.latest!.data())[0]!;
  }

  /** Frees the norm; the other optimizer stays. */
  forget(): void {
    this.latest?.dispose();
    this.latest = undefined;
  }

  override getWeights() {
    return this.inner.getWeights();
  }

  override setWeights(weights: Parameters<tf.Optimizer["setWeights"]>[0]) {
    return this.inner.setWeights(weights);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { maxNorm: this.maxNorm, inner: this.inner.getConfig() };
  }
}
