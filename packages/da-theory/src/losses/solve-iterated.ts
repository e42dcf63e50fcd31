import { NumericalError } from "@lab/core";
import { breather, viewsOf } from "../moments/host-moments.js";
import type { ImageValues } from "../moments/images.js";
import type { KeptSums } from "../moments/kept-sums.js";
import type { Targets } from "../moments/scatter.js";
import type { RuleOptions } from "../rules/rule.js";
import type { RandomTransform } from "../transforms/transform.js";
import type { Fit } from "./solve-dense.js";

const CG_TOLERANCE = 1e-7;
const CG_LIMIT = 1000;

/** Conjugate gradients for all outputs side by side: one pass over all views an iteration. */
export async function solveIterated(
  images: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets,
  targetMean: Float64Array,
  l2: number,
  kept: KeptSums,
): Promise<Fit> {
  const { values, shape, count } = images;
  const K = targets.numOutputs;
  const inSize = shape[0] * shape[1] * shape[2];
  const [h, w, c] = t.outputShape(shape);
  const size = h * w * c;
  const rule = t.rule(shape, options);
  const pause = breather(options.signal);
  const view = new Float64Array(size);
  const eachViewOf = async (n: number, visit: (weight: number) => void) => {
    const image = Float64Array.from(values.subarray(n * inSize, (n + 1) * inSize));
    const views = await viewsOf(image, shape, t, rule, options);
    await pause();
    for (let q = 0; q < rule.count; q++) {
      views.view(q, view);
      visit(rule.weights[q]!);
    }
  };
  const sums = {
    mean: new Float64Array(size),
    means: new Float64Array(count * size),
    weights: new Float64Array(K * size),
    residual: new Float64Array(K * size),
    direction: new Float64Array(K * size),
    squares: new Float64Array(K),
    start: new Float64Array(K),
  };
  const { mean, means, weights, residual, direction, squares, start } = sums;
  await kept.steps("means", sums, async (n) => {
    await eachViewOf(n, (weight) => {
      for (let i = 0; i < size; i++) means[n * size + i]! += weight * view[i]!;
    });
    for (let i = 0; i < size; i++) mean[i]! += means[n * size + i]! / count;
    return n + 1 < count;
  });
  const cross = new Float64Array(K * size);
  for (let n = 0; n < count; n++) {
    for (let k = 0; k < K; k++) {
      const y = targets.values[n * K + k]! - targetMean[k]!;
      for (let i = 0; i < size; i++) cross[k * size + i]! += y * (means[n * size + i]! - mean[i]!);
    }
  }
  /** Both parts of the system times rows `[K, D]`. */
  const times = async (rows: Float64Array) => {
    const total = new Float64Array(K * size);
    for (let n = 0; n < count; n++) {
      await eachViewOf(n, (weight) => {
        for (let k = 0; k < K; k++) {
          let dot = 0;
          for (let i = 0; i < size; i++) dot += (view[i]! - mean[i]!) * rows[k * size + i]!;
          const scaled = weight * dot;
          for (let i = 0; i < size; i++) total[k * size + i]! += scaled * (view[i]! - mean[i]!);
        }
      });
    }
    return total;
  };
  const dotOf = (a: Float64Array, b: Float64Array, k: number) => {
    let sum = 0;
    for (let i = k * size; i < (k + 1) * size; i++) sum += a[i]! * b[i]!;
    return sum;
  };
  const all = Array.from({ length: K }, (_, k) => k);
  residual.set(cross);
  direction.set(cross);
  for (const k of all) start[k] = dotOf(cross, cross, k);
  squares.set(start);
  const isOpen = (k: number) => squares[k]! > CG_TOLERANCE ** 2 * start[k]!;
  await kept.steps("iterations", sums, async (done) => {
    const open = all.filter(isOpen);
    if (open.length === 0) return false;
    const product = await times(direction);
    let worst = 0;
    for (const k of open) {
      for (let i = k * size; i < (k + 1) * size; i++) product[i]! += l2 * direction[i]!;
      const curvature = dotOf(direction, product, k);
      if (curvature <= 0) {
        squares[k] = 0;
        continue;
      }
      const step = squares[k]! / curvature;
      for (let i = k * size; i < (k + 1) * size; i++) {
        weights[i]! += step * direction[i]!;
        residual[i]! -= step * product[i]!;
      }
      const next = dotOf(residual, residual, k);
      const ratio = next / squares[k]!;
      squares[k] = next;
      for (let i = k * size; i < (k + 1) * size; i++) direction[i] = residual[i]! + ratio * direction[i]!;
      worst = Math.max(worst, Math.sqrt(next / start[k]!));
    }
    const iteration = done + 1;
    options.onProgress?.({ done: iteration, total: CG_LIMIT, metrics: { residual: worst } });
    const isOver = !all.some(isOpen);
    if (iteration >= CG_LIMIT && !isOver) {
      throw new NumericalError(
        `linearRegressionUnderDA: the relative residual is ${worst} after ${iteration} iterations; at most ${CG_TOLERANCE} was expected; raise l2`,
        { iteration, residual: worst },
      );
    }
    return !isOver;
  });
  const product = await times(weights);
  let [fitted, quadratic, between] = [0, 0, 0];
  for (const k of all) {
    fitted += dotOf(weights, cross, k);
    quadratic += dotOf(weights, product, k);
    for (let n = 0; n < count; n++) {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += (means[n * size + i]! - mean[i]!) * weights[k * size + i]!;
      between += dot * dot;
    }
  }
  return { weights, mean, fitted, quadratic, withinQuadratic: Math.max(0, quadratic - between) };
}
