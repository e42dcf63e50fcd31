import * as tf from "@tensorflow/tfjs-core";
import { breather } from "../moments/host-moments.js";
import { viewMaker } from "../moments/view-batch.js";
import { MAX_NODES, type Rule, type RuleOptions, TOLERANCE } from "../rules/rule.js";
import type { ImageShape, InternalRuleOptions, RandomTransform } from "../transforms/transform.js";

/** Values of one block of views at a time. */
const BLOCK_VALUES = 2 ** 21;

/** Reads `compute(views)` of all nodes, `[Q, width]` row by row, in blocks. */
export async function outputsOfNodes(
  image: tf.Tensor3D,
  t: RandomTransform,
  rule: Rule,
  compute: (views: tf.Tensor4D) => tf.Tensor,
  options: RuleOptions,
): Promise<Float64Array> {
  const pause = breather(options.signal);
  const block = Math.max(1, Math.floor(BLOCK_VALUES / image.size));
  const parts: Float32Array[] = [];
  const maker = await viewMaker(image, t);
  const P = rule.numParameters;
  for (let q = 0; q < rule.count; q += block) {
    await pause();
    const count = Math.min(block, rule.count - q);
    const outputs = tf.tidy(() => compute(maker.make(rule.theta.subarray(q * P, (q + count) * P), count)));
    try {
      parts.push((await outputs.data()) as Float32Array);
    } finally {
      outputs.dispose();
    }
  }
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Weighted mean and covariance of rows `[Q, K]`. */
export interface RowMoments {
  mean: Float64Array;
  covariance: Float64Array;
}

/** Mean and covariance of the outputs of some nodes. */
export function rowMoments(
  rows: Float64Array,
  weights: Float64Array,
  from = 0,
  to = weights.length,
): RowMoments {
  const K = rows.length / weights.length;
  const mean = new Float64Array(K);
  const covariance = new Float64Array(K * K);
  let total = 0;
  for (let q = from; q < to; q++) {
    total += weights[q]!;
    for (let k = 0; k < K; k++) mean[k]! += weights[q]! * rows[q * K + k]!;
  }
  for (let k = 0; k < K; k++) mean[k]! /= total;
  for (let q = from; q < to; q++) {
    for (let k = 0; k < K; k++) {
      const c = (weights[q]! / total) * (rows[q * K + k]! - mean[k]!);
      for (let l = 0; l < K; l++) covariance[k * K + l]! += c * (rows[q * K + l]! - mean[l]!);
    }
  }
  return { mean, covariance };
}

/** Moments of outputs with their error. */
export interface OutputEstimate extends RowMoments {
  rule: Rule;
  meanEstimate: number;
  traceEstimate: number;
}

/**
 * Moments of what a function makes of the views, on as many nodes as the error asks for.
 *
 * An exact rule stays exact only for polynomials of the image; for anything else the error is the difference between the
 * rules for second and fourth moments.
 */
export async function outputEstimate(
  image: tf.Tensor3D,
  t: RandomTransform,
  compute: (views: tf.Tensor4D) => tf.Tensor,
  options: RuleOptions,
  isPolynomial: boolean,
): Promise<OutputEstimate> {
  const shape = image.shape as unknown as ImageShape;
  const { maxNodes = MAX_NODES, tolerance = TOLERANCE } = options;
  const evaluate = async (rule: Rule): Promise<OutputEstimate> => {
    const rows = await outputsOfNodes(image, t, rule, compute, options);
    const all = rowMoments(rows, rule.weights);
    if (rule.groups > 1) return { ...all, rule, ...spreadOf(rows, rule, all) };
    return { ...all, rule, meanEstimate: 0, traceEstimate: 0 };
  };
  const compared = async (fine: OutputEstimate, coarse: Rule | undefined): Promise<OutputEstimate> => {
    if (!coarse) return fine;
    const other = await evaluate(coarse);
    return { ...fine, ...differenceOf(fine, other) };
  };
  const ruleOf = (more: InternalRuleOptions): Rule =>
    t.rule(shape, { ...options, ...more } as InternalRuleOptions);
  const first = ruleOf({ order: 4, ...(options.nodes === undefined && { nodes: Math.min(16, maxNodes) }) });
  if (first.method === "exact") {
    const found = await evaluate(first);
    return isPolynomial ? found : compared(found, ruleOf({ order: 2 }));
  }
  if (options.nodes !== undefined) return compared(await evaluate(first), first.coarse());
  for (let nodes = first.method === "lattice" ? Math.min(512, maxNodes) : 16; ; nodes *= 2) {
    const rule = ruleOf({ nodes: Math.min(nodes, maxNodes) });
    const found = await compared(await evaluate(rule), rule.coarse());
    options.onProgress?.({
      done: rule.count,
      total: maxNodes,
      message: t.name,
      metrics: { meanEstimate: found.meanEstimate, traceEstimate: found.traceEstimate },
    });
    if (Math.max(found.meanEstimate, found.traceEstimate) <= tolerance || 2 * nodes > maxNodes) return found;
  }
}

const traceOf = (covariance: Float64Array, K: number) =>
  covariance.reduce((sum, value, at) => (at % (K + 1) === 0 ? sum + value : sum), 0);

function differenceOf(a: RowMoments, b: RowMoments): { meanEstimate: number; traceEstimate: number } {
  const K = a.mean.length;
  let [difference, norm] = [0, 0];
  for (let k = 0; k < K; k++) {
    difference += (a.mean[k]! - b.mean[k]!) ** 2;
    norm += a.mean[k]! ** 2;
  }
  const trace = traceOf(a.covariance, K);
  return {
    meanEstimate: norm === 0 ? 0 : Math.sqrt(difference / norm),
    traceEstimate: trace === 0 ? 0 : Math.abs(trace - traceOf(b.covariance, K)) / trace,
  };
}

function spreadOf(
  rows: Float64Array,
  rule: Rule,
  all: RowMoments,
): { meanEstimate: number; traceEstimate: number } {
  const R = rule.groups;
  const each = rule.count / R;
  let [mean, trace] = [0, 0];
  for (let group = 0; group < R; group++) {
    const own = differenceOf(all, rowMoments(rows, rule.weights, group * each, (group + 1) * each));
    mean += own.meanEstimate ** 2;
    trace += own.traceEstimate ** 2;
  }
  const scale = 1 / (R * (R - 1));
  return { meanEstimate: Math.sqrt(mean * scale), traceEstimate: Math.sqrt(trace * scale) };
}
