import * as tf from "@tensorflow/tfjs-core";
import type { RuleOptions } from "../rules/rule.js";
import type { ImageShape, RandomTransform } from "../transforms/transform.js";
import { operatorOfMoments } from "./covariance-operator.js";
import { breather, momentsOfImage } from "./host-moments.js";
import type { ImageValues } from "./images.js";
import { KeptSums } from "./kept-sums.js";

/** Sums over images of what a random transform makes of them; matrices `[D, D]` row by row. */
export interface Scatter {
  /** Shape of the transformed images. */
  shape: ImageShape;
  /** `m`, the mean of all mean images. */
  mean: Float64Array;
  /** `Σ_n Σ_n`. */
  within: Float64Array;
  /** `Σ_n (μ_n - m)(μ_n - m)ᵀ`. */
  between: Float64Array;
  /** `Σ_n (μ_n - m) y_nᵀ`, `[K, D]` row by row; empty without targets. */
  cross: Float64Array;
}

/** Targets of images, `[N, K]` row by row. */
export interface Targets {
  values: Float64Array;
  numOutputs: number;
}

/** Images in one product on the device. */
const BLOCK = 1024;

/** Scatter matrices; for linear transforms from the images' own second moments, whatever the number of images. */
export async function scatterOf(
  images: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets?: Targets,
  kept: KeptSums = new KeptSums(),
): Promise<Scatter> {
  const isShared =
    t.linear && t.definition.applyHost && !t.definition.needsShape && options.method !== "lattice";
  return isShared
    ? sharedScatter(images, t, options, targets, kept)
    : imageByImage(images, t, options, targets, kept);
}

/** `Σ_q w_q M_q R M_qᵀ` from `R = Σ x xᵀ`: the nodes act on the rows of R, then on its columns. */
async function sharedScatter(
  { values, shape, count }: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets | undefined,
  kept: KeptSums,
): Promise<Scatter> {
  const pause = breather(options.signal);
  const size = shape[0] * shape[1] * shape[2];
  const outShape = t.outputShape(shape);
  const outSize = outShape[0] * outShape[1] * outShape[2];
  const K = targets?.numOutputs ?? 0;
  const second = new Float64Array(size * size);
  const first = new Float64Array(size);
  const inputCross = new Float64Array(K * size);
  for (let n = 0; n < count; n += BLOCK) {
    await pause();
    const part = values.subarray(n * size, Math.min(count, n + BLOCK) * size);
    const gram = tf.tidy(() => {
      const x = tf.tensor2d(part, [part.length / size, size]);
      return tf.matMul(x, x, true, false);
    });
    const entries = await gram.data();
    gram.dispose();
    for (let i = 0; i < entries.length; i++) second[i]! += entries[i]!;
    for (let i = 0; i < part.length; i++) first[i % size]! += part[i]!;
  }
  const center = first.map((sum) => sum / count);
  for (let n = 0; n < count && targets; n++) {
    for (let k = 0; k < K; k++) {
      const y = targets.values[n * K + k]!;
      if (y === 0) continue;
      for (let i = 0; i < size; i++) inputCross[k * size + i]! += y * (values[n * size + i]! - center[i]!);
    }
  }
  const rule = t.rule(shape, options);
  const { applyHost } = t.definition;
  const P = rule.numParameters;
  const theta = (q: number) => rule.theta.subarray(q * P, (q + 1) * P);
  /** Node q on each of some rows. */
  const transformed = (rows: Float64Array, q: number): Float64Array => {
    const numRows = rows.length / size;
    const out = new Float64Array(numRows * outSize);
    for (let r = 0; r < numRows; r++) {
      applyHost!(
        rows.subarray(r * size, (r + 1) * size),
        shape,
        theta(q),
        out.subarray(r * outSize, (r + 1) * outSize),
      );
    }
    return out;
  };
  /** The mean over all nodes on each of some rows. */
  const averaged = async (rows: Float64Array): Promise<Float64Array> => {
    const out = new Float64Array((rows.length / size) * outSize);
    for (let q = 0; q < rule.count; q++) {
      await pause();
      const own = transformed(rows, q);
      for (let i = 0; i < out.length; i++) out[i]! += rule.weights[q]! * own[i]!;
    }
    return out;
  };
  const within = new Float64Array(outSize * outSize);
  const half = new Float64Array(size * outSize);
  await kept.steps("nodes", { within, half }, async (q) => {
    await pause();
    const rows = transformed(second, q);
    for (let i = 0; i < half.length; i++) half[i]! += rule.weights[q]! * rows[i]!;
    const full = transformed(transposed(rows, size, outSize), q);
    for (let i = 0; i < within.length; i++) within[i]! += rule.weights[q]! * full[i]!;
    options.onProgress?.({ done: q + 1, total: rule.count, message: t.name });
    return q + 1 < rule.count;
  });
  // Ē R Ēᵀ: the part of the second moments that belongs to the means.
  const ofMeans = await averaged(transposed(half, size, outSize));
  const mean = await averaged(center);
  const between = ofMeans.slice();
  for (let i = 0; i < within.length; i++) {
    within[i]! -= ofMeans[i]!;
    between[i]! -= count * mean[Math.floor(i / outSize)]! * mean[i % outSize]!;
  }
  return {
    shape: outShape,
    mean,
    within: symmetric(within, outSize),
    between: symmetric(between, outSize),
    cross: K > 0 ? await averaged(inputCross) : new Float64Array(0),
  };
}

