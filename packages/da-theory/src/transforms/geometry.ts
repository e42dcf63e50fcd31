import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Distribution } from "../distribution/distribution.js";
import { support } from "../distribution/law.js";
import { cellNodeCount, cellNodes, midpointNodes, type Nodes } from "../rules/gauss.js";
import { productNodes } from "../rules/rule.js";
import {
  type Boundary,
  createTransform,
  type ImageShape,
  type NodeSet,
  type RandomTransform,
  type TransformDefinition,
} from "./transform.js";
import { type DeviceMap, warpDevice } from "./warp-device.js";
import { warpHost } from "./warp-host.js";

/** Parameters of an affine warp, in the order in which they act. */
export const WARP_PARAMETERS = [
  "angle",
  "shearX",
  "shearY",
  "extent",
  "extentX",
  "extentY",
  "translateX",
  "translateY",
] as const;

/** Name of a parameter of an affine warp. */
export type WarpParameter = (typeof WARP_PARAMETERS)[number];

/** Laws of an affine warp; those that are absent stand at the identity. */
export type WarpLaws = Partial<Record<WarpParameter, Distribution>>;

const NEUTRAL: Record<WarpParameter, number> = {
  angle: 0,
  shearX: 0,
  shearY: 0,
  extent: 1,
  extentX: 1,
  extentY: 1,
  translateX: 0,
  translateY: 0,
};

/** What {@link warpTransform} adds to the laws. */
interface WarpExtras {
  moments?: NonNullable<TransformDefinition["moments"]>;
  meanHost?: NonNullable<TransformDefinition["meanHost"]>;
}

/**
 * The transform that resamples an image once along `c + R K S (u - t - c)`: it rotates, shears, zooms, then translates.
 *
 * Angles are degrees; counter-clockwise on the screen for positive ones. All transforms of coordinates are cases of it.
 */
export function warpTransform(
  name: string,
  laws: WarpLaws,
  boundary: Boundary,
  extras: WarpExtras = {},
): RandomTransform {
  const used = WARP_PARAMETERS.filter((key) => laws[key] !== undefined);
  const parameters = Object.fromEntries(used.map((key) => [key, laws[key]!]));
  for (const key of ["extent", "extentX", "extentY"] as const) {
    const law = laws[key];
    if (law && support(law)[0] <= 0) {
      throw new ArgumentError(
        `${name}: ${key} reaches ${support(law)[0]}; a law of positive extents was expected`,
        { argument: key, value: law },
      );
    }
  }
  const warp = (theta: Float64Array, [height, width]: ImageShape): Float64Array => {
    const value = (key: WarpParameter) => {
      const at = used.indexOf(key);
      return at < 0 ? NEUTRAL[key] : theta[at]!;
    };
    const angle = (value("angle") * Math.PI) / 180;
    const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
    const [kx, ky] = [value("shearX"), value("shearY")];
    const sy = value("extent") * value("extentY");
    const sx = value("extent") * value("extentX");
    const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
    const a = (cos - sin * kx) * sy;
    const b = (sin - cos * ky) * sx;
    const c = -(sin + cos * kx) * sy;
    const d = (cos + sin * ky) * sx;
    const [oy, ox] = [cy + value("translateY"), cx + value("translateX")];
    return Float64Array.of(a, b, cy - (a * oy + b * ox), c, d, cx - (c * oy + d * ox));
  };
  const deviceMap = (theta: tf.Tensor2D, height: number, width: number): DeviceMap => {
    const value = (key: WarpParameter): tf.Tensor => {
      const at = used.indexOf(key);
      return at < 0 ? tf.scalar(NEUTRAL[key]) : tf.reshape(tf.slice(theta, [0, at], [-1, 1]), [-1]);
    };
    const angle = tf.mul(value("angle"), Math.PI / 180);
    const [sin, cos] = [tf.sin(angle), tf.cos(angle)];
    const [kx, ky] = [value("shearX"), value("shearY")];
    const sy = tf.mul(value("extent"), value("extentY"));
    const sx = tf.mul(value("extent"), value("extentX"));
    const [cy, cx] = [(height - 1) / 2, (width - 1) / 2];
    const a = tf.mul(tf.sub(cos, tf.mul(sin, kx)), sy);
    const b = tf.mul(tf.sub(sin, tf.mul(cos, ky)), sx);
    const c = tf.neg(tf.mul(tf.add(sin, tf.mul(cos, kx)), sy));
    const d = tf.mul(tf.add(cos, tf.mul(sin, ky)), sx);
    const [oy, ox] = [tf.add(value("translateY"), cy), tf.add(value("translateX"), cx)];
    const offset = (centre: number, p: tf.Tensor, q: tf.Tensor) =>
      tf.sub(centre, tf.add(tf.mul(p, oy), tf.mul(q, ox)));
    const batch = theta.shape[0];
    return [a, b, offset(cy, a, b), c, d, offset(cx, c, d)].map((entry) => tf.broadcastTo(entry, [batch]));
  };
  return createTransform({
    name,
    parameters,
    linear: true,
    boundary,
    warp,
    apply: (images, theta) => {
      const [, height, width] = images.shape;
      return warpDevice(images, deviceMap(theta, height, width), boundary, height, width);
    },
    applyHost: (image, shape, theta, out) =>
      warpHost(image, shape, warp(theta, shape), boundary, shape[0], shape[1], out),
    exact: (shape, order) => exactNodes(used, laws, shape, order),
    quadrature: (_, budget) =>
      gridNodes(
        used.map((key) => laws[key]!),
        budget,
      ),
    ...extras,
    ...(used.length === 1 &&
      laws.angle?.kind === "uniform" && {
        bound: (image: Float64Array, shape: ImageShape, nodes: number) =>
          rotationBound(image, shape, boundary, laws.angle!, nodes),
      }),
  });
}

