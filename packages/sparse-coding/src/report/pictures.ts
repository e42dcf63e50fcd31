import { checkShape, tidyAsync } from "@lab/core";
import type { ImagePlot, Picture } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { picturesOf, unitDecodings } from "../figures/index.js";
import type { SparseAutoencoder } from "../training/index.js";

/** How a row becomes a picture. */
export interface PictureShape {
  /** Height in pixels. */
  height: number;
  /** Width in pixels. */
  width: number;
}

/**
 * What each code component draws at its largest activation, most used first; the atoms of a linear decoder.
 *
 * @param model - A trained autoencoder.
 * @param codes - Codes of some data, `[N, l]`: they give the activations and the order.
 * @param o - Size of a picture.
 */
export async function unitsFigure(
  model: SparseAutoencoder,
  codes: tf.Tensor2D,
  o: PictureShape,
): Promise<ImagePlot> {
  const l = model.decoder.codeDim;
  checkShape("unitsFigure", "codes", codes, [null, l]);
  return tidyAsync(async (track) => {
    const [largest, usage] = await Promise.all(
      [
        tf.tidy(() => tf.max(tf.abs(codes), 0)),
        tf.tidy(() => tf.mean(tf.cast(tf.notEqual(codes, 0), "float32"), 0)),
      ].map((figure) => track(figure).data()),
    );
    const units = track(
      unitDecodings(
        model.decoder,
        Array.from(largest!, (a) => (a > 0 ? a : 1)),
      ),
    );
    const columns = await units.data();
    const order = Array.from(usage!.keys()).sort((a, b) => usage![b]! - usage![a]!);
    const rows = order.map((j) =>
      Float32Array.from({ length: model.decoder.dataDim }, (_, k) => columns[k * l + j]!),
    );
    const dead = order.filter((j) => usage![j] === 0).length;
    return picturesOf(rows, {
      ...o,
      title: "What each component draws",
      caption: `At its largest activation, most used first; grey is zero. ${dead} of ${l} are never used.`,
      columns: 16,
      most: l,
    });
  });
}

/**
 * Clean, noisy and denoised pictures, three rows.
 *
 * @param model - A trained autoencoder.
 * @param y - Clean data, `[N, d]`; the first rows are shown.
 * @param o - Size of a picture, deviation of the noise in the units of the data, and how many.
 */
export async function denoisingFigure(
  model: SparseAutoencoder,
  y: tf.Tensor2D,
  o: PictureShape & {
    /** Deviation of the noise. */ sigma: number /** Seed of the noise. */;
    seed: number;
    /** Pictures. @defaultValue 8 */
    count?: number;
  },
): Promise<ImagePlot> {
  const { dataDim } = model.decoder;
  checkShape("denoisingFigure", "y", y, [null, dataDim]);
  const count = Math.min(o.count ?? 8, y.shape[0]);
  const shown = tf.tidy(() => {
    const clean = tf.slice(y, [0, 0], [count, dataDim]);
    const noisy = tf.add(clean, new Generator(o.seed).normal([count, dataDim], 0, o.sigma)) as tf.Tensor2D;
    return tf.concat([clean, noisy, model.decode(model.encode(noisy))]);
  });
  const values = await shown.data();
  shown.dispose();
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values.subarray(0, count * dataDim)) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high > low ? high - low : 1;
  const images: Picture[] = Array.from({ length: 3 * count }, (_, n) => ({
    width: o.width,
    height: o.height,
    channels: 1 as const,
    data: Array.from(values.subarray(n * dataDim, (n + 1) * dataDim), (v) =>
      Math.min(1, Math.max(0, (v - low) / span)),
    ),
  }));
  return {
    kind: "image",
    title: "Clean, noisy, denoised by the encoder",
    caption: `Noise of deviation ${o.sigma} in the units of the standardised data.`,
    images,
    columns: count,
  };
}
