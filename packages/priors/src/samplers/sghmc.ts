import { checkNumber } from "@lab/core";
import { GroupedOptimizer, type ParameterSettings } from "@lab/core/optim";
import * as tf from "@tensorflow/tfjs-core";
import { noiseDeviation, withNoise } from "./noise.js";
import { checkSamplerOptions, type SamplerOptions } from "./sampler-options.js";
import type { Sampler } from "./sgld.js";

/** Options of {@link sghmc}. */
export interface SghmcOptions extends SamplerOptions {
  /** Share of the velocity lost in a step, $\alpha$, above 0 up to 1; 1 is SGLD. @defaultValue 0.1 */
  friction?: number;
}

/** An SGHMC sampler. */
export interface SghmcSampler extends Sampler {
  /** Draws every velocity anew from its stationary distribution, as at the start of a cycle. */
  resampleVelocity(): void;
}

class Sghmc extends GroupedOptimizer implements SghmcSampler {
  /** @nocollapse */
  static readonly className = "LabSghmc";
  temperature: number;
  private readonly options: SghmcOptions;
  private readonly dataSize: number;
  private readonly friction: number;
  private readonly fresh = new Set<string>();
  private resampled = 0;

  constructor(options: SghmcOptions) {
    super("sghmc", options, 0);
    const { dataSize, temperature } = checkSamplerOptions("sghmc", options);
    this.options = options;
    this.dataSize = dataSize;
    this.temperature = temperature;
    this.friction = checkNumber("sghmc", "friction", options.friction ?? 0.1, { above: 0, max: 1 });
  }

  resampleVelocity(): void {
    this.resampled += 1;
    this.fresh.clear();
  }

  protected override update(
    value: tf.Variable,
    gradient: tf.Tensor,
    { learningRate, weightDecay }: ParameterSettings,
    slots: Readonly<Record<string, tf.Tensor>>,
  ) {
    const g = weightDecay > 0 ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
    let velocity = slots.velocity ?? tf.zerosLike(value);
    if (this.resampled > 0 && !this.fresh.has(value.name)) {
      this.fresh.add(value.name);
      velocity = withNoise(
        tf.zerosLike(value),
        Math.sqrt((learningRate * this.temperature) / this.dataSize),
        this.options.generator,
      );
    }
    const pushed = tf.sub(tf.mul(velocity, 1 - this.friction), tf.mul(g, learningRate));
    const deviation = noiseDeviation(learningRate, this.temperature, this.dataSize, this.friction);
    const next = withNoise(pushed, deviation, this.options.generator);
    return { value: tf.add(value, next), slots: { velocity: next } };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return {
      learningRate: this.learningRate,
      temperature: this.temperature,
      dataSize: this.dataSize,
      friction: this.friction,
    };
  }
}

/**
 * Stochastic gradient Hamiltonian Monte Carlo.
 *
 * $v \leftarrow (1-\alpha)v - \eta\nabla F + \sqrt{2\alpha\eta T/N}\,\xi$, $w \leftarrow w + v$ for the mean loss
 * $F = U/N$. At temperature 0 it is gradient descent with momentum $1-\alpha$ (heavy ball).
 *
 * @param options - See {@link SghmcOptions}; `learningRate` is $\eta$.
 * @returns An optimizer of the engine whose slot is `velocity`.
 * @throws {@link ArgumentError} when an option is out of range or there is no generator.
 * @see Chen, Fox, Guestrin (2014), Stochastic gradient Hamiltonian Monte Carlo, eq. (15).
 */
export function sghmc(options: SghmcOptions): SghmcSampler {
  return new Sghmc(options);
}
