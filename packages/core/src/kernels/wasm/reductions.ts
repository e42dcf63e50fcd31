import { type TensorInfo, util } from "@tensorflow/tfjs-core";
import { sumRows } from "./sum-rows.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/** Fewer channels than this are left to the shipped kernel. */
const LEAST_CHANNELS = 4;

/**
 * The sum over all axes but the last ones, or `undefined` where the shipped kernel is as good: it moves the axes to the
 * end first, which costs more than the sum.
 */
function overLeadingAxes(
  run: Run,
  x: TensorInfo,
  attrs: Record<string, unknown>,
  divide: boolean,
): TensorInfo | undefined {
  if (x.shape.length < 2 || attrs.axis === undefined || attrs.axis === null) return undefined;
  const axes = util.parseAxisParam(attrs.axis as number[], x.shape).sort((a, b) => a - b);
  const isLeading = axes.length > 0 && axes.length < x.shape.length && axes.every((axis, i) => axis === i);
  if (x.dtype !== "float32" || !isLeading) return undefined;
  const kept = x.shape.slice(axes.length);
  const channels = util.sizeFromShape(kept);
  const rows = util.sizeFromShape(x.shape.slice(0, axes.length));
  if (channels < LEAST_CHANNELS || rows === 0) return undefined;
  const sums = sumRows(run, "sumRows", { x }, channels);
  const result = run.make(attrs.keepDims ? [...axes.map(() => 1), ...kept] : kept);
  run.values(result).set(divide ? sums.map((sum) => sum / rows) : sums);
  return result;
}

/** Registers sums and means over leading axes, as batch normalisation and the gradients of biases take them. */
export function registerReductions(): void {
  for (const name of ["Sum", "Mean"]) {
    registerWasmKernel(
      name,
      (run, inputs, attrs) =>
        overLeadingAxes(run, inputs.x!, attrs, name === "Mean") ?? run.call(name, inputs, attrs),
    );
  }
}
