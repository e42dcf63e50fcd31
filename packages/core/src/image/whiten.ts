import * as tf from "@tensorflow/tfjs-core";
import { checkNumber, checkRank } from "../check/index.js";
import { ShapeError } from "../errors/index.js";
import { eighHost } from "../linalg/index.js";
import { tidyAsync } from "../memory/index.js";

/** Options of {@link whiten}. */
export interface WhitenOptions {
  /** Added to the variances, above 0: directions of less variance are not blown up. @defaultValue 1e-5 */
  epsilon?: number;
}

/** What {@link whiten} gives; the tensors belong to the caller. */
export interface Whitened {
  /** The whitened values, the shape of the input. */
  values: tf.Tensor;
  /** Mean of the samples, shape `[dim]`. */
  mean: tf.Tensor1D;
  /** Symmetric whitening matrix, shape `[dim, dim]`: other samples are whitened by `(x - mean) · matrix`. */
  matrix: tf.Tensor2D;
}

/**
 * Whitens samples with the least change: zero mean, unit covariance, axes kept (ZCA).
 *
 * $y = (x - \mu)\, V \operatorname{diag}(1/\sqrt{\lambda + \epsilon})\, V^\top$ with the covariance
 * $V \operatorname{diag}(\lambda) V^\top$ of divisor $n - 1$.
 *
 * @param samples - Shape `[n, dim]`, or images or patches `[n, ...]`, which are taken as vectors; `n` at least 2.
 * @param options - See {@link WhitenOptions}.
 * @returns See {@link Whitened}.
 * @throws {@link ShapeError} when there are fewer than two samples.
 * @throws {@link ArgumentError} when `epsilon` is not above 0.
 * @remarks The eigenvectors are found on the host in double precision: dim³ operations, some seconds at dim = 1000.
 * @see Bell, Sejnowski (1997), The "independent components" of natural scenes are edge filters, eq. (7).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { whiten } from "@lab/core/image";
 *
 * await init();
 * const { values } = await whiten(tf.tensor2d([[0, 0], [0, 2], [4, 0], [4, 2]]));
 * Array.from(await values.data(), (value) => value.toFixed(2)); // => ["-0.87", "-0.87", "-0.87", "0.87", "0.87", "-0.87", "0.87", "0.87"]
 * ```
 */
export async function whiten(samples: tf.Tensor, options: WhitenOptions = {}): Promise<Whitened> {
  checkRank("whiten", "samples", samples, [2, 3, 4, 5]);
  const epsilon = checkNumber("whiten", "epsilon", options.epsilon ?? 1e-5, { above: 0 });
  const n = samples.shape[0]!;
  if (n < 2) {
    throw new ShapeError(`whiten: samples has shape [${samples.shape}]; at least two samples were expected`, {
      argument: "samples",
      shape: samples.shape,
    });
  }
  const dim = samples.size / n;
  return await tidyAsync(async (track) => {
    const flat = track(tf.reshape(samples, [n, dim]) as tf.Tensor2D);
    const mean = track(tf.mean(flat, 0) as tf.Tensor1D);
    const centred = track(tf.sub(flat, mean) as tf.Tensor2D);
    const covariance = track(tf.tidy(() => tf.div(tf.matMul(centred, centred, true), n - 1)));
    const { values: spectrum, vectors } = eighHost(Float64Array.from(await covariance.data()), dim);
    // V diag(s) in place of two products with a diagonal: V diag(λ^-1/4) times its own transpose.
    const scaled = new Float32Array(dim * dim);
    for (let j = 0; j < dim; j++) {
      const scale = (Math.max(0, spectrum[j]!) + epsilon) ** -0.25;
      for (let i = 0; i < dim; i++) scaled[i * dim + j] = vectors[i * dim + j]! * scale;
    }
    const factor = track(tf.tensor2d(scaled, [dim, dim]));
    const matrix = track(tf.matMul(factor, factor, false, true) as tf.Tensor2D);
    const values = track(tf.tidy(() => tf.reshape(tf.matMul(centred, matrix), samples.shape)));
    return { values, mean, matrix };
  });
}
