import * as tf from "@tensorflow/tfjs-core";
import { checkBoolean, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { GroupedOptimizer, type GroupedOptions, type ParameterSettings } from "./grouped-optimizer.js";

/** Options of {@link sgd}. */
export interface SgdOptions extends GroupedOptions {
  /** Share of the last step that is repeated, from 0 up to 1. @defaultValue 0 */
  momentum?: number;
  /** Looks ahead along the momentum. @defaultValue false */
  nesterov?: boolean;
  /** Weight decay. @defaultValue 0 */
  weightDecay?: number;
  /**
   * Whether weight decay shrinks the weights by itself; otherwise it is added to the gradient, as `torch.optim.SGD`
   * does it.
   * @defaultValue true
   */
  decoupled?: boolean;
}

class Sgd extends GroupedOptimizer {
  /** @nocollapse */
  static readonly className = "LabSgd";
  private readonly options: SgdOptions;
  private readonly momentum: number;
  private readonly nesterov: boolean;
  private readonly decoupled: boolean;

  constructor(options: SgdOptions) {
    super("sgd", options, 0);
    this.options = options;
    this.momentum = checkNumber("sgd", "momentum", options.momentum ?? 0, { min: 0, below: 1 });
    this.nesterov = checkBoolean("sgd", "nesterov", options.nesterov ?? false);
    this.decoupled = checkBoolean("sgd", "decoupled", options.decoupled ?? true);
    if (this.nesterov && this.momentum === 0) {
      throw new ArgumentError("sgd: nesterov is true and momentum is 0; a momentum above 0 was expected", {
        argument: "nesterov",
        value: true,
      });
    }
  }

  protected override update(
    value: tf.Variable,
    gradient: tf.Tensor,
    { learningRate, weightDecay }: ParameterSettings,
    slots: Readonly<Record<string, tf.Tensor>>,
  ) {
    const isCoupled = weightDecay > 0 && !this.decoupled;
    const g = isCoupled ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
    const shrunk = weightDecay > 0 && this.decoupled ? tf.mul(value, 1 - learningRate * weightDecay) : value;
    if (this.momentum === 0) return { value: tf.sub(shrunk, tf.mul(g, learningRate)), slots: {} };
    // The first velocity is the gradient itself; a clone, since the caller frees the gradient.
    const velocity = slots.velocity ? tf.add(tf.mul(slots.velocity, this.momentum), g) : tf.clone(g);
    const direction = this.nesterov ? tf.add(g, tf.mul(velocity, this.momentum)) : velocity;
    return { value: tf.sub(shrunk, tf.mul(direction, learningRate)), slots: { velocity } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { groups: _, ...config } = this.options;
    return { ...config, learningRate: this.learningRate };
  }
}

/**
 * Stochastic gradient descent with momentum, Nesterov's look-ahead and weight decay.
 *
 * $v \leftarrow \mu v + g$, $w \leftarrow (1 - \eta\lambda) w - \eta v$; with Nesterov $-\eta (g + \mu v)$ instead.
 *
 * @param options - See {@link SgdOptions}.
 * @returns An optimizer of the engine; its slot is `velocity`.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks With `decoupled: false` the steps are those of `torch.optim.SGD` without dampening.
 * @see Sutskever, Martens, Dahl, Hinton (2013), On the importance of initialization and momentum, eq. (1)–(4).
 * @see Loshchilov, Hutter (2019), Decoupled weight decay regularization, algorithm 1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { sgd } from "@lab/core/optim";
 *
 * await init();
 * const weight = tf.variable(tf.scalar(1));
 * const optimizer = sgd({ learningRate: 0.25, momentum: 0.5 });
 * for (let step = 0; step < 2; step++) optimizer.minimize(() => tf.square(weight) as tf.Scalar, false, [weight]);
 * (await weight.data())[0]; // => 0
 * ```
 */
export function sgd(options: SgdOptions): GroupedOptimizer {
  return new Sgd(options);
}
