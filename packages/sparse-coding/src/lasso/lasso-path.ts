import { checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkPair } from "./check-problem.js";
import type { SparseCodes } from "./sparse-codes.js";
import { sparseEncode } from "./sparse-encode.js";

/** Options of {@link alphaMax}. */
export interface AlphaMaxOptions {
  /** Whether codes are non-negative. @defaultValue false */
  positive?: boolean;
}

/**
 * Smallest weight of the l1 norm at which every code is zero.
 *
 * $\max_{ij} |Y D|_{ij}$, without the modulus for non-negative codes.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param o - See {@link AlphaMaxOptions}.
 * @returns In the textbook's scaling, at least 0.
 * @throws {@link ShapeError} when the sizes do not fit.
 */
export async function alphaMax(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: AlphaMaxOptions = {},
): Promise<number> {
  checkPair("alphaMax", y, dictionary);
  const largest = tf.tidy(() => {
    const products = tf.matMul(y, dictionary);
    return tf.max(o.positive ? tf.relu(products) : tf.abs(products));
  });
  const [value] = await largest.data();
  largest.dispose();
  return value!;
}

/** Options of {@link lassoPath}. */
export interface LassoPathOptions {
  /** The weights, largest first. @defaultValue a geometric sequence from {@link alphaMax} on */
  alphas?: number[];
  /** Length of that sequence. @defaultValue 20 */
  count?: number;
  /** Last weight over first. @defaultValue 1e-2 */
  ratio?: number;
  /** Whether codes are non-negative. @defaultValue false */
  positive?: boolean;
}

/**
 * Codes along a sequence of weights, each started from the one before.
 *
 * @param y - Shape `[N, d]`.
 * @param dictionary - Shape `[d, l]`.
 * @param o - See {@link LassoPathOptions}.
 * @returns Codes by weight as they are found; each belongs to the caller.
 * @throws As {@link sparseEncode}.
 */
export async function* lassoPath(
  y: tf.Tensor2D,
  dictionary: tf.Tensor2D,
  o: LassoPathOptions = {},
): AsyncGenerator<{ alpha: number } & SparseCodes> {
  const count = checkInteger("lassoPath", "count", o.count ?? 20, { min: 1 });
  const ratio = checkNumber("lassoPath", "ratio", o.ratio ?? 1e-2, { above: 0, below: 1 });
  const positive = o.positive ?? false;
  const top = o.alphas ? 0 : await alphaMax(y, dictionary, { positive });
  const alphas =
    o.alphas ?? Array.from({ length: count }, (_, i) => top * ratio ** (i / Math.max(count - 1, 1)));
  let last: tf.Tensor2D | undefined;
  try {
    for (const alpha of alphas) {
      const coded = await sparseEncode(y, dictionary, {
        algorithm: "cd",
        alpha,
        positive,
        ...(last ? { init: last } : {}),
      });
      last?.dispose();
      last = tf.clone(coded.codes);
      yield { ...coded, alpha };
    }
  } finally {
    last?.dispose();
  }
}
