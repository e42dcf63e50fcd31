import { checkNumber } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { loadPrior } from "../file/index.js";
import { blockedSum, GaussianPrior } from "../gaussian/index.js";
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
  readonly parameters: ParameterSet | undefined;
  private readonly variance: number;
  /** Means in the order of the layout; absent for a mean of zero. */
  private readonly means: readonly tf.Tensor[] | undefined;

  constructor(
    layout: ParameterLayout,
    variance: number,
    parameters: ParameterSet | undefined,
    means?: readonly tf.Tensor[],
  ) {
    this.layout = layout;
    this.size = layoutSize(layout);
    this.parameters = parameters;
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

/** The parameters, where they are those of a model; constants are no parameters that a loss could move. */
const liveOf = (parameters: ParameterSet): ParameterSet | undefined =>
  [...parameters.values()].every((tensor) => tensor instanceof tf.Variable) ? parameters : undefined;

/**
 * A Gaussian around zero with one variance: what weight decay is.
 *
 * @param parameters - The parameters that it is about; their values are not read.
 * @param options - See {@link IsotropicOptions}.
 * @throws {@link ArgumentError} when the variance is not above 0.
 */
export function isotropic(parameters: ParameterSet, options: IsotropicOptions): Prior {
  const variance = checkNumber("isotropic", "variance", options.variance, { above: 0 });
  return new IsotropicPrior(layoutOf(parameters), variance, liveOf(parameters));
}

/**
 * A Gaussian around given weights with one variance: L2-SP.
 *
 * @param source - The means: weights of the source model, which are copied, a prior whose mean is taken, or a prior file
 *   (Node), whose mean is read.
 * @param options - See {@link IsotropicOptions}.
 * @returns The prior, or a promise of it for a file.
 * @throws {@link ArgumentError} when the variance is not above 0; {@link DataError} when the file is no prior.
 * @see Li, Grandvalet, Davoine (2018), Explicit inductive bias for transfer learning with convolutional networks.
 */
export function centred(source: ParameterSet | GaussianPrior, options: IsotropicOptions): Prior;
/** The same for a prior file. */
export function centred(source: string, options: IsotropicOptions): Promise<Prior>;
export function centred(
  source: ParameterSet | GaussianPrior | string,
  options: IsotropicOptions,
): Prior | Promise<Prior> {
  const variance = checkNumber("centred", "variance", options.variance, { above: 0 });
  if (typeof source === "string") return centredOnFile(source, variance);
  if (source instanceof GaussianPrior) {
    return new IsotropicPrior(source.layout, variance, source.parameters, source.means().map(tf.keep));
  }
  const means = [...source.values()].map((tensor) => tf.keep(tf.clone(tensor)));
  return new IsotropicPrior(layoutOf(source), variance, liveOf(source), means);
}

async function centredOnFile(path: string, variance: number): Promise<Prior> {
  const prior = await loadPrior(path);
  try {
    return new IsotropicPrior(prior.layout, variance, undefined, prior.means().map(tf.keep));
  } finally {
    prior.dispose();
  }
}
