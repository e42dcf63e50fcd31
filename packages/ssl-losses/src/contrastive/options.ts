import {
  ArgumentError,
  checkBoolean,
  checkChoice,
  checkInteger,
  checkRank,
  checkSameShape,
  formatShape,
  ShapeError,
} from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { rowNormalize } from "./row-normalize.js";
import { TINY } from "./unit-rows-kernels.js";

/** Options that the contrastive losses share. */
export interface ContrastiveOptions {
  /** Temperature τ that divides cosine similarities. @defaultValue 0.1, as in the papers */
  temperature?: number;
  /** Mean over anchors, or one value per anchor: first views, then second views. @defaultValue `"mean"` */
  reduction?: "mean" | "none";
  /**
   * Rows of a tile of the similarity matrix. `"auto"` chooses by the backend and keeps tiles of up to 64 MiB for the gradient,
   * computing the others again; with a number none is kept, so that memory is `blockSize² + pairs * dim`.
   * @defaultValue `"auto"`
   */
  blockSize?: number | "auto";
  /** Whether rows are brought to norm 1 first. @defaultValue true */
  normalize?: boolean;
  /**
   * Told how many rows of both views are zero, which become zero embeddings without a gradient; called once the device has
   * answered, and not where there are none. Costs a pass over the rows and a reading for each loss.
   */
  onWarning?: (warning: ZeroRowsWarning) => void;
}

/** What a contrastive loss tells `onWarning`. */
export interface ZeroRowsWarning {
  /** Rows of norm 0 among both views. */
  zeroRows: number;
  /** The same in words, with the name of the loss. */
  message: string;
}

/** Checked options with their defaults. */
export interface CheckedOptions {
  temperature: number;
  reduction: "mean" | "none";
  blockSize: number | "auto";
  normalize: boolean;
  /** Counts the zero rows of the stacked views, where somebody wants to know. */
  watch: (stacked: tf.Tensor2D) => void;
}

/** Refuses a temperature that is not a finite number above 0. */
export function checkTemperature(caller: string, value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw new ArgumentError(
    `${caller}: temperature is ${typeof value === "string" ? JSON.stringify(value) : String(value)}; it must be a finite number above 0`,
    {
      argument: "temperature",
      value,
    },
  );
}

/** Refuses views of different shapes or with fewer than two pairs. */
export function checkViews(
  caller: string,
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  minimum = 2,
  names: readonly [string, string] = ["first", "second"],
): void {
  checkRank(caller, names[0], first, 2);
  checkRank(caller, names[1], second, 2);
  checkSameShape(caller, names[1], second, names[0], first);
  if (first.shape[0] >= minimum) return;
  throw new ShapeError(
    `${caller}: ${names[0]} has shape ${formatShape(first.shape)}; the batch must hold at least ${minimum} pairs`,
    { argument: names[0], shape: first.shape },
  );
}

/** Checks what the contrastive losses share. */
export function checkOptions(caller: string, options: ContrastiveOptions): CheckedOptions {
  const blockSize = options.blockSize ?? "auto";
  if (blockSize !== "auto") checkInteger(caller, "blockSize", blockSize, { min: 1 });
  return {
    temperature: checkTemperature(caller, options.temperature ?? 0.1),
    reduction: checkChoice(caller, "reduction", options.reduction ?? "mean", ["mean", "none"] as const),
    blockSize,
    normalize: checkBoolean(caller, "normalize", options.normalize ?? true),
    watch: (stacked) => {
      if (options.onWarning) warnOfZeroRows(caller, stacked, options.onWarning);
    },
  };
}

function warnOfZeroRows(
  caller: string,
  stacked: tf.Tensor2D,
  onWarning: (warning: ZeroRowsWarning) => void,
): void {
  const isZero = tf.lessEqual(tf.max(tf.abs(stacked), 1), TINY);
  const count = tf.keep(tf.sum(tf.cast(isZero, "int32")));
  const rows = stacked.shape[0];
  void count.data().then(([zeroRows]) => {
    count.dispose();
    if (zeroRows! > 0) {
      onWarning({
        zeroRows: zeroRows!,
        message: `${caller}: ${zeroRows} of ${rows} rows are zero; they have no direction and get no gradient`,
      });
    }
  });
}

/** Two views under each other, with unit rows if asked for. */
export function stackViews(
  first: tf.Tensor2D,
  second: tf.Tensor2D,
  { normalize, watch }: Pick<CheckedOptions, "normalize" | "watch">,
): tf.Tensor2D {
  const both = tf.concat([first, second], 0) as tf.Tensor2D;
  watch(both);
  return normalize ? rowNormalize(both) : both;
}

/** Similarity of each pair of stacked views, `[pairs]`. */
export function positiveSimilarities(stacked: tf.Tensor2D): tf.Tensor1D {
  const [a, b] = tf.split(stacked, 2, 0) as [tf.Tensor2D, tf.Tensor2D];
  return tf.sum(tf.mul(a, b), 1);
}

/** Mean, or the values themselves. */
export function reduce(perAnchor: tf.Tensor1D, reduction: "mean" | "none"): tf.Tensor {
  return reduction === "mean" ? tf.mean(perAnchor) : perAnchor;
}
