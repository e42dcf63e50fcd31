import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../distribution/distribution.js";
import { breather, momentsOfImage } from "../moments/host-moments.js";
import type { RuleOptions } from "../rules/rule.js";
import { type CropLaw, cropCells, cropNodes, fittingRatios, fittingScale } from "./crop-law.js";
import { addSandwich, averagedRows, averagedRowsWhole } from "./crop-mean.js";
import { createTransform, type ImageShape, type RandomTransform } from "./transform.js";
import { warpDevice } from "./warp-device.js";
import { warpHost } from "./warp-host.js";

/** Options of {@link randomResizedCrop}. */
export interface RandomResizedCropOptions {
  /** Share of the area that is kept. @defaultValue `[0.08, 1]` */
  scale?: readonly [low: number, high: number];
  /** Width over height of what is kept; the range contains 1. @defaultValue `[3 / 4, 4 / 3]` */
  ratio?: readonly [low: number, high: number];
  /** Height and width of the result, or one number for both. @defaultValue those of the image */
  size?: number | readonly [height: number, width: number];
  /**
   * `continuous`: real sides and offsets, conditioned on fitting; the ratio is relative to the image's own. `torchvision`: rounded
   * sides and offsets, 10 tries, then a centre crop. @defaultValue `"continuous"`
   */
  convention?: "continuous" | "torchvision";
}

const TRIES = 10;
/** Images with more pixels get a coarser rule, and torchvision's mean from the lattice. */
const LARGE = 64 * 64;

/** A crop in pixels. */
interface CropBox {
  top: number;
  left: number;
  height: number;
  width: number;
}

/**
 * A random part of the image, resized with bilinear interpolation.
 *
 * Source of output $(i, j)$: $\mathrm{clamp}(y_0 + h (i + \tfrac12)/H_{out} - \tfrac12, 0, H - 1)$, and so for columns.
 *
 * @param options - See {@link RandomResizedCropOptions}.
 * @returns A transform. `continuous`: parameters height, width (shares of the sides), y, x (shares of the free offset); the mean has
 *   the error of a Gauss rule over exact inner averages, the covariance that of a lattice. `torchvision`: area share and log-ratio of ten
 *   tries, then y, x; exact where there are few boxes.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks No antialiasing: where the crop is larger than the result, torchvision blurs first and this does not.
 * @see `torchvision.transforms.RandomResizedCrop`.
 */
export function randomResizedCrop(options: RandomResizedCropOptions = {}): RandomTransform {
  const law = checkCropLaw(options);
  const convention = checkChoice("randomResizedCrop", "convention", options.convention ?? "continuous", [
    "continuous",
    "torchvision",
  ]);
  const { size } = options;
  const sides = size === undefined ? undefined : typeof size === "number" ? [size, size] : [...size];
  for (const [axis, side] of sides?.entries() ?? [])
    checkInteger("randomResizedCrop", `size[${axis}]`, side, { min: 1 });
  const outputShape = ([height, width, channels]: ImageShape): ImageShape => [
    sides?.[0] ?? height,
    sides?.[1] ?? width,
    channels,
  ];
  return convention === "continuous" ? continuous(law, outputShape) : rounded(law, outputShape);
}

function checkCropLaw(options: RandomResizedCropOptions): CropLaw {
  const { scale = [0.08, 1], ratio = [3 / 4, 4 / 3] } = options;
  if (!(scale[0] > 0)) {
    throw new ArgumentError(
      `randomResizedCrop: scale is ${JSON.stringify(scale)}; the lower bound must be above 0`,
      {
        argument: "scale",
        value: scale,
      },
    );
  }
  checkNumber("randomResizedCrop", "scale[0]", scale[0], { above: 0 });
  checkNumber("randomResizedCrop", "scale[1]", scale[1], { min: scale[0], max: 1 });
  checkNumber("randomResizedCrop", "ratio[0]", ratio[0], { above: 0, max: 1 });
  checkNumber("randomResizedCrop", "ratio[1]", ratio[1], { min: 1 });
  return { scale: [scale[0], scale[1]], logRatio: [Math.log(ratio[0]), Math.log(ratio[1])] };
}

