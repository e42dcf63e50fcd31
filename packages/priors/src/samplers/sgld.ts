import { GroupedOptimizer, type ParameterSettings } from "@lab/core/optim";
import * as tf from "@tensorflow/tfjs-core";
import { noiseDeviation, withNoise } from "./noise.js";
import { checkSamplerOptions, type SamplerOptions } from "./sampler-options.js";

class Sgld extends GroupedOptimizer {
  /** @nocollapse */
  static readonly className = "LabSgld";
  /** Temperature of the next update; schedules may set it, 0 turns the noise off. */
  temperature: number;
  private readonly options: SamplerOptions;
  private readonly dataSize: number;

  constructor(options: SamplerOptions) {
    super("sgld", options, 0);
    const { dataSize, temperature } = checkSamplerOptions("sgld", options);
    this.options = options;
    this.dataSize = dataSize;
    this.temperature = temperature;
  }

  protected override update(value: tf.Variable, gradient: tf.Tensor, settings: ParameterSettings) {
    const { learningRate, weightDecay } = settings;
    const g = weightDecay > 0 ? tf.add(gradient, tf.mul(value, weightDecay)) : gradient;
    const moved = tf.sub(value, tf.mul(g, learningRate));
    const deviation = noiseDeviation(learningRate, this.temperature, this.dataSize);
    return { value: withNoise(moved, deviation, this.options.generator), slots: {} };
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate, temperature: this.temperature, dataSize: this.dataSize };
  }
}

/** A sampler: an optimizer whose temperature may be changed while it runs. */
export interface Sampler extends GroupedOptimizer {
  /** Temperature of the next update. */
  temperature: number;
}

/**
 * Stochastic gradient Langevin dynamics.
 *
 * $w \leftarrow w - \eta\nabla F + \sqrt{2\eta T/N}\,\xi$ for the mean loss $F = U/N$. At temperature 0 it is gradient
 * descent, bit by bit.
 *
 * @param options - See {@link SamplerOptions}; `learningRate` is $\eta$.
 * @returns An optimizer of the engine; works in `fit` and in `model.compile`.
 * @throws {@link ArgumentError} when an option is out of range or there is no generator.
 * @see Welling, Teh (2011), Bayesian learning via stochastic gradient Langevin dynamics, eq. (4).
 */
export function sgld(options: SamplerOptions): Sampler {
  return new Sgld(options);
}
