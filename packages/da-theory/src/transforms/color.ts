import { ArgumentError, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Distribution } from "../distribution/distribution.js";
import { checkLaw } from "../distribution/law.js";
import { momentsOfImage } from "../moments/host-moments.js";
import { cellNodes, midpointNodes, smoothNodes } from "../rules/gauss.js";
import type { RuleOptions } from "../rules/rule.js";
import {
  createTransform,
  type ImageShape,
  type NodeSet,
  type RandomTransform,
  type TransformDefinition,
} from "./transform.js";

/** Options of {@link brightness}: one of `delta` and `factor`. */
export interface BrightnessOptions {
  /** Law of what is added, in image units. */
  delta?: Distribution;
  /** Law of what is multiplied. */
  factor?: Distribution;
  /** Range to which the result is clipped. */
  clip?: readonly [low: number, high: number];
}

/** Options of {@link contrast}. */
export interface ContrastOptions {
  /** Law of the factor around the image's grey mean. */
  factor: Distribution;
  /** Range to which the result is clipped. */
  clip?: readonly [low: number, high: number];
}

/** Options of {@link saturation}. */
export interface SaturationOptions {
  /** Law of the factor between grey (0) and the image (1). */
  factor: Distribution;
}

/** Options of {@link hue}. */
export interface HueOptions {
  /** Law of the rotation of the chroma plane, in radians. */
  angle: Distribution;
}

/** Grey of red, green, blue, as in ITU-R BT.601. */
const LUMA = [0.299, 0.587, 0.114] as const;
const YIQ = [
  [0.299, 0.587, 0.114],
  [0.5959, -0.2746, -0.3213],
  [0.2115, -0.5227, 0.3112],
] as const;
/** Nodes of a rule for a function that is smooth in the parameter. */
export const SMOOTH_NODES = 16;

type Clip = readonly [low: number, high: number] | undefined;

function checkClip(caller: string, clip: Clip): Clip {
  if (clip === undefined) return undefined;
  checkNumber(caller, "clip[0]", clip[0]);
  checkNumber(caller, "clip[1]", clip[1], { above: clip[0] });
  return [clip[0], clip[1]];
}

function greyWeights(channels: number): readonly number[] {
  return channels === 3 ? LUMA : Array.from({ length: channels }, () => 1 / channels);
}

/** One parameter in which the image is linear, unless it is clipped. */
function lineTransform(
  name: string,
  parameter: string,
  law: Distribution,
  clip: Clip,
  parts: Pick<TransformDefinition, "apply" | "moments"> & {
    applyHost: NonNullable<TransformDefinition["applyHost"]>;
    linear?: boolean;
  },
): RandomTransform {
  const exact = (order: 2 | 4): NodeSet => {
    // Without kinks the law's own moments serve: two nodes at mean ± sd, or a Gauss rule for fourth moments.
    const nodes =
      law.kind === "normal" && order === 2
        ? smoothNodes(law, 2)
        : law.kind === "normal"
          ? smoothNodes(law, 3)
          : cellNodes(law, [], 1, order);
    return { count: nodes.values.length, make: () => ({ theta: nodes.values, weights: nodes.weights }) };
  };
  return createTransform({
    name,
    parameters: { [parameter]: law },
    linear: !clip && parts.linear !== false,
    apply: (images, theta) => {
      const changed = parts.apply(images, theta);
      return clip ? tf.clipByValue(changed, clip[0], clip[1]) : changed;
    },
    applyHost(image, shape, theta, out) {
      parts.applyHost(image, shape, theta, out);
      if (clip) for (let i = 0; i < out.length; i++) out[i] = Math.min(clip[1], Math.max(clip[0], out[i]!));
    },
    exact: (_, order) => (clip && law.kind !== "point" && law.kind !== "discrete" ? undefined : exact(order)),
    quadrature: (_, budget) => {
      const nodes = midpointNodes(law, budget);
      return { count: nodes.values.length, make: () => ({ theta: nodes.values, weights: nodes.weights }) };
    },
    ...(parts.moments && { moments: parts.moments }),
  });
}

const column = (theta: tf.Tensor2D) => tf.reshape(theta, [-1, 1, 1, 1]);

/**
 * Random brightness: $x + b$, or $a x$.
 *
 * @param options - See {@link BrightnessOptions}.
 * @returns A transform with one parameter. Exact unless it is clipped; clipped with a uniform `delta`, mean and variances are exact
 *   and the rest of the covariance has the error of a midpoint rule.
 * @throws {@link ArgumentError} unless exactly one law is given, or when an option is out of range.
 */
