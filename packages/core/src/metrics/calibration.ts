import type { Tensor2D } from "@tensorflow/tfjs-core";
import { checkChoice, checkInteger } from "../check/index.js";
import { type Labels, readProbabilities, type ScoreKind } from "./read-values.js";

/** Options of the metrics of predicted probabilities. */
export interface ScoreOptions {
  /** What the scores are; of logits the softmax is taken. @defaultValue `"probabilities"` */
  from?: ScoreKind;
}

const kindOf = (caller: string, { from }: ScoreOptions): ScoreKind =>
  checkChoice(caller, "from", from ?? "probabilities", ["probabilities", "logits"] as const);

/**
 * Mean negative logarithm of the probability given to the true class.
 *
 * @param scores - Shape `[samples, classes]`; probabilities, or logits with `from: "logits"`.
 * @param labels - True classes.
 * @param options - See {@link ScoreOptions}.
 * @returns Nats, from 0; infinite when a true class was given probability 0.
 * @throws {@link ArgumentError} when a row of probabilities does not sum to 1, or a label has no column.
 */
export async function nll(scores: Tensor2D, labels: Labels, options: ScoreOptions = {}): Promise<number> {
  const from = kindOf("nll", options);
  if (from === "logits") return nllOfLogits(scores, labels);
  const { p, y, numClasses } = await readProbabilities("nll", scores, labels, from);
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum -= Math.log(p[i * numClasses + y[i]!]!);
  return sum / y.length;
}

/** Through log-sum-exp, so that a probability too small for float32 still has a logarithm. */
async function nllOfLogits(scores: Tensor2D, labels: Labels): Promise<number> {
  const { y, numClasses } = await readProbabilities("nll", scores, labels, "logits");
  const z = await scores.data();
  let sum = 0;
  for (let i = 0; i < y.length; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < numClasses; c++) largest = Math.max(largest, z[i * numClasses + c]!);
    let total = 0;
    for (let c = 0; c < numClasses; c++) total += Math.exp(z[i * numClasses + c]! - largest);
    sum += Math.log(total) + largest - z[i * numClasses + y[i]!]!;
  }
  return sum / y.length;
}

/**
 * Mean squared distance between the predicted distribution and the true class.
 *
 * $\frac1n\sum_i\sum_c (p_{ic} - [c = y_i])^2$.
 *
 * @param scores - Shape `[samples, classes]`; probabilities, or logits with `from: "logits"`.
 * @param labels - True classes.
 * @param options - See {@link ScoreOptions}.
 * @returns Between 0 and 2.
 * @throws {@link ArgumentError} when a row of probabilities does not sum to 1, or a label has no column.
 * @see Brier (1950), Verification of forecasts expressed in terms of probability.
 */
export async function brier(scores: Tensor2D, labels: Labels, options: ScoreOptions = {}): Promise<number> {
  const { p, y, numClasses } = await readProbabilities("brier", scores, labels, kindOf("brier", options));
  let sum = 0;
  for (let at = 0; at < p.length; at++) {
    const isTrue = at % numClasses === y[Math.floor(at / numClasses)];
    sum += (p[at]! - (isTrue ? 1 : 0)) ** 2;
  }
  return sum / y.length;
}

/** Options of {@link ece}. */
export interface EceOptions extends ScoreOptions {
  /** Number of bins. @defaultValue 15 */
  bins?: number;
  /** Bins of equal width in confidence, or of equal numbers of samples. @defaultValue `"width"` */
  mass?: "width" | "count";
}

/**
 * Expected calibration error: how far confidence is from accuracy, averaged over bins of confidence.
 *
 * $\sum_b \frac{n_b}{n} |\mathrm{acc}_b - \mathrm{conf}_b|$; confidence is the largest probability of a sample.
 *
 * @param scores - Shape `[samples, classes]`; probabilities, or logits with `from: "logits"`.
 * @param labels - True classes.
 * @param options - See {@link EceOptions}.
 * @returns Between 0 and 1.
 * @throws {@link ArgumentError} when a row of probabilities does not sum to 1, or a label has no column.
 * @remarks Bins of equal width are open on the left. Bins of equal count are the sorted samples cut into `bins` runs
 * whose lengths differ by at most one, the longer ones first.
 * @see Guo, Pleiss, Sun, Weinberger (2017), On calibration of modern neural networks, eq. (5).
 */
export async function ece(scores: Tensor2D, labels: Labels, options: EceOptions = {}): Promise<number> {
  const bins = checkInteger("ece", "bins", options.bins ?? 15, { min: 1 });
  const mass = checkChoice("ece", "mass", options.mass ?? "width", ["width", "count"] as const);
  const { p, y, numClasses } = await readProbabilities("ece", scores, labels, kindOf("ece", options));
  const samples = Array.from({ length: y.length }, (_, i) => {
    let best = 0;
    for (let c = 1; c < numClasses; c++) if (p[i * numClasses + c]! > p[i * numClasses + best]!) best = c;
    return {
      confidence: p[i * numClasses + best]!,
      gap: p[i * numClasses + best]! - (best === y[i] ? 1 : 0),
    };
  });
  const gaps = new Float64Array(bins);
  if (mass === "width") {
    for (const { confidence, gap } of samples) {
      const bin = Math.ceil(confidence * bins) - 1;
      gaps[Math.min(bins - 1, Math.max(0, bin))]! += gap;
    }
  } else {
    samples.sort((a, b) => a.confidence - b.confidence);
    const short = Math.floor(samples.length / bins);
    const numLonger = samples.length % bins;
    for (const [i, { gap }] of samples.entries()) {
      const inLonger = numLonger * (short + 1);
      const bin = i < inLonger ? Math.floor(i / (short + 1)) : numLonger + Math.floor((i - inLonger) / short);
      gaps[bin]! += gap;
    }
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / samples.length;
}
