import * as tf from "@tensorflow/tfjs-core";
import { initializers, layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { batchNorm } from "./batch-norm.js";

type Weight = ReturnType<layers.Layer["addWeight"]>;

const MOMENTUM = 0.9; // PyTorch's 0.1 counts the new value
const EPSILON = 1e-5;

/** Batch normalisation as PyTorch does it: the running variance takes the unbiased estimate. */
class TorchBatchNorm extends layers.Layer {
  /** @nocollapse */
  static readonly className = "LabBatchNorm";
  private gamma!: Weight;
  private beta!: Weight;
  private mean!: Weight;
  private variance!: Weight;

  override build(inputShape: (number | null)[]): void {
    const shape = [inputShape.at(-1)!];
    const add = (name: string, initial: ReturnType<typeof initializers.ones>, isTrainable: boolean) =>
      this.addWeight(name, shape, "float32", initial, undefined, isTrainable);
    this.gamma = add("gamma", initializers.ones(), true);
    this.beta = add("beta", initializers.zeros(), true);
    this.mean = add("moving_mean", initializers.zeros(), false);
    this.variance = add("moving_variance", initializers.ones(), false);
    this.built = true;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], options: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      const [gamma, beta] = [this.gamma.read() as tf.Tensor1D, this.beta.read() as tf.Tensor1D];
      if (!options.training) {
        const scale = tf.mul(gamma, tf.rsqrt(tf.add(this.variance.read(), EPSILON)));
        return tf.add(tf.mul(x, scale), tf.sub(beta, tf.mul(this.mean.read(), scale)));
      }
      const { value, mean, variance } = batchNorm(x, gamma, beta, EPSILON);
      const rows = x.size / x.shape.at(-1)!;
      const follow = (weight: Weight, now: tf.Tensor) =>
        weight.write(tf.add(tf.mul(weight.read(), MOMENTUM), tf.mul(now, 1 - MOMENTUM)));
      follow(this.mean, mean);
      follow(this.variance, tf.mul(variance, rows / (rows - 1)));
      return value;
    });
  }

  override computeOutputShape(inputShape: (number | null)[]): (number | null)[] {
    return inputShape;
  }
}

/** Adds batch normalisation over the last axis. */
export function batchNormLayer(input: SymbolicTensor, name: string): SymbolicTensor {
  return new TorchBatchNorm({ name }).apply(input) as SymbolicTensor;
}
