import type { Dataset } from "@lab/core/data";
import { knnProbe } from "@lab/core/metrics";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { couplingFactors } from "../contrastive/index.js";
import { alignment, uniformity } from "../hypersphere/index.js";
import { spectrum } from "../spectrum/index.js";
import { encodeDataset } from "./encode-dataset.js";

/** Labelled samples for the probe of {@link pretrain}. */
export interface LabelledSplits {
  /** Samples that vote. */
  train: Dataset<{ x: tf.Tensor; label: number }>;
  /** Samples that are classified. */
  test: Dataset<{ x: tf.Tensor; label: number }>;
}

/** How a batch of views stands: alignment, uniformity, effective rank, and for contrastive methods quantiles of q. */
export async function viewFigures(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  temperature: number | undefined,
): Promise<Record<string, number>> {
  const [near, even] = tf.tidy(() => [
    alignment(first, second),
    tf.mul(tf.add(uniformity(first), uniformity(second)), 0.5),
  ]) as [tf.Tensor, tf.Tensor];
  const figures: Record<string, number> = {
    alignment: (await near.data())[0]!,
    uniformity: (await even.data())[0]!,
    effectiveRank: (await spectrum(first)).effectiveRank,
  };
  tf.dispose([near, even]);
  if (temperature === undefined) return figures;
  const factors = couplingFactors(first, second, { temperature });
  const sorted = Float32Array.from(await factors.data()).sort();
  factors.dispose();
  const quantile = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { ...figures, q10: quantile(0.1), q50: quantile(0.5), q90: quantile(0.9) };
}

/** Weighted kNN on the representation. */
export async function knnFigure(
  backbone: LayersModel,
  splits: LabelledSplits,
  signal: AbortSignal | undefined,
): Promise<number> {
  const options = signal ? { signal } : {};
  const train = await encodeDataset(backbone, splits.train, options);
  const test = await encodeDataset(backbone, splits.test, options);
  try {
    const k = Math.min(20, train.labels.length);
    return (await knnProbe(train, test, { k, temperature: 0.07 })).accuracy;
  } finally {
    tf.dispose([train.x, test.x]);
  }
}

/** Rows that are zero, or as good as zero. */
export async function numZeroRows(z: tf.Tensor2D): Promise<number> {
  const count = tf.tidy(() => tf.sum(tf.cast(tf.lessEqual(tf.max(tf.abs(z), 1), 1e-12), "float32")));
  const [zeros] = await count.data();
  count.dispose();
  return zeros!;
}
