import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { GroupedOptimizer, type GroupedOptions, type ParameterSettings } from "./grouped-optimizer.js";

/** Options of {@link adamw}. */
export interface AdamwOptions extends Omit<GroupedOptions, "learningRate"> {
  /** Learning rate. @defaultValue 0.001 */
  learningRate?: number;
  /** Decay of the mean of gradients. @defaultValue 0.9 */
  beta1?: number;
  /** Decay of the mean of squared gradients. @defaultValue 0.999 */
  beta2?: number;
  /** Added to the root of the mean square. @defaultValue 1e-8 */
  epsilon?: number;
  /** Decoupled weight decay. @defaultValue 0.01 */
  weightDecay?: number;
}

class Adamw extends GroupedOptimizer {
  /** @nocollapse */
  static readonly className = "LabAdamw";
  private readonly options: AdamwOptions;
  private readonly beta1: number;
  private readonly beta2: number;
  private readonly epsilon: number;

  constructor(options: AdamwOptions) {
    super("adamw", { ...options, learningRate: options.learningRate ?? 0.001 }, 0.01);
    this.options = options;
    this.beta1 = checkNumber("adamw", "beta1", options.beta1 ?? 0.9, { min: 0, below: 1 });
    this.beta2 = checkNumber("adamw", "beta2", options.beta2 ?? 0.999, { min: 0, below: 1 });
    this.epsilon = checkNumber("adamw", "epsilon", options.epsilon ?? 1e-8, { above: 0 });
  }

  protected override update(
    value: tf.Variable,
    gradient: tf.Tensor,
    { learningRate, weightDecay }: ParameterSettings,
    slots: Readonly<Record<string, tf.Tensor>>,
    iteration: number,
  ) {
    const { beta1, beta2, epsilon } = this;
    const first = tf.mul(gradient, 1 - beta1);
    const second = tf.mul(tf.square(gradient), 1 - beta2);
    const mean = slots.mean ? tf.add(tf.mul(slots.mean, beta1), first) : first;
    const square = slots.square ? tf.add(tf.mul(slots.square, beta2), second) : second;
    const correction1 = 1 - beta1 ** iteration;
    const correction2 = 1 - beta2 ** iteration;
    const root = tf.add(tf.sqrt(tf.div(square, correction2)), epsilon);
    const step = tf.mul(tf.div(tf.div(mean, correction1), root), learningRate);
    const shrunk = weightDecay > 0 ? tf.mul(value, 1 - learningRate * weightDecay) : value;
    return { value: tf.sub(shrunk, step), slots: { mean, square } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { groups: _, ...config } = this.options;
    return { ...config, learningRate: this.learningRate };
  }
}

/**
 * Adam with decoupled weight decay.
 *
 * $m \leftarrow \beta_1 m + (1-\beta_1) g$, $v \leftarrow \beta_2 v + (1-\beta_2) g^2$,
 * $w \leftarrow (1 - \eta\lambda) w - \eta \hat m / (\sqrt{\hat v} + \epsilon)$ with $\hat m = m / (1 - \beta_1^t)$ and
 * $\hat v = v / (1 - \beta_2^t)$.
 *
 * @param options - See {@link AdamwOptions}; the defaults are those of `torch.optim.AdamW`.
 * @returns An optimizer of the engine; its slots are `mean` and `square`.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks $t$ counts the optimizer's updates, also for a variable that had no gradient in some of them.
 * @see Loshchilov, Hutter (2019), Decoupled weight decay regularization, algorithm 2.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { adamw } from "@lab/core/optim";
 *
 * await init();
 * const weight = tf.variable(tf.scalar(1));
 * adamw({ learningRate: 0.5, weightDecay: 0 }).minimize(() => tf.square(weight) as tf.Scalar, false, [weight]);
 * (await weight.data())[0]; // => 0.5
 * ```
 */
export function adamw(options: AdamwOptions = {}): GroupedOptimizer {
  return new Adamw(options);
}
