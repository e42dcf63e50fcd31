import { checkChoice, checkInteger, checkNumber, LabError } from "@lab/core";
import type { ParameterSet } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import {
  blocksOf,
  checkSameLayout,
  flatLayout,
  layoutOf,
  layoutSize,
  type ParameterLayout,
} from "../layout/index.js";
import type { LogProbOptions, Prior } from "../prior.js";
import {
  activeDeviations,
  type Covariance,
  diagonalOf,
  factorise,
  logDeterminantWith,
  type Recipe,
  stretchOf,
} from "./covariance.js";
import { checkVectors, type Moments, type MomentVectors, momentsOf, type Piece } from "./moments.js";
import { quadraticForm } from "./quadratic-form.js";

/** What {@link GaussianPrior.from} takes. */
export interface GaussianPriorOptions extends MomentVectors {
  /** Names and shapes in the order of the vectors. @defaultValue one flat vector */
  layout?: ParameterLayout;
  /** Live parameters that the prior speaks about; they stay the caller's. @defaultValue none */
  parameters?: ParameterSet;
}

/** Options of {@link GaussianPrior.scale}. */
export interface ScaleOptions {
  /** Added to every variance. @defaultValue 0 */
  floor?: number;
  /**
   * `covariance`: $D = s\,d/2 + \varepsilon$, $V = \sqrt{s}\,U$, the whole covariance times $s$. `reference`: what the
   * authors' release computes, $D = s\,d + \varepsilon$, $V = s\,U$, whose low-rank part grows with $s^2$.
   * @defaultValue `"covariance"`
   */
  convention?: "covariance" | "reference";
}

/**
 * A Gaussian over parameters with a diagonal and a low-rank part: a SWAG posterior that serves as a prior.
 *
 * $N(\mu,\; s\,(\tfrac12 \mathrm{diag}(d) + UU^\top) + \varepsilon I)$. Density, gradient and samples cost $O(PK)$; no
 * $P \times P$ matrix is made. Scaled, truncated and diagonal versions share the moments of the one that they come from.
 *
 * @see Shwartz-Ziv et al. (2022), Pre-Train Your Loss; Maddox et al. (2019), A simple baseline for Bayesian
 *   uncertainty in deep learning (SWAG), section 3.2.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { GaussianPrior } from "@lab/priors";
 *
 * await init();
 * const prior = GaussianPrior.from({ mean: tf.tensor1d([1, 2]), variance: tf.tensor1d([2, 2]) });
 * const quadratic = prior.quadratic(tf.tensor1d([1, 4]));
 * (await quadratic.data())[0]; // => 4
 * ```
 */
export class GaussianPrior implements Prior {
  readonly layout: ParameterLayout;
  readonly size: number;
  readonly parameters: ParameterSet | undefined;
  private readonly moments: Moments;
  private readonly recipe: Recipe;
  private covariance: Covariance | undefined;
  private isDisposed = false;

  private constructor(
    layout: ParameterLayout,
    moments: Moments,
    recipe: Recipe,
    parameters: ParameterSet | undefined,
  ) {
    this.layout = layout;
    this.parameters = parameters;
    this.size = layoutSize(layout);
    this.moments = moments.acquire();
    this.recipe = recipe;
  }

  /**
   * A prior from its moments, at scale 1 and floor 0.
   *
   * @param options - Mean `[P]`, variance $d$ `[P]` and deviations $U$ `[K, P]`; they are copied and stay the caller's.
   * @throws {@link ShapeError} when sizes or the layout of the parameters differ; {@link ArgumentError} when there is a
   *   single deviation, a vector is neither a tensor nor a Float32Array, or such an array holds a value out of range.
   */
  static from(options: GaussianPriorOptions): GaussianPrior {
    checkVectors(options);
    const size = options.mean instanceof Float32Array ? options.mean.length : options.mean.size;
    const layout = options.layout ?? flatLayout(size);
    const { parameters } = options;
    if (parameters) checkSameLayout("GaussianPrior.from", "parameters", layoutOf(parameters), layout);
    const moments = momentsOf(options, layout);
    const recipe = { diagonal: 0.5, factor: 1, floor: 0, rank: moments.rank };
    return new GaussianPrior(layout, moments, recipe, parameters);
  }

