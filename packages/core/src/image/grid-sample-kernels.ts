import type { HostKernel } from "../host-kernel/index.js";
import { type Located, locate, roundHalfEven, type SamplePadding } from "./sample-coordinates.js";

/** Validated options of a sampling. */
export interface Sampling {
  mode: "bilinear" | "nearest";
  padding: SamplePadding;
  alignCorners: boolean;
}

/** Receives one sample: its place in the output, its corners' places (−1 outside) and weights. */
type Visit = (
  at: number,
  corners: Int32Array,
  weights: Float64Array,
  fractions: Float64Array,
  slopes: Float64Array,
) => void;

/** Goes through all samples in order; corners are top left, top right, bottom left, bottom right. */
function visitSamples(
  grid: Float32Array,
  [batch, height, width, channels]: readonly number[],
  gridShape: readonly number[],
  { mode, padding, alignCorners }: Sampling,
  visit: Visit,
): void {
  const samples = gridShape[1]! * gridShape[2]!;
  const corners = new Int32Array(4);
  const weights = new Float64Array(4);
  const fractions = new Float64Array(2);
  const slopes = new Float64Array(2);
  const [across, down]: [Located, Located] = [
    { position: 0, slope: 0 },
    { position: 0, slope: 0 },
  ];
  const [h, w, c] = [height!, width!, channels!];
  for (let b = 0, at = 0; b < batch!; b++) {
    const image = b * h * w * c;
    for (let i = 0; i < samples; i++, at++) {
      locate(grid[2 * at]!, w, padding, alignCorners, across);
      locate(grid[2 * at + 1]!, h, padding, alignCorners, down);
      if (mode === "nearest") {
        const [x, y] = [roundHalfEven(across.position), roundHalfEven(down.position)];
        corners.fill(-1);
        weights.fill(0);
        if (x >= 0 && x < w && y >= 0 && y < h) {
          corners[0] = image + (y * w + x) * c;
          weights[0] = 1;
        }
        slopes.fill(0);
      } else {
        const [x, y] = [Math.floor(across.position), Math.floor(down.position)];
        const [fx, fy] = [across.position - x, down.position - y];
        const base = image + (y * w + x) * c;
        const [left, right] = [x >= 0 && x < w, x >= -1 && x < w - 1];
        const [top, bottom] = [y >= 0 && y < h, y >= -1 && y < h - 1];
        corners[0] = top && left ? base : -1;
        corners[1] = top && right ? base + c : -1;
        corners[2] = bottom && left ? base + w * c : -1;
        corners[3] = bottom && right ? base + w * c + c : -1;
        weights[0] = (1 - fx) * (1 - fy);
        weights[1] = fx * (1 - fy);
        weights[2] = (1 - fx) * fy;
        weights[3] = fx * fy;
        fractions[0] = fx;
        fractions[1] = fy;
        slopes[0] = across.slope;
        slopes[1] = down.slope;
      }
      visit(at, corners, weights, fractions, slopes);
    }
  }
}

/** Values of the images at the grid's points. */
export const sampleKernel: HostKernel = {
  name: "LabGridSample",
  inputs: ["images", "grid"],
  outputShapes: ([images, grid]) => [[images![0]!, grid![1]!, grid![2]!, images![3]!]],
  compute([images, grid], [out], [shape, gridShape], attributes) {
    const channels = shape![3]!;
    visitSamples(grid!, shape!, gridShape!, attributes as unknown as Sampling, (at, corners, weights) => {
      const to = at * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) if (corners[k]! >= 0) sum += weights[k]! * images![corners[k]! + c]!;
        out![to + c] = sum;
      }
    });
  },
};

/** Gradient by the images: every sample gives its share back to its corners. */
export const imageGradientKernel: HostKernel = {
  name: "LabGridSampleGradImages",
  inputs: ["dy", "images", "grid"],
  outputShapes: ([, images]) => [images!],
  compute([dy, , grid], [out], [, shape, gridShape], attributes) {
    const channels = shape![3]!;
    out!.fill(0);
    visitSamples(grid!, shape!, gridShape!, attributes as unknown as Sampling, (at, corners, weights) => {
      const from = at * channels;
      for (let k = 0; k < 4; k++) {
        if (corners[k]! < 0) continue;
        for (let c = 0; c < channels; c++) out![corners[k]! + c]! += weights[k]! * dy![from + c]!;
      }
    });
  },
};

/** Gradient by the grid: the slope of the bilinear surface. */
export const gridGradientKernel: HostKernel = {
  name: "LabGridSampleGradGrid",
  inputs: ["dy", "images", "grid"],
  outputShapes: ([, , grid]) => [grid!],
  compute([dy, images, grid], [out], [, shape, gridShape], attributes) {
    const channels = shape![3]!;
    visitSamples(
      grid!,
      shape!,
      gridShape!,
      attributes as unknown as Sampling,
      (at, corners, _, fractions, slopes) => {
        let [dx, dyDown] = [0, 0];
        if (slopes[0] !== 0 || slopes[1] !== 0) {
          const [fx, fy] = [fractions[0]!, fractions[1]!];
          const value = (k: number, c: number) => (corners[k]! < 0 ? 0 : images![corners[k]! + c]!);
          for (let c = 0; c < channels; c++) {
            const [a, b, d, e] = [value(0, c), value(1, c), value(2, c), value(3, c)];
            const upstream = dy![at * channels + c]!;
            dx += upstream * ((b - a) * (1 - fy) + (e - d) * fy);
            dyDown += upstream * ((d - a) * (1 - fx) + (e - b) * fx);
          }
        }
        out![2 * at] = dx * slopes[0]!;
        out![2 * at + 1] = dyDown * slopes[1]!;
      },
    );
  },
};
