import { ArgumentError, checkNumber } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import { GroupedOptimizer, type ParameterSettings } from "@lab/core/optim";
import * as tf from "@tensorflow/tfjs-core";
import { noiseDeviation, withNoise } from "./noise.js";
import { checkSamplerOptions, type SamplerOptions } from "./sampler-options.js";
import type { Sampler } from "./sgld.js";

/** Options of {@link psgld}. */
export interface PsgldOptions extends SamplerOptions {
  /**
   * Where the preconditioner $G$ comes from: running squared gradients (RMSprop), or fixed variances by variable, such
   * as a prior's diagonal in the shapes of the variables.
   * @defaultValue `"rmsprop"`
   */
  preconditioner?: "rmsprop" | ReadonlyMap<tf.Variable, tf.Tensor> | ParameterSet;
  /** Decay of the running squared gradients. @defaultValue 0.99 */
  decay?: number;
  /** Added to the root of the squared gradients. @defaultValue 1e-5 */
  epsilon?: number;
  /**
   * Adds the term $\Gamma = \partial G/\partial w$, from the last change of the gradient along each coordinate; without
   * it the stationary distribution is biased by how fast $G$ changes.
   * @defaultValue false
   */
  withGamma?: boolean;
}

class Psgld extends GroupedOptimizer {
  /** @nocollapse */
  static readonly className = "LabPsgld";
  temperature: number;
  private readonly options: PsgldOptions;
  private readonly dataSize: number;
  private readonly decay: number;
  private readonly epsilon: number;
  private readonly fixed: ((variable: tf.Variable) => tf.Tensor) | undefined;

  constructor(options: PsgldOptions) {
    super("psgld", options, 0);
    const { dataSize, temperature } = checkSamplerOptions("psgld", options);
    this.options = options;
    this.dataSize = dataSize;
    this.temperature = temperature;
    this.decay = checkNumber("psgld", "decay", options.decay ?? 0.99, { min: 0, below: 1 });
    this.epsilon = checkNumber("psgld", "epsilon", options.epsilon ?? 1e-5, { above: 0 });
    const { preconditioner = "rmsprop" } = options;
    if (preconditioner !== "rmsprop") this.fixed = (variable) => fixedFor(preconditioner, variable);
  }

  protected override update(
    value: tf.Variable,
    gradient: tf.Tensor,
    { learningRate, weightDecay }: ParameterSettings,
    slots: Readonly<Record<string, tf.Tensor>>,
  ) {
    const g = weightDecay > 0 ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
    const { squares, next } = this.fixed ? { squares: undefined, next: {} } : this.running(g, value, slots);
    const metric = squares ? this.metricOf(squares) : this.fixed!(value);
    const drift = tf.mul(metric, g);
    let moved = tf.sub(value, tf.mul(drift, learningRate));
    if (squares && this.options.withGamma) {
      const gamma = this.gamma(squares, g, value, slots);
      moved = tf.add(moved, tf.mul(gamma, (learningRate * this.temperature) / this.dataSize));
    }
    const deviation = noiseDeviation(learningRate, this.temperature, this.dataSize);
    const noise = deviation === 0 ? 0 : tf.mul(tf.sqrt(metric), deviation);
    return { value: withNoise(moved, noise, this.options.generator), slots: next };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate, temperature: this.temperature, dataSize: this.dataSize };
  }

  /** $G = 1/(\epsilon + \sqrt{S})$. */
  private metricOf(squares: tf.Tensor): tf.Tensor {
    return tf.reciprocal(tf.add(tf.sqrt(squares), this.epsilon));
  }

  private running(g: tf.Tensor, value: tf.Variable, slots: Readonly<Record<string, tf.Tensor>>) {
    const squares = tf.add(
      tf.mul(slots.squares ?? tf.square(g), this.decay),
      tf.mul(tf.square(g), 1 - this.decay),
    );
    const next: Record<string, tf.Tensor> = { squares };
    if (this.options.withGamma) Object.assign(next, { gradient: tf.clone(g), position: tf.clone(value) });
    return { squares, next };
  }

  /** $\partial G_i/\partial w_i = -(1-\beta) g_i h_i G_i^2/\sqrt{S_i}$ with $h_i$ the secant curvature of coordinate $i$. */
  private gamma(
    squares: tf.Tensor,
    g: tf.Tensor,
    value: tf.Variable,
    slots: Readonly<Record<string, tf.Tensor>>,
  ) {
    if (!slots.gradient || !slots.position) return tf.zerosLike(g);
    const moved = tf.sub(value, slots.position);
    const safe = tf.where(tf.greater(tf.abs(moved), 1e-12), moved, tf.onesLike(moved));
    const curvature = tf.where(
      tf.greater(tf.abs(moved), 1e-12),
      tf.div(tf.sub(g, slots.gradient), safe),
      tf.zerosLike(moved),
    );
    const root = tf.add(tf.sqrt(squares), 1e-12);
    const slope = tf.div(tf.mul(tf.mul(g, curvature), tf.square(this.metricOf(squares))), root);
    return tf.mul(slope, -(1 - this.decay));
  }
}

function fixedFor(source: ReadonlyMap<unknown, tf.Tensor>, variable: tf.Variable): tf.Tensor {
  const found = source.get(variable) ?? source.get(variable.name);
  if (found && found.size === variable.size) return tf.reshape(found, variable.shape);
  throw new ArgumentError(
    `psgld: preconditioner holds nothing of shape [${variable.shape}] for ${variable.name}`,
    {
      argument: "preconditioner",
      value: variable.name,
    },
  );
}

/**
 * Preconditioned stochastic gradient Langevin dynamics.
 *
 * $w \leftarrow w - \eta\,(G\nabla F - \Gamma T/N) + \sqrt{2\eta T/N}\,G^{1/2}\xi$ with $G$ from RMSprop or fixed.
 *
 * @param options - See {@link PsgldOptions}.
 * @returns An optimizer of the engine.
 * @throws {@link ArgumentError} when an option is out of range or there is no generator.
 * @remarks With a fixed preconditioner $\Gamma$ is zero and the stationary distribution is that of SGLD.
 * @see Li, Chen, Carlson, Carin (2016), Preconditioned stochastic gradient Langevin dynamics, eq. (4)–(6).
 */
export function psgld(options: PsgldOptions): Sampler {
  return new Psgld(options);
}