async function imageByImage(
  { values, shape, count }: ImageValues,
  t: RandomTransform,
  options: RuleOptions,
  targets: Targets | undefined,
  kept: KeptSums,
): Promise<Scatter> {
  const size = shape[0] * shape[1] * shape[2];
  const outShape = t.outputShape(shape);
  const outSize = outShape[0] * outShape[1] * outShape[2];
  const means = new Float64Array(count * outSize);
  const within = new Float64Array(outSize * outSize);
  const mean = new Float64Array(outSize);
  await kept.steps("images", { means, mean, within }, async (n) => {
    const image = Float64Array.from(values.subarray(n * size, (n + 1) * size));
    const moments = await momentsOfImage(image, shape, t, options);
    const covariance = operatorOfMoments(moments, options);
    const dense = await covariance.dense();
    covariance.dispose();
    const entries = await dense.data();
    dense.dispose();
    means.set(moments.mean, n * outSize);
    for (let i = 0; i < outSize; i++) mean[i]! += moments.mean[i]! / count;
    for (let i = 0; i < entries.length; i++) within[i]! += entries[i]!;
    options.onProgress?.({ done: n + 1, total: count, message: t.name });
    return n + 1 < count;
  });
  const K = targets?.numOutputs ?? 0;
  const cross = new Float64Array(K * outSize);
  for (let i = 0; i < means.length; i++) means[i]! -= mean[i % outSize]!;
  const centred = tf.tidy(() => {
    const x = tf.tensor2d(new Float32Array(means), [count, outSize]);
    return tf.matMul(x, x, true, false);
  });
  const between = new Float64Array(await centred.data());
  centred.dispose();
  for (let n = 0; n < count && targets; n++) {
    for (let k = 0; k < K; k++) {
      const y = targets.values[n * K + k]!;
      for (let i = 0; i < outSize && y !== 0; i++) cross[k * outSize + i]! += y * means[n * outSize + i]!;
    }
  }
  return { shape: outShape, mean, within, between, cross };
}

/** `[rows, columns]` as `[columns, rows]`. */
function transposed(values: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = values[i * columns + j]!;
  return out;
}

function symmetric(values: Float64Array, size: number): Float64Array {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const both = (values[i * size + j]! + values[j * size + i]!) / 2;
      values[i * size + j] = both;
      values[j * size + i] = both;
    }
  }
  return values;
}
