import { ArgumentError } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder, LinearDecoder, MLPDecoder } from "../decoders/index.js";
import type { EnergyWeights } from "../inference/energy.js";
import type { CodeStats } from "./code-stats.js";

/**
 * Best common factor of each code component when its atom is divided by it: the reconstruction stays, l1 norm and hinge change.
 *
 * $c_j = \max(0, T - \lambda \lVert z_{\cdot j} \rVert_1 / (2 \beta s_j)) / s_j$, kept in [0.5, 2]; 1 for a constant component.
 *
 * @param l1 - $\lVert z_{\cdot j} \rVert_1$ of each component.
 * @param std - $s_j$.
 * @param w - Weights; without a variance term the best factor is 0, so 0.5 comes out.
 * @returns Factors.
 */
export function gaugeFactors(l1: Float64Array, std: Float64Array, w: EnergyWeights): Float64Array {
  const { sparsity, variance = 0, varianceThreshold = 0.5 } = w;
  return std.map((s, j) => {
    if (s <= 1e-8) return 1;
    const pull = variance > 0 ? (sparsity * l1[j]!) / (2 * variance * s) : Number.POSITIVE_INFINITY;
    return Math.min(2, Math.max(0.5, Math.max(0, varianceThreshold - pull) / s));
  });
}

/**
 * Moves scale between codes and atoms to where the energy is least, in one step instead of thousands of updates.
 *
 * @param decoder - Its atoms are divided by the factors.
 * @param stats - Of the codes, from {@link codeStats}.
 * @param w - Weights of the energy.
 * @returns Factors $c_j$ `[l]` by which the codes (and an encoder's outputs) are to be multiplied; the caller disposes them.
 * @throws {@link ArgumentError} for a decoder with a norm constraint, which has no such freedom.
 * @remarks Not in the paper.
 */
export function rebalance(decoder: LinearDecoder, stats: CodeStats, w: EnergyWeights): tf.Tensor1D {
  if (decoder.columnNorm !== undefined) {
    throw new ArgumentError(
      `rebalance: decoder has columnNorm ${decoder.columnNorm}; a decoder with free atoms was expected`,
      { argument: "decoder", value: decoder.columnNorm },
    );
  }
  const factors = tf.tensor1d(Float32Array.from(gaugeFactors(stats.l1, stats.std, w)));
  tf.tidy(() => decoder.dictionary.assign(tf.div(decoder.dictionary, factors) as tf.Tensor2D));
  return factors;
}

/** Options of {@link revive}. */
export interface ReviveOptions {
  /** Share of rows below which a component counts as dead. @defaultValue 0, never used */
  usageThreshold?: number;
  /** Seed of the noise and of new weights. @defaultValue 0 */
  seed?: number;
}

/**
 * Gives dead components new atoms: rows that are reconstructed worst, or new weights in a multi-layer decoder.
 *
 * The hinge cannot do it: a component that is zero for every row has no gradient.
 *
 * @param decoder - A linear or multi-layer decoder; changed in place.
 * @param y - Batch, `[N, d]`.
 * @param codes - Its codes, `[N, l]`.
 * @param o - See {@link ReviveOptions}.
 * @returns The components that were revived.
 * @throws {@link ArgumentError} for a decoder of another kind.
 */
export async function revive(
  decoder: Decoder,
  y: tf.Tensor2D,
  codes: tf.Tensor2D,
  o: ReviveOptions = {},
): Promise<number[]> {
  const isLinear = "dictionary" in decoder;
  if (!isLinear && !("kernels" in decoder)) {
    throw new ArgumentError(
      "revive: decoder comes from a model; a linear or multi-layer decoder was expected",
      {
        argument: "decoder",
        value: "model",
      },
    );
  }
  const parts = tf.tidy(() => [
    tf.mean(tf.cast(tf.notEqual(codes, 0), "float32"), 0),
    tf.sum(tf.square(tf.sub(decoder.decode(codes), y)), 1),
  ]) as [tf.Tensor, tf.Tensor];
  const [usage, residual] = await Promise.all(parts.map((part) => part.data()));
  tf.dispose(parts);
  const dead = Array.from(usage!.keys()).filter((j) => usage![j]! <= (o.usageThreshold ?? 0));
  if (dead.length === 0) return dead;
  const generator = new Generator(o.seed ?? 0);
  if (!isLinear) {
    const kernel = (decoder as MLPDecoder).kernels[0]!;
    const bound = 1 / Math.sqrt(kernel.shape[0]);
    tf.tidy(() => {
      const isDead = tf.tensor2d(
        Float32Array.from(usage!.keys(), (j) => (dead.includes(j) ? 1 : 0)),
        [usage!.length, 1],
      );
      const drawn = generator.uniform(kernel.shape, -bound, bound);
      kernel.assign(tf.add(tf.mul(kernel, tf.sub(1, isDead)), tf.mul(drawn, isDead)) as tf.Tensor2D);
    });
    decoder.project?.();
    return dead;
  }
  const { dictionary } = decoder as LinearDecoder;
  const [atoms, data] = await Promise.all([dictionary.data(), y.data()]);
  const [d, l] = dictionary.shape;
  const norms = Array.from({ length: l }, (_, j) => {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += atoms[k * l + j]! ** 2;
    return Math.sqrt(sum);
  });
  const alive = norms.filter((_, j) => !dead.includes(j)).sort((a, b) => a - b);
  const typical = alive[Math.floor(alive.length / 2)] ?? 1;
  const worst = Array.from(residual!.keys()).sort((a, b) => residual![b]! - residual![a]!);
  const changed = Float32Array.from(atoms);
  for (const [i, j] of dead.entries()) {
    const row = worst[i % worst.length]!;
    const noise = generator.normal64(d);
    const own = Float64Array.from({ length: d }, (_, k) => data[row * d + k]!);
    const size = Math.hypot(...own) || 1;
    for (let k = 0; k < d; k++) own[k]! += (0.01 * size * noise[k]!) / Math.sqrt(d);
    const norm = Math.hypot(...own);
    for (let k = 0; k < d; k++) changed[k * l + j] = (own[k]! / norm) * typical;
  }
  tf.tidy(() => dictionary.assign(tf.tensor2d(changed, [d, l])));
  decoder.project?.();
  return dead;
}
