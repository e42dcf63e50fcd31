import { checkNumber, checkShape } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import { gramHost } from "../inference/gram-host.js";
import { checkPair } from "./check-problem.js";
import { gapsHost, squaredNorm } from "./lasso-host.js";
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
  const [yHost, dictionaryHost, codesHost] = await Promise.all([y.data(), dictionary.data(), codes.data()]);
  const problem = {
    y: new Float64Array(yHost),
    dictionary: new Float64Array(dictionaryHost),
    rows: y.shape[0],
    dataDim: y.shape[1],
    codeDim: l,
  };
  const { gram, target } = gramHost(problem, 1);
  for (let j = 0; j < l; j++) gram[j * l + j]! += l2;
  const scales = Float64Array.from({ length: problem.rows }, (_, n) =>
    squaredNorm(problem.y.subarray(n * problem.dataDim, (n + 1) * problem.dataDim)),
  );
  const weights = new Float64Array(l).fill(alpha);
  return gapsHost(gram, target, scales, new Float64Array(codesHost), weights, o.positive ?? false);
}
