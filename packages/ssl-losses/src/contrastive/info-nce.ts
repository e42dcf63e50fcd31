import { ArgumentError, checkBoolean, checkChoice, checkRank, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { ntXent } from "./nt-xent.js";
import {
  type ContrastiveOptions,
  checkOptions,
  checkTemperature,
  checkViews,
  positiveSimilarities,
  reduce,
  stackViews,
} from "./options.js";
import { pairLogSumExp } from "./pair-log-sum-exp.js";
import { planPairs } from "./pair-plan.js";
import { rowNormalize } from "./row-normalize.js";

/** Options of {@link infoNce}. */
export interface InfoNceOptions extends ContrastiveOptions {
  /** Whether second views are anchors too; without, `reduction: "none"` gives `[pairs]`. @defaultValue true */
  symmetric?: boolean;
}

/**
 * Contrastive loss across views: tell each sample's second view from the second views of the batch, and back.
 *
 * $\ell_i = \log \sum_j e^{a_i^\top b_j / \tau} - a_i^\top b_i/\tau$, and the same by columns; $N - 1$ negatives, all from the
 * other view.
 *
 * @param first - Embeddings of the first views, `[pairs, dim]`, any scale.
 * @param second - Embeddings of the second views, same shape, row by row.
 * @param options - See {@link InfoNceOptions}.
 * @returns Loss in nats, `[]`, or one value per anchor; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ or there is one pair; {@link ArgumentError} for an option out of range.
 * @remarks Not {@link ntXent}, whose negatives come from both views.
 * @see Jing, Vincent, LeCun, Tian (2022), Understanding dimensional collapse, released code; Radford et al. (2021).
 */
export function infoNce(first: tf.Tensor2D, second: tf.Tensor2D, options: InfoNceOptions = {}): tf.Tensor {
  const checked = checkOptions("infoNce", options);
  const symmetric = checkBoolean("infoNce", "symmetric", options.symmetric ?? true);
  checkViews("infoNce", first, second);
  return tf.tidy(() => {
    const stacked = stackViews(first, second, checked);
    const plan = planPairs(first.shape[0], "across", checked.blockSize);
    // As softplus of the decoupled form, which keeps small losses and their gradients exact.
    const negatives = pairLogSumExp(stacked, plan, checked.temperature, checked.normalize);
    const half = tf.div(positiveSimilarities(stacked), checked.temperature) as tf.Tensor1D;
    const perAnchor = symmetric
      ? tf.softplus(tf.sub(negatives, tf.concat([half, half])))
      : tf.softplus(tf.sub(tf.slice(negatives, [0], [first.shape[0]]), half));
    return reduce(perAnchor as tf.Tensor1D, checked.reduction);
  });
}

/** Options of {@link directClr}. */
export interface DirectClrOptions extends ContrastiveOptions {
  /** Columns of the representation that enter the loss, d₀. */
  size: number;
  /** The loss of the slice: the released code's, or the one of lightly. @defaultValue `"infoNce"` */
  loss?: "infoNce" | "ntXent";
}

/**
 * Contrastive loss on the first columns of the representation itself, without a projector.
 *
 * $z = r_{0:d_0}$, cut first and then brought to norm 1.
 *
 * @param first - Representations of the first views, `[pairs, dim]`.
 * @param second - Representations of the second views, same shape, row by row.
 * @param options - See {@link DirectClrOptions}.
 * @returns Loss in nats, `[]`, or one value per anchor; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ; {@link ArgumentError} when `size` exceeds the columns.
 * @remarks Columns from `size` on receive exactly zero gradient here: the backbone must end in a residual block, whose skip
 *   carries the gradient to all of them.
 * @see Jing, Vincent, LeCun, Tian (2022), Understanding dimensional collapse, section 6.
 */
export function directClr(first: tf.Tensor2D, second: tf.Tensor2D, options: DirectClrOptions): tf.Tensor {
  const { size, loss = "infoNce", ...rest } = options;
  checkViews("directClr", first, second);
  const columns = first.shape[1];
  if (!Number.isInteger(size) || size < 1 || size > columns) {
    throw new ArgumentError(
      `directClr: size is ${String(size)} and the embeddings have ${columns} columns; size must be between 1 and ${columns}`,
      { argument: "size", value: size },
    );
  }
  checkChoice("directClr", "loss", loss, ["infoNce", "ntXent"] as const);
  return tf.tidy(() => {
    const cut = (x: tf.Tensor2D) => tf.slice(x, [0, 0], [-1, size]);
    return loss === "infoNce"
      ? infoNce(cut(first), cut(second), rest)
      : ntXent(cut(first), cut(second), rest);
  });
}

/** Options of {@link momentumInfoNce}. */
export interface MomentumInfoNceOptions {
  /** Negatives, `[size, dim]`; see {@link FeatureQueue}. */
  queue: tf.Tensor2D;
  /** Temperature τ. @defaultValue 0.07, as in MoCo */
  temperature?: number;
  /** Whether the positive is left out of the denominator. @defaultValue false */
  decoupled?: boolean;
}

/**
 * Contrastive loss against a queue of past keys.
 *
 * $\ell = \log\bigl(e^{q \cdot k/\tau} + \sum_j e^{q \cdot Q_j/\tau}\bigr) - q \cdot k/\tau$; `decoupled` drops the first term.
 *
 * @param query - Embeddings by the trained encoder, `[batch, dim]`, any scale.
 * @param key - Embeddings of the other views by the momentum encoder, same shape; receives no gradient.
 * @param options - See {@link MomentumInfoNceOptions}.
 * @returns Mean loss in nats, `[]`; the caller disposes it.
 * @throws {@link ShapeError} when shapes differ; {@link ArgumentError} for an option out of range.
 * @remarks Enqueue the keys after the loss, not before: a queue that holds a query's own key has its positive among the negatives.
 * @see He, Fan, Wu, Xie, Girshick (2020), Momentum contrast, eq. (1).
 */
export function momentumInfoNce(
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  options: MomentumInfoNceOptions,
): tf.Scalar {
  const temperature = checkTemperature("momentumInfoNce", options.temperature ?? 0.07);
  const decoupled = checkBoolean("momentumInfoNce", "decoupled", options.decoupled ?? false);
  checkViews("momentumInfoNce", query, key, 1, ["query", "key"]);
  checkRank("momentumInfoNce", "queue", options.queue, 2);
  if (options.queue.shape[1] !== query.shape[1] || options.queue.shape[0] < 1) {
    throw new ShapeError(
      `momentumInfoNce: queue has shape ${formatShape(options.queue.shape)}; [any,${query.shape[1]}] was expected`,
      { argument: "queue", shape: options.queue.shape },
    );
  }
  return tf.tidy(() => {
    // Keys and queue enter through the closure, so that the tape knows the query only.
    const run = tf.customGrad((input, save) => {
      const q = input as tf.Tensor2D;
      const [k, negatives] = [rowNormalize(key), rowNormalize(options.queue)];
      const logits = tf.div(tf.matMul(q, negatives, false, true), temperature) as tf.Tensor2D;
      const lse = tf.logSumExp(logits, 1, true);
      const e = tf.sub(lse, tf.div(tf.sum(tf.mul(q, k), 1, true), temperature));
      (save as tf.GradSaveFunc)([k, negatives, tf.exp(tf.sub(logits, lse)), tf.sigmoid(e)]);
      return {
        value: tf.reshape(decoupled ? e : tf.softplus(e), [-1]),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
          const [positive, queue, shares, coupling] = saved as tf.Tensor2D[];
          const direction = tf.sub(tf.matMul(shares!, queue!), positive!);
          const factor = tf.div(tf.reshape(dy, [-1, 1]), temperature);
          return tf.mul(direction, decoupled ? factor : tf.mul(factor, coupling!));
        },
      };
    });
    return tf.mean(run(rowNormalize(query))) as tf.Scalar;
  });
}
