import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { quantile } from "../distribution/law.js";
import type { AugmentedMoments } from "../moments/augmented-moments.js";

/** Which error a count of samples promises. */
export interface SamplesNeededOptions {
  /** Error as a share of the quantity. One of this and `absoluteError`. */
  relativeError?: number;
  /** Error in the unit of the quantity. */
  absoluteError?: number;
  /** Probability of staying below the error, for `normal` and `chebyshev`. @defaultValue 0.95 */
  confidence?: number;
  /**
   * `rms`: the root mean square error. `normal`: with the confidence, by the central limit theorem. `chebyshev`: with the confidence, for any
   * distribution. @defaultValue `"rms"`
   */
  bound?: "rms" | "normal" | "chebyshev";
}

/** Options of counts for vectors and matrices. */
export interface VectorSamplesOptions extends Omit<SamplesNeededOptions, "bound"> {
  /** `rms`: the root mean square of the error's norm. `chebyshev`: with the confidence, for any distribution. @defaultValue `"rms"` */
  bound?: "rms" | "chebyshev";
}

/** Target error and how often it may be exceeded. */
function checked(caller: string, o: SamplesNeededOptions, size: number): { error: number; factor: number } {
  const { relativeError, absoluteError } = o;
  if ((relativeError === undefined) === (absoluteError === undefined)) {
    throw new ArgumentError(
      `${caller}: ${relativeError === undefined ? "neither relativeError nor absoluteError is" : "relativeError and absoluteError are both"} given; exactly one was expected`,
      { argument: "relativeError", value: relativeError },
    );
  }
  const confidence = checkNumber(caller, "confidence", o.confidence ?? 0.95, { above: 0, below: 1 });
  const bound = checkChoice(caller, "bound", o.bound ?? "rms", ["rms", "normal", "chebyshev"]);
  if (relativeError !== undefined) {
    checkNumber(caller, "relativeError", relativeError, { above: 0 });
    if (size === 0) {
      throw new ArgumentError(`${caller}: mean is 0; pass absoluteError`, { argument: "mean", value: 0 });
    }
  } else checkNumber(caller, "absoluteError", absoluteError, { above: 0 });
  const error = relativeError !== undefined ? relativeError * size : absoluteError!;
  const z = quantile({ kind: "normal", mean: 0, sd: 1 }, (1 + confidence) / 2);
  const factor = bound === "rms" ? 1 : bound === "normal" ? z * z : 1 / (1 - confidence);
  return { error, factor };
}

/** Rounding must not add a sample. */
const upwards = (count: number) => Math.max(1, Math.ceil(count * (1 - 1e-12)));

/**
 * Independent augmentations after which the mean of a number, such as a loss, is known to an error.
 *
 * rms $\mathrm{CV}^2/\varepsilon^2$; normal $z^2\,\mathrm{CV}^2/\varepsilon^2$; Chebyshev $\mathrm{CV}^2/(\delta\varepsilon^2)$.
 *
 * @param m - Mean and variance, as of {@link lossMoments}.
 * @param options - See {@link SamplesNeededOptions}.
 * @returns Count for one image. Over N images errors average: for the total loss each image needs N times less.
 * @throws {@link ArgumentError} when an option is out of range, or the mean is 0 and the error is relative.
 * @example
 * ```ts
 * import { samplesNeeded } from "@lab/da-theory";
 *
 * samplesNeeded({ mean: 1, variance: 2 }, { relativeError: 0.01 }); // => 20000
 * samplesNeeded({ mean: 1, variance: 2 }, { relativeError: 0.01, bound: "normal" }); // => 76830
 * ```
 */
export function samplesNeeded(m: { mean: number; variance: number }, options: SamplesNeededOptions): number {
  checkNumber("samplesNeeded", "mean", m.mean);
  checkNumber("samplesNeeded", "variance", m.variance, { min: 0 });
  const { error, factor } = checked("samplesNeeded", options, Math.abs(m.mean));
  return upwards((factor * m.variance) / error ** 2);
}

/**
 * Independent augmentations after which the mean image is known to an error of its norm.
 *
 * $E\lVert\hat\mu - \mu\rVert^2 = \mathrm{tr}\Sigma/K$, so $K = \mathrm{tr}\Sigma/(\varepsilon^2\lVert\mu\rVert^2)$.
 *
 * @param m - Moments of the image.
 * @param options - See {@link VectorSamplesOptions}.
 * @throws {@link ArgumentError} when an option is out of range, or the mean is 0 and the error is relative.
 */
export async function samplesForMean(m: AugmentedMoments, options: VectorSamplesOptions): Promise<number> {
  const norm = tf.tidy(() => tf.norm(m.mean));
  const [size] = await norm.data();
  norm.dispose();
  const { error, factor } = checked("samplesForMean", options, size!);
  return upwards((factor * (await m.covariance.trace())) / error ** 2);
}

/** The two parts of the error of a sampled covariance: `a/K + b/(K(K - 1))`. */
async function covarianceErrors(m: AugmentedMoments): Promise<{ a: number; b: number; norm: number }> {
  const [norm, trace, fourth] = [
    await m.covariance.frobeniusNorm(),
    await m.covariance.trace(),
    await m.fourthMoment(),
  ];
  return { a: Math.max(0, fourth - norm ** 2), b: norm ** 2 + trace ** 2, norm };
}

/**
 * Expected squared error of the unbiased covariance of `count` independent augmentations.
 *
 * $E\lVert\hat\Sigma - \Sigma\rVert_F^2 = (E\lVert c\rVert^4 - \lVert\Sigma\rVert_F^2)/K + (\lVert\Sigma\rVert_F^2 + (\mathrm{tr}\Sigma)^2)/(K(K-1))$.
 *
 * @param m - Moments of the image.
 * @param count - K, at least 2.
 * @throws {@link ArgumentError} when the count is below 2.
 */
export async function covarianceSamplingError(m: AugmentedMoments, count: number): Promise<number> {
  const K = checkInteger("covarianceSamplingError", "count", count, { min: 2 });
  const { a, b } = await covarianceErrors(m);
  return a / K + b / (K * (K - 1));
}

/**
 * Independent augmentations after which the covariance is known to an error of its Frobenius norm.
 *
 * @param m - Moments of the image.
 * @param options - See {@link VectorSamplesOptions}.
 * @returns The smallest K whose {@link covarianceSamplingError} is small enough.
 * @throws {@link ArgumentError} when an option is out of range, or the covariance is 0 and the error is relative.
 */
export async function samplesForCovariance(
  m: AugmentedMoments,
  options: VectorSamplesOptions,
): Promise<number> {
  const { a, b, norm } = await covarianceErrors(m);
  const { error, factor } = checked("samplesForCovariance", options, norm);
  // a/K + b/(K(K - 1)) ≤ e is a quadratic in K.
  const e = error ** 2 / factor;
  const root = Math.sqrt(Math.max(0, (e + a) ** 2 - 4 * e * (a - b)));
  return Math.max(2, upwards((e + a + root) / (2 * e)));
}
