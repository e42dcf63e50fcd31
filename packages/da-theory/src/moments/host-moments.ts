import { ArgumentError, checkAborted } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { type ErrorReport, MAX_BYTES, MAX_NODES, type Rule, TOLERANCE } from "../rules/rule.js";
import {
  type ImageShape,
  type InternalRuleOptions,
  noExactRule,
  type RandomTransform,
} from "../transforms/transform.js";
import { type CovarianceTerm, factorTerm } from "./host-covariance.js";

/** Mean and covariance of one image on the host, in float64. */
export interface HostMoments {
  /** `[height, width, channels]` of the transformed image. */
  shape: ImageShape;
  /** Mean image. */
  mean: Float64Array;
  /** The covariance is their sum. */
  terms: CovarianceTerm[];
  /** Variances where they are known better than the terms have them. */
  diagonal?: Float64Array;
  /** How the expectation was taken. */
  error: ErrorReport;
}

/** Time between two breaks for other work, in milliseconds. */
const BREAK_MS = 50;

/** Lets other work happen now and then, and stops when asked to. */
export function breather(signal: AbortSignal | undefined): () => Promise<void> {
  let last = performance.now();
  return async () => {
    checkAborted(signal);
    if (performance.now() - last < BREAK_MS) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    last = performance.now();
    checkAborted(signal);
  };
}

/** All transformed images of a rule, or what makes them. */
export interface Views {
  /** Writes the image of node q. */
  view(q: number, out: Float64Array): void;
  /** Number of values of an image. */
  size: number;
}

/** Images of the nodes: on the host where the transform can, else all of them once on the device. */
export async function viewsOf(
  image: Float64Array,
  shape: ImageShape,
  t: RandomTransform,
  rule: Rule,
  options: InternalRuleOptions,
): Promise<Views> {
  const size = t.outputShape(shape).reduce((product, side) => product * side, 1);
  const { applyHost } = t.definition;
  const pause = breather(options.signal);
  const { maxBytes = MAX_BYTES } = options;
  const P = rule.numParameters;
  if (applyHost) {
    const make = (q: number, out: Float64Array) =>
      applyHost(image, shape, rule.theta.subarray(q * P, (q + 1) * P), out);
    if (8 * rule.count * size > 2 * maxBytes) return { view: make, size };
    const stored = new Float64Array(rule.count * size);
    for (let q = 0; q < rule.count; q++) {
      await pause();
      make(q, stored.subarray(q * size, (q + 1) * size));
    }
    return { view: (q, out) => out.set(stored.subarray(q * size, (q + 1) * size)), size };
  }
  if (4 * rule.count * size > maxBytes) {
    throw new ArgumentError(
      `augmentedMoments: ${rule.count} images of ${t.name} take ${4 * rule.count * size} bytes and maxBytes is ${maxBytes}; lower nodes or raise maxBytes`,
      { argument: "maxBytes", value: maxBytes },
    );
  }
  const stored = new Float32Array(rule.count * size);
  const block = Math.max(1, Math.floor(2 ** 20 / size));
  for (let q = 0; q < rule.count; q += block) {
    await pause();
    const count = Math.min(block, rule.count - q);
    const views = tf.tidy(() => {
      const x = tf.tensor4d(new Float32Array(image), [1, ...shape]);
      const theta = tf.tensor2d(Float32Array.from(rule.theta.subarray(q * P, (q + count) * P)), [count, P]);
      return t.apply(tf.tile(x, [count, 1, 1, 1]), theta);
    });
    try {
      stored.set((await views.data()) as Float32Array, q * size);
    } finally {
      views.dispose();
    }
  }
  return { view: (q, out) => out.set(stored.subarray(q * size, (q + 1) * size)), size };
}

/** Mean and trace over some nodes. */
interface Summary {
  mean: Float64Array;
  trace: number;
}

async function summarise(
  views: Views,
  rule: Rule,
  signal: AbortSignal | undefined,
): Promise<Summary & { groups: Summary[] }> {
  const pause = breather(signal);
  const { size } = views;
  const perGroup = rule.count / rule.groups;
  const origin = new Float64Array(size);
  views.view(0, origin);
  const row = new Float64Array(size);
  const groups: Summary[] = [];
  for (let group = 0; group < rule.groups; group++) {
    const mean = new Float64Array(size);
    let [second, total] = [0, 0];
    for (let q = group * perGroup; q < (group + 1) * perGroup; q++) {
      await pause();
      views.view(q, row);
      const w = rule.weights[q]!;
      let squares = 0;
      // Differences from one view: no cancellation where images hardly move, and exact zeros where they do not.
      for (let i = 0; i < size; i++) {
        const d = row[i]! - origin[i]!;
        mean[i]! += w * d;
        squares += d * d;
      }
      second += w * squares;
      total += w;
    }
    let norm = 0;
    for (let i = 0; i < size; i++) {
      mean[i]! /= total;
      norm += mean[i]! ** 2;
    }
    groups.push({ mean, trace: Math.max(0, second / total - norm) });
  }
  const mean = new Float64Array(size);
  for (const own of groups) for (let i = 0; i < size; i++) mean[i]! += own.mean[i]! / rule.groups;
  let trace = 0;
  for (const own of groups) {
    // The trace about the common mean: within each copy, and between copies.
    let between = 0;
    for (let i = 0; i < size; i++) between += (own.mean[i]! - mean[i]!) ** 2;
    trace += (own.trace + between) / rule.groups;
  }
  for (const own of groups) for (let i = 0; i < size; i++) own.mean[i]! += origin[i]!;
  for (let i = 0; i < size; i++) mean[i]! += origin[i]!;
  return { mean, trace, groups };
}