export function brightness(options: BrightnessOptions): RandomTransform {
  const { delta, factor } = options;
  if ((delta === undefined) === (factor === undefined)) {
    throw new ArgumentError(
      `brightness: ${delta ? "delta and factor are both" : "neither delta nor factor is"} given; exactly one law was expected`,
      { argument: "delta", value: delta },
    );
  }
  const clip = checkClip("brightness", options.clip);
  if (factor !== undefined) {
    return lineTransform("brightness", "factor", checkLaw("brightness", "factor", factor), clip, {
      apply: (images, theta) => tf.mul(images, column(theta)),
      applyHost(image, _, theta, out) {
        for (let i = 0; i < out.length; i++) out[i] = theta[0]! * image[i]!;
      },
    });
  }
  const law = checkLaw("brightness", "delta", delta!);
  const transform: RandomTransform = lineTransform("brightness", "delta", law, clip, {
    // x + b is affine, not linear, in the image.
    linear: false,
    apply: (images, theta) => tf.add(images, column(theta)),
    applyHost(image, _, theta, out) {
      for (let i = 0; i < out.length; i++) out[i] = image[i]! + theta[0]!;
    },
    ...(clip && {
      moments: (image: Float64Array, shape: ImageShape, rule: RuleOptions) =>
        law.kind === "uniform" && rule.method !== "exact"
          ? clippedMoments(image, shape, transform, law, clip, rule)
          : undefined,
    }),
  });
  return transform;
}

/** Moments of a clipped uniform shift: `E clipᵏ = (F_k(x + hi) - F_k(x + lo)) / (hi - lo)` on the unit range. */
async function clippedMoments(
  image: Float64Array,
  shape: ImageShape,
  transform: RandomTransform,
  law: { low: number; high: number },
  [low, high]: readonly [number, number],
  rule: RuleOptions,
) {
  const moments = await momentsOfImage(image, shape, transform, { ...rule, method: "quadrature" });
  const width = high - low;
  const f1 = (z: number) => (z < 0 ? 0 : z <= 1 ? (z * z) / 2 : z - 0.5);
  const f2 = (z: number) => (z < 0 ? 0 : z <= 1 ? z ** 3 / 3 : z - 2 / 3);
  const expectation = (f: (z: number) => number, x: number) => {
    const [a, b] = [(x + law.low - low) / width, (x + law.high - low) / width];
    return (f(b) - f(a)) / (b - a);
  };
  moments.mean = image.map((x) => low + width * expectation(f1, x));
  moments.diagonal = image.map((x) => {
    const m = expectation(f1, x);
    return width * width * Math.max(0, expectation(f2, x) - m * m);
  });
  moments.error = { ...moments.error, meanEstimate: 0, traceEstimate: 0 };
  return moments;
}

/**
 * Random contrast around the image's grey mean: $a (x - \bar x) + \bar x$.
 *
 * @param options - See {@link ContrastOptions}.
 * @returns A transform with one parameter. Exact unless it is clipped. The mean is that of each image, so it is linear in the image.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function contrast(options: ContrastOptions): RandomTransform {
  const law = checkLaw("contrast", "factor", options.factor);
  return lineTransform("contrast", "factor", law, checkClip("contrast", options.clip), {
    apply: (images, theta) => {
      const weights = tf.tensor1d([...greyWeights(images.shape[3])]);
      const mean = tf.mean(tf.sum(tf.mul(images, weights), 3, true), [1, 2], true);
      return tf.add(tf.mul(tf.sub(images, mean), column(theta)), mean);
    },
    applyHost(image, [height, width, channels], theta, out) {
      const weights = greyWeights(channels);
      let mean = 0;
      for (let i = 0; i < image.length; i++) mean += (weights[i % channels]! * image[i]!) / (height * width);
      for (let i = 0; i < out.length; i++) out[i] = theta[0]! * (image[i]! - mean) + mean;
    },
  });
}

function checkColors(caller: string, channels: number): void {
  if (channels === 3) return;
  throw new ArgumentError(
    `${caller}: images have ${channels} channel${channels === 1 ? "" : "s"}; 3 are required`,
    {
      argument: "images",
      value: channels,
    },
  );
}

/**
 * Random saturation: $a\,x + (1 - a)\,\mathrm{grey}(x)$.
 *
 * @param options - See {@link SaturationOptions}.
 * @returns A transform with one parameter; exact. Images need 3 channels.
 * @throws {@link ArgumentError} when the law is not one.
 */
