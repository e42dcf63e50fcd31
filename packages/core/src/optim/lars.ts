import * as tf from "@tensorflow/tfjs-core";
import { checkNumber } from "../check/index.js";
import { GroupedOptimizer, type GroupedOptions, type ParameterSettings } from "./grouped-optimizer.js";

/** Options of {@link lars}. */
export interface LarsOptions extends GroupedOptions {
  /** Share of the last step that is repeated, from 0 up to 1. @defaultValue 0.9 */
  momentum?: number;
  /** Trust coefficient $\eta$: relative size of a layer's step. @defaultValue 0.001 */
  trustCoefficient?: number;
  /** Weight decay, inside the trust ratio. @defaultValue 0 */
  weightDecay?: number;
  /**
   * Which variables the trust ratio and weight decay apply to; the others take plain momentum steps.
   * @defaultValue those of rank above 1, which leaves out biases and normalisation
   */
  adapt?: (name: string, variable: tf.Variable) => boolean;
}

class Lars extends GroupedOptimizer {
  /** @nocollapse */
  static readonly className = "LabLars";
  private readonly options: LarsOptions;
  private readonly momentum: number;
  private readonly trust: number;

  constructor(options: LarsOptions) {
    super("lars", options, 0);
    this.options = options;
    this.momentum = checkNumber("lars", "momentum", options.momentum ?? 0.9, { min: 0, below: 1 });
    this.trust = checkNumber("lars", "trustCoefficient", options.trustCoefficient ?? 0.001, { above: 0 });
  }

  protected override update(
    value: tf.Variable,
    gradient: tf.Tensor,
    { learningRate, weightDecay }: ParameterSettings,
    slots: Readonly<Record<string, tf.Tensor>>,
  ) {
    const isAdapted = this.options.adapt?.(value.name, value) ?? value.rank > 1;
    const g = isAdapted ? this.scaled(value, gradient, weightDecay) : gradient;
    const velocity = slots.velocity ? tf.add(tf.mul(slots.velocity, this.momentum), g) : tf.clone(g);
    return { value: tf.sub(value, tf.mul(velocity, learningRate)), slots: { velocity } };
  }

  private scaled(value: tf.Tensor, gradient: tf.Tensor, weightDecay: number): tf.Tensor {
    const g = weightDecay > 0 ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
    const [weightNorm, stepNorm] = [tf.norm(value), tf.norm(g)];
    const both = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(stepNorm, 0));
    const ratio = tf.div(tf.mul(weightNorm, this.trust), tf.where(both, stepNorm, 1));
    return tf.mul(g, tf.where(both, ratio, 1));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { groups: _, adapt: __, ...config } = this.options;
    return { ...config, learningRate: this.learningRate };
  }
}

/**
 * Layer-wise adaptive rate scaling: momentum steps whose size is relative to each layer's weights.
 *
 * $g' = g + \lambda w$, $v \leftarrow \mu v + \eta \frac{\lVert w \rVert}{\lVert g' \rVert} g'$, $w \leftarrow w - \gamma v$; the
 * ratio is 1 where a norm is 0.
 *
 * @param options - See {@link LarsOptions}.
 * @returns An optimizer of the engine; its slot is `velocity`.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Differs from the paper in: the norm of $g + \lambda w$ stands for $\lVert g \rVert + \lambda \lVert w \rVert$, and
 *   biases and normalisation are left out, both as in the published code of Barlow Twins and VICReg.
 * @see You, Gitman, Ginsburg (2017), Large batch training of convolutional networks, algorithm 1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { lars } from "@lab/core/optim";
 *
 * await init();
 * const weight = tf.variable(tf.tensor2d([[4]]));
 * const optimizer = lars({ learningRate: 1, trustCoefficient: 0.25 });
 * optimizer.minimize(() => tf.sum(tf.square(weight)) as tf.Scalar, false, [weight]);
 * (await weight.data())[0]; // => 3
 * ```
 */
export function lars(options: LarsOptions): GroupedOptimizer {
  return new Lars(options);
}
