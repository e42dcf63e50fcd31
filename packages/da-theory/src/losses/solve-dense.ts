import { choleskyHost, choleskySolveHost } from "@lab/core/linalg";
import type { ImageValues } from "../moments/images.js";
import type { KeptSums } from "../moments/kept-sums.js";
import { scatterOf, type Targets } from "../moments/scatter.js";
import type { RuleOptions } from "../rules/rule.js";
import type { RandomTransform } from "../transforms/transform.js";

/** A solution of the normal equations; sums over images. */
export interface Fit {
  /** `[K, D]` row by row. */
  weights: Float64Array;
  mean: Float64Array;
  /** `tr(W C)` with the cross products `C`. */
  fitted: number;
  /** `tr(W S Wᵀ)`, without the ridge. */
  quadratic: number;
  /** `tr(W Σ_n Σ_n Wᵀ)`. */
  withinQuadratic: number;
}

/** The matrix `[D, D]` of all views, factored. */
export async function solveDense(
  images: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets,
  l2: number,
  kept: KeptSums,
): Promise<Fit> {
  const { mean, within, between, cross } = await scatterOf(images, t, options, targets, kept);
  const size = mean.length;
  const K = targets.numOutputs;
  const system = within.map((value, at) => value + between[at]!);
  for (let i = 0; i < size; i++) system[i * size + i]! += l2;
  const factor = choleskyHost(system, size);
  // Right-hand sides in columns.
  const right = new Float64Array(size * K);
  for (let k = 0; k < K; k++) for (let i = 0; i < size; i++) right[i * K + k] = cross[k * size + i]!;
  const solution = choleskySolveHost(factor, right, size, K);
  const weights = new Float64Array(K * size);
  for (let k = 0; k < K; k++) for (let i = 0; i < size; i++) weights[k * size + i] = solution[i * K + k]!;
  let [fitted, total, withinQuadratic] = [0, 0, 0];
  for (let k = 0; k < K; k++) {
    const row = weights.subarray(k * size, (k + 1) * size);
    for (let i = 0; i < size; i++) {
      fitted += row[i]! * cross[k * size + i]!;
      let [all, own] = [0, 0];
      for (let j = 0; j < size; j++) {
        all += within[i * size + j]! * row[j]! + between[i * size + j]! * row[j]!;
        own += within[i * size + j]! * row[j]!;
      }
      total += row[i]! * all;
      withinQuadratic += row[i]! * own;
    }
  }
  return { weights, mean, fitted, quadratic: total, withinQuadratic };
}
