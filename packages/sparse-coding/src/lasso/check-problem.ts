import { ArgumentError, checkRank, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Copies of what coordinate descent needs. */
export interface HostGram {
  gram: Float32Array;
  target: Float64Array;
  scales: Float64Array;
}

/** Gram matrix, correlations and squared norms: products on the device, read once. */
export async function readGram(y: tf.Tensor2D, dictionary: tf.Tensor2D): Promise<HostGram> {
  const parts = tf.tidy(() => [
    tf.matMul(dictionary, dictionary, true, false),
    tf.matMul(y, dictionary),
    tf.sum(tf.square(y), 1),
  ]);
  const [gram, target, scales] = await Promise.all(parts.map((part) => part.data()));
  tf.dispose(parts);
  return {
    gram: gram as Float32Array,
    target: new Float64Array(target!),
    scales: new Float64Array(scales!),
  };
}

/** Checks data against a dictionary. */
export function checkPair(caller: string, y: tf.Tensor2D, dictionary: tf.Tensor2D): void {
  checkRank(caller, "y", y, 2);
  checkRank(caller, "dictionary", dictionary, 2);
  if (y.shape[1] !== dictionary.shape[0]) {
    throw new ShapeError(
      `${caller}: dictionary has ${dictionary.shape[0]} rows and y has ${y.shape[1]} columns; equal numbers were expected`,
      { argument: "dictionary", shape: dictionary.shape },
    );
  }
}

/** Refuses data that hold NaN or infinities, by the squared norms of its rows. */
export function checkScales(caller: string, scales: ArrayLike<number>): void {
  for (let row = 0; row < scales.length; row++) {
    const value = scales[row]!;
    if (Number.isFinite(value)) continue;
    throw new ArgumentError(
      `${caller}: y holds ${Number.isNaN(value) ? "NaN" : "an infinity"} at row ${row}; finite numbers were expected`,
      { argument: "y", value },
    );
  }
}

/** Deviation of a squared norm from 1 that float32 atoms may have. */
const NORM_ERROR = 1e-3;

/**
 * Refuses atoms of norm 0 or with NaN and infinities, and other norms than 1 where the method needs it.
 *
 * @param squares - Squared norms of the atoms.
 * @param unitFor - The algorithm that needs atoms of norm 1.
 */
export function checkNorms(caller: string, squares: ArrayLike<number>, unitFor?: string): void {
  for (let j = 0; j < squares.length; j++) {
    const square = squares[j]!;
    const norm = Math.sqrt(square);
    const refuse = (what: string, expected: string) => {
      throw new ArgumentError(`${caller}: dictionary column ${j} ${what}; ${expected}`, {
        argument: "dictionary",
        value: norm,
      });
    };
    if (!Number.isFinite(square))
      refuse(Number.isNaN(square) ? "holds NaN" : "holds an infinity", "finite numbers were expected");
    if (square === 0) refuse("has norm 0", "atoms with a positive norm were expected");
    if (unitFor !== undefined && Math.abs(square - 1) > NORM_ERROR)
      refuse(
        `has norm ${norm.toPrecision(4)}`,
        `atoms of norm 1 were expected with algorithm "${unitFor}"; divide each column by its norm`,
      );
  }
}
