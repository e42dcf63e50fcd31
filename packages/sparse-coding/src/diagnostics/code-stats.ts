import { checkRank, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { EnergyWeights } from "../inference/energy.js";

/** Statistics of codes over a batch. */
export interface CodeStats {
  /** Mean of each component. */
  mean: Float64Array;
  /** Standard deviation of each component, N-1. */
  std: Float64Array;
  /** Sum of moduli of each component over the batch. */
  l1: Float64Array;
  /** Share of rows in which a component is not zero. */
  usage: Float64Array;
  /** Components that no row uses. */
  dead: number[];
  /** Share of codes that are exactly zero. */
  zeros: number;
  /** Mean l1 norm of a row. */
  meanL1: number;
  /** Largest modulus of a correlation between two components: the hinge does not forbid copies. */
  maxCorrelation: number;
  /** Rows of the batch. */
  rows: number;
  /**
   * $\lambda \lVert z_{\cdot j} \rVert_1 - 2\beta (T - s_j)_+ s_j$ of each component: zero at a joint stationary point with a free
   * linear decoder and an inactive prediction term.
   */
  balanceResidual(w: EnergyWeights): Float64Array;
}

/**
 * Statistics of codes, to see whether they collapse, die or copy each other.
 *
 * @param codes - Shape `[N, l]`, N at least 2.
 * @returns See {@link CodeStats}; everything on the host.
 * @throws {@link ShapeError} for fewer than two rows.
 */
export async function codeStats(codes: tf.Tensor2D): Promise<CodeStats> {
  checkRank("codeStats", "codes", codes, 2);
  const [rows, l] = codes.shape;
  if (rows < 2) {
    throw new ShapeError(`codeStats: codes has shape [${codes.shape}]; at least 2 rows were expected`, {
      argument: "codes",
      shape: codes.shape,
    });
  }
  const values = await codes.data();
  const [mean, std, l1, usage] = [0, 0, 0, 0].map(() => new Float64Array(l)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = 0; i < values.length; i++) {
    const [value, j] = [values[i]!, i % l];
    mean[j]! += value / rows;
    l1[j]! += Math.abs(value);
    if (value !== 0) usage[j]! += 1 / rows;
  }
  const gram = tf.tidy(() => {
    const centred = tf.sub(codes, tf.tensor2d(Float32Array.from(mean), [1, l])) as tf.Tensor2D;
    return tf.matMul(centred, centred, true, false);
  });
  const products = await gram.data();
  gram.dispose();
  for (let i = 0; i < values.length; i++) std[i % l]! += (values[i]! - mean[i % l]!) ** 2 / (rows - 1);
  for (let j = 0; j < l; j++) std[j] = Math.sqrt(std[j]!);
  let maxCorrelation = 0;
  for (let i = 0; i < l; i++) {
    for (let j = 0; j < i; j++) {
      const scale = std[i]! * std[j]! * (rows - 1);
      if (scale > 0)
        maxCorrelation = Math.max(maxCorrelation, Math.min(1, Math.abs(products[i * l + j]!) / scale));
    }
  }
  const total = l1.reduce((a, b) => a + b, 0);
  return {
    mean,
    std,
    l1,
    usage,
    dead: Array.from(usage.keys()).filter((j) => usage[j] === 0),
    zeros: 1 - usage.reduce((a, b) => a + b, 0) / l,
    meanL1: total / rows,
    maxCorrelation,
    rows,
    balanceResidual: ({ sparsity, variance = 0, varianceThreshold = 0.5 }) =>
      std.map((s, j) => sparsity * l1[j]! - 2 * variance * Math.max(0, varianceThreshold - s) * s),
  };
}
