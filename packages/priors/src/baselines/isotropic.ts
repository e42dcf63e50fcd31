import { checkNumber } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { blockedSum } from "../gaussian/index.js";
import { blocksOf, layoutOf, layoutSize, type ParameterLayout } from "../layout/index.js";
import type { LogProbOptions, Prior } from "../prior.js";

/** Options of {@link isotropic} and {@link centred}. */
export interface IsotropicOptions {
  /** Variance of every parameter, above 0. */
  variance: number;
}

/** A Gaussian with one variance for all parameters. */
class IsotropicPrior implements Prior {
  readonly layout: ParameterLayout;
  readonly size: number;
  private readonly variance: number;
  /** Means in the order of the layout; absent for a mean of zero. */
  private readonly means: readonly tf.Tensor[] | undefined;

  constructor(layout: ParameterLayout, variance: number, means?: readonly tf.Tensor[]) {
    this.layout = layout;
    this.size = layoutSize(layout);
    this.variance = variance;
    this.means = means;
  }

  logProb(parameters: ParameterSet | tf.Tensor1D, options: LogProbOptions = {}): tf.Scalar {
    return tf.tidy(() => {
      const blocks = blocksOf("logProb", parameters, this.layout);
      let squares: tf.Tensor = tf.scalar(0);
      for (const [i, block] of blocks.entries()) {
        const mean = this.means?.[i];
        const z = mean ? tf.sub(block, tf.reshape(mean, block.shape)) : block;
        squares = tf.add(squares, blockedSum(tf.square(z)));
      }
      const quadratic = tf.div(squares, this.variance);
      const constant = options.constants === false ? 0 : this.size * Math.log(2 * Math.PI * this.variance);
      return tf.mul(tf.add(quadratic, constant), -0.5) as tf.Scalar;
    });
  }

  sample(generator: Generator): ParameterSet {
    const drawn = new Map<string, tf.Tensor>();
    for (const [i, { name, shape }] of this.layout.entries.entries()) {
      const mean = this.means?.[i];
      drawn.set(
        name,
        tf.tidy(() => {
          const noise = generator.normal(shape, 0, Math.sqrt(this.variance));
          return mean ? tf.add(noise, tf.reshape(mean, [...shape])) : noise;
        }),
      );
    }
    return drawn;
  }

  async precisionRange(): Promise<{ min: number; max: number }> {
    return { min: 1 / this.variance, max: 1 / this.variance };
  }

  dispose(): void {
    if (this.means) tf.dispose([...this.means]);
  }
}

/**
 * A Gaussian around zero with one variance: what weight decay is.
 *
 * @param parameters - The parameters that it is about; only names and shapes are kept.
 * @param options - See {@link IsotropicOptions}.
 * @throws {@link ArgumentError} when the variance is not above 0.
 */
export function isotropic(parameters: ParameterSet, options: IsotropicOptions): Prior {
  const variance = checkNumber("isotropic", "variance", options.variance, { above: 0 });
  return new IsotropicPrior(layoutOf(parameters), variance);
}

/**
 * A Gaussian around given weights with one variance: L2-SP.
 *
 * @param parameters - The means, such as the weights of the source model; they are copied.
 * @param options - See {@link IsotropicOptions}.
 * @throws {@link ArgumentError} when the variance is not above 0.
 * @see Li, Grandvalet, Davoine (2018), Explicit inductive bias for transfer learning with convolutional networks.
 */
export function centred(parameters: ParameterSet, options: IsotropicOptions): Prior {
  const variance = checkNumber("centred", "variance", options.variance, { above: 0 });
  const means = [...parameters.values()].map((tensor) => tf.keep(tf.clone(tensor)));
  return new IsotropicPrior(layoutOf(parameters), variance, means);
}
