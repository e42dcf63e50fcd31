import { checkNumber, checkShape } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import { checkPair } from "./check-problem.js";
import { measure } from "./coordinate-descent.js";
import type { AlphaMaxOptions } from "./lasso-path.js";

/** Options of {@link dualityGap}. */
export interface DualityGapOptions extends AlphaMaxOptions {
  /** Weight of half the squared norm of the codes. @defaultValue 0 */
  l2?: number;
}

/**
 * Duality gap of each row's lasso: how far its objective can be above the smallest.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param codes - Shape `[N, l]`.
 * @param alpha - Weight of the l1 norm, textbook scaling.
 * @param o - See {@link DualityGapOptions}.
 * @returns One gap a row, computed in double precision; with `alpha` 0, where there is none, what single coordinates can gain.
 * @throws {@link ShapeError} when the sizes do not fit.
 */
export async function dualityGap(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  codes: tf.Tensor2D,
  alpha: number,
  o: DualityGapOptions = {},
): Promise<Float64Array> {
  checkPair("dualityGap", y, dictionary);
  const l = dictionary.shape[1];
  checkShape("dualityGap", "codes", codes, [y.shape[0], l]);
  checkNumber("dualityGap", "alpha", alpha, { min: 0 });
  const l2 = checkNumber("dualityGap", "l2", o.l2 ?? 0, { min: 0 });
  const [data, atoms, values] = await Promise.all([y.data(), dictionary.data(), codes.data()]);
  const [rows, d] = y.shape;
  const [c, curvature] = [new Float64Array(l), new Float64Array(l).fill(l2)];
  for (const [i, value] of atoms.entries()) curvature[i % l]! += value * value;
  const common = {
    ...{ c, curvature, positive: o.positive ?? false, isFree: alpha === 0 },
    alpha: new Float64Array(l).fill(alpha),
    set: Int32Array.from({ length: l }, (_, j) => j),
    candidates: new Int32Array(l),
  };
  return Float64Array.from({ length: rows }, (_, n) => {
    const z = new Float64Array(values.subarray(n * l, (n + 1) * l));
    let squared = 0;
    for (let j = 0; j < l; j++) {
      c[j] = -l2 * z[j]!;
      squared += l2 * z[j]! * z[j]!;
    }
    for (let k = 0; k < d; k++) {
      let rest = data[n * d + k]!;
      for (let j = 0; j < l; j++) rest -= atoms[k * l + j]! * z[j]!;
      for (let j = 0; j < l; j++) c[j]! += atoms[k * l + j]! * rest;
      squared += rest * rest;
    }
    return measure({ ...common, z }, squared, l).gap;
  });
}
