import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Margin } from "./conv2d-geometry.js";
import type { Run } from "./wasm-kernel.js";

/**
 * A convolution of the shipped kernel with any margins: negative ones cut rows or columns of the result off.
 *
 * @param strides - Steps between outputs.
 * @param dilations - Steps between the filter's taps.
 */
export function convolve(
  run: Run,
  x: TensorInfo,
  filter: TensorInfo,
  margins: readonly [Margin, Margin],
  strides: readonly [number, number],
  dilations: readonly [number, number],
): TensorInfo {
  const added = margins.map(({ before, after }) => [Math.max(0, before), Math.max(0, after)]);
  const result = run.call(
    "Conv2D",
    { x, filter },
    {
      strides: [...strides],
      pad: [[0, 0], added[0], added[1], [0, 0]],
      dataFormat: "NHWC",
      dilations: [...dilations],
      dimRoundingMode: undefined,
    },
  );
  const cut = margins.map(({ before, after }) => [Math.max(0, -before), Math.max(0, -after)] as const);
  if (cut.every(([first, last]) => first === 0 && last === 0)) return result;
  const [batch, height, width, channels] = result.shape as [number, number, number, number];
  const [[top, bottom], [left, right]] = cut as [readonly [number, number], readonly [number, number]];
  return run.call(
    "Slice",
    { x: result },
    { begin: [0, top, left, 0], size: [batch, height - top - bottom, width - left - right, channels] },
  );
}
