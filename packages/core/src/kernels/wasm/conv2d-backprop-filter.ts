import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Geometry, geometryOf } from "./conv2d-geometry.js";
import { convolve } from "./convolve.js";
import { withChannelsFirst } from "./data-format.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/** Gradient of a 1×1 filter: one product. */
function asProduct(
  run: Run,
  x: TensorInfo,
  dy: TensorInfo,
  { inChannels, outChannels }: Geometry,
): TensorInfo {
  const rows = x.shape.slice(0, 3).reduce((product, size) => product * size, 1);
  const a = run.transpose(run.view(x, [rows, inChannels]), [1, 0]);
  const product = run.call(
    "BatchMatMul",
    { a: run.view(a, [1, inChannels, rows]), b: run.view(dy, [1, rows, outChannels]) },
    { transposeA: false, transposeB: false },
  );
  return run.view(product, [1, 1, inChannels, outChannels]);
}

/**
 * Gradient of a filter as one convolution: the images become channels and `dy` the filter.
 *
 * $dK_{kcf} = \sum_{n,o} x_{n,\,os + kd - p,\,c}\; dy_{nof}$ is the convolution of `x` as `[C, H, W, N]` with `dy` as
 * `[H', W', N, F]`, the forward stride $s$ being the dilation and the forward dilation $d$ the stride.
 */
function asConvolution(run: Run, x: TensorInfo, dy: TensorInfo, g: Geometry): TensorInfo {
  const images = run.transpose(x, [3, 1, 2, 0]);
  const taps = run.transpose(dy, [1, 2, 0, 3]);
  const margin = (axis: 0 | 1) => {
    const before = g.pad[axis];
    const reach = (g.output[axis] - 1) * g.stride[axis] + (g.filter[axis] - 1) * g.dilation[axis] + 1;
    return { before, after: reach - g.input[axis] - before };
  };
  const margins = [margin(0), margin(1)] as const;
  // Rows that no output reaches are cut from the images, not from the result: the result's stride may not be 1.
  const trimmed = trim(run, images, [Math.min(0, margins[0].after), Math.min(0, margins[1].after)]);
  const padded = margins.map(({ before, after }) => ({ before, after: Math.max(0, after) })) as [
    { before: number; after: number },
    { before: number; after: number },
  ];
  const result = convolve(run, trimmed, taps, padded, g.dilation, g.stride);
  return run.transpose(result, [1, 2, 0, 3]);
}

function trim(run: Run, x: TensorInfo, [rows, columns]: [number, number]): TensorInfo {
  if (rows === 0 && columns === 0) return x;
  const [a, height, width, d] = x.shape as [number, number, number, number];
  return run.call("Slice", { x }, { begin: [0, 0, 0, 0], size: [a, height + rows, width + columns, d] });
}

function compute(run: Run, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo {
  const [x, dy] = [inputs.x!, inputs.dy!];
  const g = geometryOf(x.shape, attrs.filterShape as number[], attrs);
  const isPointwise = [g.filter, g.stride].flat().every((size) => size === 1) && g.pad.every((p) => p === 0);
  return isPointwise && String(g.input) === String(g.output)
    ? asProduct(run, x, dy, g)
    : asConvolution(run, x, dy, g);
}

/** Registers the gradient of `conv2d` by its filter, which the wasm backend lacks. */
export function registerConv2dBackpropFilter(): void {
  registerWasmKernel("Conv2DBackpropFilter", withChannelsFirst(["x", "dy"], false, compute));
}