function relativeDistance(a: Float64Array, b: Float64Array): number {
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += a[i]! ** 2;
  }
  return norm === 0 ? 0 : Math.sqrt(difference / norm);
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : Math.abs(part) / whole);

function latticeEstimates(all: Summary & { groups: Summary[] }): {
  meanEstimate: number;
  traceEstimate: number;
} {
  const R = all.groups.length;
  let [spread, traceSpread] = [0, 0];
  for (const own of all.groups) {
    spread += relativeDistance(all.mean, own.mean) ** 2;
    traceSpread += (own.trace - all.trace) ** 2;
  }
  return {
    meanEstimate: Math.sqrt(spread / (R * (R - 1))),
    traceEstimate: share(Math.sqrt(traceSpread / (R * (R - 1))), all.trace),
  };
}

/** Moments of one rule with its error. */
export async function momentsOfRule(
  image: Float64Array,
  shape: ImageShape,
  t: RandomTransform,
  rule: Rule,
  options: InternalRuleOptions,
): Promise<HostMoments> {
  const views = await viewsOf(image, shape, t, rule, options);
  const all = await summarise(views, rule, options.signal);
  const error: ErrorReport = { method: rule.method, nodes: rule.count, meanEstimate: 0, traceEstimate: 0 };
  if (rule.method === "lattice") Object.assign(error, latticeEstimates(all));
  const coarse = rule.coarse();
  if (coarse) {
    const half = await summarise(await viewsOf(image, shape, t, coarse, options), coarse, options.signal);
    error.meanEstimate = relativeDistance(all.mean, half.mean);
    error.traceEstimate = share(all.trace - half.trace, all.trace);
  }
  if (rule.method === "quadrature") {
    const bound = t.definition.bound?.(image, shape, rule.count);
    if (bound !== undefined) error.bound = bound;
  }
  const { mean } = all;
  const rows = {
    count: rule.count,
    row(q: number, out: Float64Array) {
      views.view(q, out);
      const root = Math.sqrt(rule.weights[q]!);
      for (let i = 0; i < out.length; i++) out[i] = root * (out[i]! - mean[i]!);
    },
  };
  return { shape: t.outputShape(shape), mean, terms: [factorTerm(rows)], error };
}

/** Moments of one image: a closed form, an exact rule, or nodes until the error is small enough. */
export async function momentsOfImage(
  image: Float64Array,
  shape: ImageShape,
  t: RandomTransform,
  options: InternalRuleOptions,
): Promise<HostMoments> {
  checkAborted(options.signal);
  const { method = "auto", maxNodes = MAX_NODES, tolerance = TOLERANCE } = options;
  if (method === "exact" || method === "auto") {
    const closed = await t.definition.moments?.(image, shape, options);
    if (closed) return closed;
    const set = t.definition.exact?.(shape, options.order ?? 2);
    if (set && set.count <= maxNodes) return momentsOfRule(image, shape, t, t.rule(shape, options), options);
    if (method === "exact") throw noExactRule(t.name, set?.count, maxNodes);
  }
  if (options.nodes !== undefined) return momentsOfRule(image, shape, t, t.rule(shape, options), options);
  const first = t.rule(shape, { ...options, nodes: Math.min(16, maxNodes) });
  for (let nodes = first.method === "lattice" ? Math.min(512, maxNodes) : 16; ; nodes *= 2) {
    const rule = t.rule(shape, { ...options, nodes: Math.min(nodes, maxNodes) });
    const moments = await momentsOfRule(image, shape, t, rule, options);
    const { meanEstimate, traceEstimate } = moments.error;
    options.onProgress?.({
      done: rule.count,
      total: maxNodes,
      message: t.name,
      metrics: { meanEstimate, traceEstimate },
    });
    if (Math.max(meanEstimate, traceEstimate) <= tolerance || 2 * nodes > maxNodes) return moments;
  }
}