/** Map of a crop: output row and column to position. */
function cropMap(box: CropBox, outHeight: number, outWidth: number): Float64Array {
  const [ky, kx] = [box.height / outHeight, box.width / outWidth];
  return Float64Array.of(ky, 0, box.top + ky / 2 - 0.5, 0, kx, box.left + kx / 2 - 0.5);
}

function continuous(law: CropLaw, outputShape: (shape: ImageShape) => ImageShape): RandomTransform {
  const boxOf = (theta: Float64Array, [height, width]: ImageShape): CropBox => ({
    height: theta[0]! * height,
    width: theta[1]! * width,
    top: theta[2]! * (1 - theta[0]!) * height,
    left: theta[3]! * (1 - theta[1]!) * width,
  });
  const meanOf = async (
    image: Float64Array,
    shape: ImageShape,
    perScale: number,
    perRatio: number,
    rule: RuleOptions,
  ) => {
    const [outHeight, outWidth, channels] = outputShape(shape);
    const mean = new Float64Array(outHeight * outWidth * channels);
    const pause = breather(rule.signal);
    for (const node of cropNodes(law, perScale, perRatio)) {
      await pause();
      const rows = averagedRows(shape[0], outHeight, node.height);
      const columns = averagedRows(shape[1], outWidth, node.width);
      addSandwich(image, shape, rows, columns, node.weight, mean);
    }
    return mean;
  };
  const transform: RandomTransform = createTransform({
    name: "randomResizedCrop",
    parameters: {
      scale: uniform(law.scale[0], law.scale[1]),
      logRatio: uniform(law.logRatio[0], law.logRatio[1]),
      y: uniform(0, 1),
      x: uniform(0, 1),
    },
    linear: true,
    outputShape,
    fromUnit(unit, _, theta) {
      const s = fittingScale(law, unit[0]!);
      const [a, b] = fittingRatios(law, s);
      const rho = a + (b - a) * unit[1]!;
      theta[0] = Math.min(1, Math.sqrt(s * Math.exp(-rho)));
      theta[1] = Math.min(1, Math.sqrt(s * Math.exp(rho)));
      theta[2] = unit[2]!;
      theta[3] = unit[3]!;
    },
    boundary: "edge",
    warp: (theta, shape) => {
      const [outHeight, outWidth] = outputShape(shape);
      return cropMap(boxOf(theta, shape), outHeight, outWidth);
    },
    apply: (images, theta) => {
      const [, height, width, channels] = images.shape;
      const [outHeight, outWidth] = outputShape([height, width, channels]);
      const [h, w, y, x] = tf.unstack(theta, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const line = (share: tf.Tensor, u: tf.Tensor, side: number, out: number): [tf.Tensor, tf.Tensor] => {
        const step = tf.mul(share, side / out);
        const start = tf.mul(tf.mul(u, tf.sub(1, share)), side);
        return [step, tf.sub(tf.add(start, tf.div(step, 2)), 0.5)];
      };
      const [ky, y0] = line(h, y, height, outHeight);
      const [kx, x0] = line(w, x, width, outWidth);
      return warpDevice(images, [ky, 0, y0, 0, kx, x0], "edge", outHeight, outWidth);
    },
    applyHost(image, shape, theta, out) {
      const [outHeight, outWidth] = outputShape(shape);
      const map = cropMap(boxOf(theta, shape), outHeight, outWidth);
      warpHost(image, shape, map, "edge", outHeight, outWidth, out);
    },
    meanHost: (image, shape, rule) =>
      shape[0] * shape[1] > LARGE ? meanOf(image, shape, 8, 4, rule) : meanOf(image, shape, 16, 8, rule),
    async moments(image, shape, rule) {
      if (rule.method === "exact") return undefined;
      const moments = await momentsOfImage(image, shape, transform, { ...rule, method: "lattice" });
      const [perScale, perRatio] = shape[0] * shape[1] > LARGE ? [8, 4] : [16, 8];
      moments.mean = await meanOf(image, shape, perScale, perRatio, rule);
      const half = await meanOf(image, shape, perScale / 2, perRatio / 2, rule);
      let [difference, norm] = [0, 0];
      for (let i = 0; i < half.length; i++) {
        difference += (half[i]! - moments.mean[i]!) ** 2;
        norm += moments.mean[i]! ** 2;
      }
      moments.error.meanEstimate = norm === 0 ? 0 : Math.sqrt(difference / norm);
      return moments;
    },
  });
  return transform;
}

function rounded(law: CropLaw, outputShape: (shape: ImageShape) => ImageShape): RandomTransform {
  const columns = 2 * TRIES + 2;
  const fallback = ([height, width]: ImageShape): CropBox => {
    const [low, high] = [Math.exp(law.logRatio[0]), Math.exp(law.logRatio[1])];
    let [h, w] = [height, width];
    if (width / height < low - 1e-12) h = Math.round(width / low);
    else if (width / height > high + 1e-12) w = Math.round(height * high);
    return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
  };
  const boxOf = (theta: Float64Array, shape: ImageShape): CropBox => {
    const [height, width] = shape;
    for (let k = 0; k < TRIES; k++) {
      const [s, rho] = [theta[2 * k]!, theta[2 * k + 1]!];
      const w = Math.round(Math.sqrt(height * width * s * Math.exp(rho)));
      const h = Math.round(Math.sqrt(height * width * s * Math.exp(-rho)));
      if (w < 1 || h < 1 || w > width || h > height) continue;
      return {
        height: h,
        width: w,
        top: Math.min(height - h, Math.floor(theta[2 * TRIES]! * (height - h + 1))),
        left: Math.min(width - w, Math.floor(theta[2 * TRIES + 1]! * (width - w + 1))),
      };
    }
    return fallback(shape);
  };
  /** Boxes sizes with their probability after all tries; the last one is the centre crop. */
  const sizes = (shape: ImageShape) => {
    const cells = cropCells(law, shape[0], shape[1]);
    const fit = Math.min(
      1,
      cells.reduce((sum, { probability }) => sum + probability, 0),
    );
    const missed = (1 - fit) ** TRIES;
    return { cells: cells.map((c) => ({ ...c, probability: (c.probability / fit) * (1 - missed) })), missed };
  };
  const transform: RandomTransform = createTransform({
    name: "randomResizedCrop",
    parameters: {
      scale: uniform(law.scale[0], law.scale[1]),
      logRatio: uniform(law.logRatio[0], law.logRatio[1]),
      y: uniform(0, 1),
      x: uniform(0, 1),
    },
    linear: true,
    outputShape,
    numParameters: () => columns,
    fromUnit(unit, _, theta) {
      for (let k = 0; k < TRIES; k++) {
        theta[2 * k] = law.scale[0] + (law.scale[1] - law.scale[0]) * unit[2 * k]!;
        theta[2 * k + 1] = law.logRatio[0] + (law.logRatio[1] - law.logRatio[0]) * unit[2 * k + 1]!;
      }
      theta.set(unit.subarray(2 * TRIES), 2 * TRIES);
    },
    boundary: "edge",
    warp: (theta, shape) => {
      const [outHeight, outWidth] = outputShape(shape);
      return cropMap(boxOf(theta, shape), outHeight, outWidth);
    },
    apply: (images, theta) => {
      const [batch, height, width, channels] = images.shape;
      const shape: ImageShape = [height, width, channels];
      const [outHeight, outWidth] = outputShape(shape);
      const tries = tf.reshape(tf.slice(theta, [0, 0], [-1, 2 * TRIES]), [batch, TRIES, 2]);
      const [s, rho] = tf.unstack(tries, 2) as [tf.Tensor, tf.Tensor];
      const side = (sign: 1 | -1) =>
        tf.round(tf.sqrt(tf.mul(tf.mul(s, height * width), tf.exp(tf.mul(rho, sign)))));
      const [w, h] = [side(1), side(-1)];
      const within = (value: tf.Tensor, most: number) =>
        tf.logicalAnd(tf.greaterEqual(value, 1), tf.lessEqual(value, most));
      const fits = tf.cast(tf.logicalAnd(within(w, width), within(h, height)), "float32");
      // The first try that fits: no earlier one did.
      const chosen = tf.mul(fits, tf.cast(tf.equal(tf.cumsum(fits, 1), 1), "float32"));
      const any = tf.max(fits, 1);
      const centre = fallback(shape);
      const pick = (value: tf.Tensor, otherwise: number) =>
        tf.add(tf.sum(tf.mul(value, chosen), 1), tf.mul(tf.sub(1, any), otherwise));
      const [rows, cols] = [pick(h, centre.height), pick(w, centre.width)];
      const offset = (column: number, free: tf.Tensor, otherwise: number) => {
        const u = tf.reshape(tf.slice(theta, [0, 2 * TRIES + column], [-1, 1]), [-1]);
        const drawn = tf.minimum(free, tf.floor(tf.mul(u, tf.add(free, 1))));
        return tf.add(tf.mul(drawn, any), tf.mul(tf.sub(1, any), otherwise));
      };
      const top = offset(0, tf.sub(height, rows), centre.top);
      const left = offset(1, tf.sub(width, cols), centre.left);
      const [ky, kx] = [tf.div(rows, outHeight), tf.div(cols, outWidth)];
      const start = (first: tf.Tensor, step: tf.Tensor) => tf.sub(tf.add(first, tf.div(step, 2)), 0.5);
      return warpDevice(images, [ky, 0, start(top, ky), 0, kx, start(left, kx)], "edge", outHeight, outWidth);
    },
    applyHost(image, shape, theta, out) {
      const [outHeight, outWidth] = outputShape(shape);
      const map = cropMap(boxOf(theta, shape), outHeight, outWidth);
      warpHost(image, shape, map, "edge", outHeight, outWidth, out);
    },
    exact(shape) {
      const [height, width] = shape;
      const { cells, missed } = sizes(shape);
      const offsets = (cell: { height: number; width: number }) =>
        (height - cell.height + 1) * (width - cell.width + 1);
      const isMissed = missed > 1e-15;
      const count = cells.reduce((sum, cell) => sum + offsets(cell), isMissed ? 1 : 0);
      return {
        count,
        make() {
          const theta = new Float64Array(count * columns);
          const weights = new Float64Array(count);
          let at = 0;
          for (const cell of cells) {
            const free = [height - cell.height + 1, width - cell.width + 1] as const;
            for (let k = 0; k < free[0] * free[1]; k++, at++) {
              const row = theta.subarray(at * columns, (at + 1) * columns);
              row[0] = (cell.height * cell.width) / (height * width);
              row[1] = Math.log(cell.width / cell.height);
              row[2 * TRIES] = (Math.floor(k / free[1]) + 0.5) / free[0];
              row[2 * TRIES + 1] = ((k % free[1]) + 0.5) / free[1];
              weights[at] = cell.probability / (free[0] * free[1]);
            }
          }
          if (isMissed) {
            // Four times the area does not fit in any try.
            for (let k = 0; k < TRIES; k++) theta[at * columns + 2 * k] = 4;
            weights[at] = missed;
          }
          return { theta, weights };
        },
      };
    },
    async moments(image, shape, rule) {
      if (rule.method === "exact" || shape[0] * shape[1] > LARGE) return undefined;
      const count = transform.definition.exact!(shape, 2)!.count;
      if (count <= (rule.maxNodes ?? 4096)) return undefined;
      const moments = await momentsOfImage(image, shape, transform, { ...rule, method: "lattice" });
      const [outHeight, outWidth] = outputShape(shape);
      const { cells, missed } = sizes(shape);
      const rows = Array.from({ length: shape[0] + 1 }, (_, h) =>
        h === 0 ? undefined : averagedRowsWhole(shape[0], outHeight, h),
      );
      const cols = Array.from({ length: shape[1] + 1 }, (_, w) =>
        w === 0 ? undefined : averagedRowsWhole(shape[1], outWidth, w),
      );
      const mean = new Float64Array(moments.mean.length);
      const pause = breather(rule.signal);
      for (const { height, width, probability } of cells) {
        await pause();
        addSandwich(image, shape, rows[height]!, cols[width]!, probability, mean);
      }
      const centre = new Float64Array(mean.length);
      const map = cropMap(fallback(shape), outHeight, outWidth);
      warpHost(image, shape, map, "edge", outHeight, outWidth, centre);
      for (let i = 0; i < mean.length; i++) mean[i]! += missed * centre[i]!;
      moments.mean = mean;
      moments.error.meanEstimate = 0;
      return moments;
    },
  });
  return transform;
}