/** Midpoint nodes along every random parameter, about `budget` in all; undefined for more than two of them. */
export function gridNodes(laws: readonly Distribution[], budget: number): NodeSet | undefined {
  const numRandom = laws.filter((law) => law.kind !== "point" && law.kind !== "discrete").length;
  if (numRandom > 2) return undefined;
  const finite = laws.reduce(
    (product, law) => product * (law.kind === "discrete" ? law.values.length : 1),
    1,
  );
  const each = Math.max(1, Math.floor((budget / finite) ** (1 / Math.max(1, numRandom)) + 1e-9));
  const axes = laws.map((law) => midpointNodes(law, each));
  return { count: axes.reduce((n, { values }) => n * values.length, 1), make: () => productNodes(axes) };
}

/** Exact nodes where the image is piecewise polynomial in each parameter, the others standing still. */
function exactNodes(
  used: readonly WarpParameter[],
  laws: WarpLaws,
  shape: ImageShape,
  order: 2 | 4,
): NodeSet | undefined {
  const moving = used.filter((key) => laws[key]!.kind !== "point");
  const all = used.map((key) => laws[key]!);
  if (all.every((law) => law.kind === "point" || law.kind === "discrete")) {
    const axes = all.map((law) => cellNodes(law, [], 1, order));
    return { count: axes.reduce((n, { values }) => n * values.length, 1), make: () => productNodes(axes) };
  }
  const isNeutral = (key: WarpParameter) => {
    const law = laws[key]!;
    return law.kind === "point" && law.value === NEUTRAL[key];
  };
  const others = used.filter((key) => !moving.includes(key));
  if (!others.every(isNeutral)) return undefined;
  const families: readonly (readonly WarpParameter[])[] = [
    ["translateX", "translateY"],
    ["shearX", "shearY"],
    ["extentX", "extentY"],
    ["extent"],
  ];
  if (!families.some((family) => moving.every((key) => family.includes(key)))) return undefined;
  const degree = moving.includes("extent") ? 2 : 1;
  const kinks = new Map(used.map((key) => [key, kinksOf(key, laws[key]!, shape)]));
  const count = used.reduce((n, key) => n * cellNodeCount(laws[key]!, kinks.get(key)!, degree, order), 1);
  const axis = (key: WarpParameter): Nodes => cellNodes(laws[key]!, kinks.get(key)!, degree, order);
  return { count, make: () => productNodes(used.map(axis)) };
}

/** Values of a parameter at which some pixel's source crosses the grid. */
export function kinksOf(key: WarpParameter, law: Distribution, [height, width]: ImageShape): Set<number> {
  const [low, high] = support(law);
  const kinks = new Set<number>();
  const halves = (size: number) =>
    Array.from({ length: size }, (_, i) => i - (size - 1) / 2).filter((r) => r > 0);
  if (key === "translateX" || key === "translateY") {
    for (let t = Math.ceil(low); t <= high; t++) kinks.add(t);
  } else if (key === "shearX" || key === "shearY") {
    for (const r of halves(key === "shearX" ? height : width)) {
      for (let m = Math.ceil(low * r); m <= high * r; m++) kinks.add(m / r);
    }
  } else if (key !== "angle") {
    const sizes = key === "extent" ? [height, width] : [key === "extentY" ? height : width];
    for (const size of sizes) {
      const centre = (size - 1) / 2;
      for (const r of halves(size)) {
        for (let m = Math.ceil(centre + low * r); m <= centre + high * r; m++) kinks.add((m - centre) / r);
      }
    }
  }
  return kinks;
}

/** `Lip·h/4` for each pixel, as a share of the image's norm: no pixel moves faster than its radius times the slope. */
function rotationBound(
  image: Float64Array,
  [height, width, channels]: ImageShape,
  boundary: Boundary,
  law: Distribution,
  nodes: number,
): number | undefined {
  const [low, high] = support(law);
  const step = (((high - low) / nodes) * Math.PI) / 180;
  let slope = 0;
  let norm = 0;
  const value = (i: number, j: number, c: number) => {
    const inside = i >= 0 && j >= 0 && i < height && j < width;
    return inside ? image[(i * width + j) * channels + c]! : 0;
  };
  const margin = boundary === "zero" ? 1 : 0;
  let [down, right] = [0, 0];
  for (let c = 0; c < channels; c++) {
    for (let i = -margin; i < height + margin; i++) {
      for (let j = -margin; j < width + margin; j++) {
        if (i + 1 < height + margin) down = Math.max(down, Math.abs(value(i + 1, j, c) - value(i, j, c)));
        if (j + 1 < width + margin) right = Math.max(right, Math.abs(value(i, j + 1, c) - value(i, j, c)));
      }
    }
  }
  slope = Math.hypot(down, right);
  let radii = 0;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) radii += (i - (height - 1) / 2) ** 2 + (j - (width - 1) / 2) ** 2;
  }
  for (const x of image) norm += x * x;
  return norm === 0 ? undefined : ((slope * step) / 4) * Math.sqrt((radii * channels) / norm);
}
