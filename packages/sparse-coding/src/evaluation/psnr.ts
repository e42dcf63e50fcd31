import { checkNumber, checkSameShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link psnr}. */
export interface PsnrOptions {
  /** What standardised values were divided by: errors are multiplied with it. @defaultValue 1 */
  scale?: number;
  /** Largest possible value. @defaultValue 1 */
  peak?: number;
  /** Decibels of a sample without error; the authors' code says 40. @defaultValue infinity */
  zeroErrorDb?: number;
}

/** Peak signal-to-noise ratios. */
export interface PsnrResult {
  /** Mean over samples of their decibels. */
  mean: number;
  /** Decibels of each sample. */
  perSample: Float32Array;
}

/**
 * Peak signal-to-noise ratio of each sample of any shape and the mean of the decibels; nothing is clipped.
 *
 * $10 \log_{10}(\mathrm{peak}^2 / \mathrm{MSE})$
 *
 * @param target - Shape `[N, …]`.
 * @param pred - Same shape.
 * @param o - See {@link PsnrOptions}.
 * @returns See {@link PsnrResult}.
 * @throws {@link ShapeError} when the shapes differ.
 */
export async function psnr(target: tf.Tensor, pred: tf.Tensor, o: PsnrOptions = {}): Promise<PsnrResult> {
  checkSameShape("psnr", "pred", pred, "target", target);
  const scale = checkNumber("psnr", "scale", o.scale ?? 1, { above: 0 });
  const peak = checkNumber("psnr", "peak", o.peak ?? 1, { above: 0 });
  const errors = tf.tidy(() =>
    tf.mean(
      tf.square(
        tf.mul(
          tf.sub(tf.reshape(target, [target.shape[0]!, -1]), tf.reshape(pred, [target.shape[0]!, -1])),
          scale,
        ),
      ),
      1,
    ),
  );
  const values = await errors.data();
  errors.dispose();
  const zero = o.zeroErrorDb ?? Number.POSITIVE_INFINITY;
  const perSample = Float32Array.from(values, (mse) =>
    mse === 0 ? zero : 10 * Math.log10((peak * peak) / mse),
  );
  return { mean: perSample.reduce((a, b) => a + b, 0) / perSample.length, perSample };
}