export function saturation(options: SaturationOptions): RandomTransform {
  const law = checkLaw("saturation", "factor", options.factor);
  return lineTransform("saturation", "factor", law, undefined, {
    apply: (images, theta) => {
      checkColors("saturation", images.shape[3]);
      const grey = tf.sum(tf.mul(images, tf.tensor1d([...LUMA])), 3, true);
      return tf.add(tf.mul(tf.sub(images, grey), column(theta)), grey);
    },
    applyHost(image, [, , channels], theta, out) {
      checkColors("saturation", channels);
      for (let i = 0; i < out.length; i += 3) {
        const grey = LUMA[0] * image[i]! + LUMA[1] * image[i + 1]! + LUMA[2] * image[i + 2]!;
        for (let c = 0; c < 3; c++) out[i + c] = theta[0]! * (image[i + c]! - grey) + grey;
      }
    },
  });
}

/** Row-major 3×3 parts of the hue rotation: constant, cosine, sine. */
function hueParts(): readonly [Float64Array, Float64Array, Float64Array] {
  const [a, b, c] = YIQ[0];
  const [d, e, f] = YIQ[1];
  const [g, h, i] = YIQ[2];
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const inverse = [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / det));
  const part = (chroma: readonly (readonly number[])[]) =>
    Float64Array.from({ length: 9 }, (_, k) => {
      const [row, columnIndex] = [Math.floor(k / 3), k % 3];
      let sum = 0;
      for (let p = 0; p < 3; p++)
        for (let q = 0; q < 3; q++) sum += inverse[row]![p]! * chroma[p]![q]! * YIQ[q]![columnIndex]!;
      return sum;
    });
  return [
    part([
      [1, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]),
    part([
      [0, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ]),
    part([
      [0, 0, 0],
      [0, 0, -1],
      [0, 1, 0],
    ]),
  ];
}

/**
 * Random hue: the chroma plane of YIQ turned by an angle.
 *
 * @param options - See {@link HueOptions}.
 * @returns A transform with one parameter. Images need 3 channels. Smooth in the angle: a Gauss rule with geometric convergence.
 * @throws {@link ArgumentError} when the law is not one.
 */
export function hue(options: HueOptions): RandomTransform {
  const law = checkLaw("hue", "angle", options.angle);
  const [constant, cosine, sine] = hueParts();
  return createTransform({
    name: "hue",
    parameters: { angle: law },
    linear: true,
    apply: (images, theta) => {
      checkColors("hue", images.shape[3]);
      const times = (part: Float64Array) =>
        tf.reshape(
          tf.matMul(tf.reshape(images, [-1, 3]), tf.tensor2d(Float32Array.from(part), [3, 3]), false, true),
          images.shape,
        );
      return tf.addN([
        times(constant),
        tf.mul(times(cosine), tf.cos(column(theta))),
        tf.mul(times(sine), tf.sin(column(theta))),
      ]) as tf.Tensor4D;
    },
    applyHost(image, [, , channels], theta, out) {
      checkColors("hue", channels);
      const [c, s] = [Math.cos(theta[0]!), Math.sin(theta[0]!)];
      const m = constant.map((value, k) => value + c * cosine[k]! + s * sine[k]!);
      for (let i = 0; i < out.length; i += 3) {
        for (let r = 0; r < 3; r++)
          out[i + r] = m[3 * r]! * image[i]! + m[3 * r + 1]! * image[i + 1]! + m[3 * r + 2]! * image[i + 2]!;
      }
    },
    exact: () => finiteOnly(law),
    quadrature: (_, budget) => smoothSet(law, budget),
  });
}

/** Nodes of a law with finitely many values. */
export function finiteOnly(law: Distribution): NodeSet | undefined {
  if (law.kind !== "point" && law.kind !== "discrete") return undefined;
  return smoothSet(law, 1);
}

/** Gauss nodes, at most {@link SMOOTH_NODES} times two: more bring nothing. */
export function smoothSet(law: Distribution, budget: number): NodeSet {
  const nodes = smoothNodes(law, Math.min(budget, 2 * SMOOTH_NODES));
  return { count: nodes.values.length, make: () => ({ theta: nodes.values, weights: nodes.weights }) };
}