  /** Number of deviations that take part; 0 for a diagonal prior. */
  get rank(): number {
    return this.recipe.rank;
  }

  /**
   * This prior with its covariance rescaled; scales are counted from the moments, not from this prior's own scale.
   *
   * @param s - Factor on the covariance, above 0.
   * @param options - See {@link ScaleOptions}.
   * @throws {@link ArgumentError} when `s` is not above 0 or the floor is negative.
   */
  scale(s: number, options: ScaleOptions = {}): GaussianPrior {
    checkNumber("GaussianPrior.scale", "s", s, { above: 0 });
    const floor = checkNumber("GaussianPrior.scale", "floor", options.floor ?? 0, { min: 0 });
    const convention = checkChoice("GaussianPrior.scale", "convention", options.convention ?? "covariance", [
      "covariance",
      "reference",
    ] as const);
    const factors =
      convention === "covariance" ? { diagonal: s / 2, factor: Math.sqrt(s) } : { diagonal: s, factor: s };
    return this.with({ ...this.recipe, ...factors, floor });
  }

  /** This prior with only its last `rank` deviations. */
  truncate(rank: number): GaussianPrior {
    checkInteger("GaussianPrior.truncate", "rank", rank, { min: 0, max: this.rank });
    return this.with({ ...this.recipe, rank });
  }

  /** This prior without its low-rank part. */
  diagonalOnly(): GaussianPrior {
    return this.with({ ...this.recipe, rank: 0 });
  }

  /**
   * Log density in nats; differentiable.
   *
   * @param parameters - A set in the order of the layout, or one vector `[P]`.
   * @param options - See {@link LogProbOptions}.
   * @returns Scalar that belongs to the caller.
   * @throws {@link ShapeError} that names the first parameter of another shape.
   */
  logProb(parameters: ParameterSet | tf.Tensor1D, options: LogProbOptions = {}): tf.Scalar {
    return tf.tidy(() => {
      const quadratic = this.quadratic(parameters);
      if (options.constants === false) return tf.mul(quadratic, -0.5) as tf.Scalar;
      const constant = tf.add(this.prepare().logDeterminant, this.size * Math.log(2 * Math.PI));
      return tf.mul(tf.add(quadratic, constant), -0.5) as tf.Scalar;
    });
  }

  /** $z^\top \Sigma^{-1} z$ of $z = w - \mu$; differentiable. Parameters as in {@link GaussianPrior.logProb}. */
  quadratic(parameters: ParameterSet | tf.Tensor1D): tf.Scalar {
    const covariance = this.prepare();
    return tf.tidy(() => {
      const blocks = blocksOf("GaussianPrior.logProb", parameters, this.layout);
      return quadraticForm(blocks, this.moments, covariance, this.recipe);
    });
  }

  /** $\log\det\Sigma$, shape `[]`; belongs to the caller. */
  logDeterminant(): tf.Scalar {
    return tf.clone(this.prepare().logDeterminant);
  }

  /**
   * $\log\det(I + \Sigma G)$ for a diagonal curvature $G$: what the evidence pays for parameters that the data settle.
   *
   * @param curvature - Diagonal of $G$ in the shapes of the layout.
   * @returns Scalar that belongs to the caller.
   */
  logOccam(curvature: ParameterSet): tf.Scalar {
    this.checkAlive();
    const blocks = blocksOf("GaussianPrior.logOccam", curvature, this.layout);
    return logDeterminantWith(this.moments, this.recipe, blocks);
  }

  /**
   * A draw $\mu + \sqrt{D}\,\xi_1 + V\xi_2$.
   *
   * @param generator - Where the randomness comes from; the same one gives the same draw.
   * @returns Tensors in the shapes of the layout; they belong to the caller.
   */
  sample(generator: Generator): ParameterSet {
    this.checkAlive();
    const { rank, factor } = this.recipe;
    const drawn = new Map<string, tf.Tensor>();
    tf.tidy(() => {
      const common = rank > 0 ? (generator.normal([1, rank], 0, factor) as tf.Tensor2D) : undefined;
      for (const [i, pieces] of this.moments.blocks.entries()) {
        const { name, shape } = this.layout.entries[i]!;
        const values = tf.tidy(() => {
          const noise = generator.normal([...shape]);
          const parts = pieces.map((piece) => this.samplePiece(piece, stretchOf(noise, piece), common));
          return tf.reshape(parts.length === 1 ? parts[0]! : tf.concat(parts), [...shape]);
        });
        drawn.set(name, tf.keep(values));
      }
    });
    return drawn;
  }

  private samplePiece(piece: Piece, noise: tf.Tensor1D, common: tf.Tensor2D | undefined): tf.Tensor {
    return tf.tidy(() => {
      const own = tf.mul(tf.sqrt(diagonalOf(piece.variance, this.recipe)), noise);
      const value = tf.add(piece.mean, own);
      if (!common) return value;
      const lowRank = tf.matMul(common, activeDeviations(piece.deviations!, this.rank));
      return tf.add(value, tf.reshape(lowRank, [-1]));
    });
  }

  /** Smallest and largest inverse of a diagonal variance; read from the device. */
  async precisionRange(): Promise<{ min: number; max: number }> {
    this.checkAlive();
    const extremes = tf.tidy(() => {
      const variances = this.moments.blocks.flat().map(({ variance }) => diagonalOf(variance, this.recipe));
      return tf.stack([
        tf.max(tf.stack(variances.map((piece) => tf.max(piece)))),
        tf.min(tf.stack(variances.map((piece) => tf.min(piece)))),
      ]);
    });
    const [largest, smallest] = await extremes.data();
    extremes.dispose();
    return { min: 1 / largest!, max: 1 / smallest! };
  }

  /** The mean in the shapes of the layout, first to last; its tensors belong to the caller. */
  means(): tf.Tensor[] {
    this.checkAlive();
    return this.moments.blocks.map((pieces, i) => {
      const { shape } = this.layout.entries[i]!;
      return tf.tidy(() => tf.reshape(tf.concat(pieces.map((piece) => piece.mean)), [...shape]));
    });
  }

  /** Mean $\mu$, variance $d$ and deviations $U$ as vectors in the order of the layout; they belong to the caller. */
  vectors(): { mean: tf.Tensor1D; variance: tf.Tensor1D; deviations: tf.Tensor2D | undefined } {
    this.checkAlive();
    const pieces = this.moments.blocks.flat();
    return tf.tidy(() => ({
      mean: tf.concat(pieces.map(({ mean }) => mean)),
      variance: tf.concat(pieces.map(({ variance }) => variance)),
      deviations:
        this.rank > 0
          ? tf.concat(
              pieces.map(({ deviations }) => activeDeviations(deviations!, this.rank)),
              1,
            )
          : undefined,
    }));
  }

  /** Frees what this prior alone uses, and the moments with the last prior that shares them. */
  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    if (this.covariance) {
      this.covariance.logDeterminant.dispose();
      this.covariance.core?.dispose();
    }
    this.moments.release();
  }

  /** Lets `using` free the prior. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  private with(recipe: Recipe): GaussianPrior {
    this.checkAlive();
    return new GaussianPrior(this.layout, this.moments, recipe, this.parameters);
  }

  private prepare(): Covariance {
    this.checkAlive();
    this.covariance ??= factorise(this.moments, this.recipe);
    return this.covariance;
  }

  private checkAlive(): void {
    if (this.isDisposed)
      throw new LabError("LAB_ARGUMENT", "GaussianPrior: this prior is disposed; a live one was expected");
  }
}
