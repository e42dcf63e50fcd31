import type { TensorInfo } from "@tensorflow/tfjs-core";
import { withExplicitPad } from "./conv2d.js";
import { type Geometry, geometryOf } from "./conv2d-geometry.js";
import { forEachMeeting } from "./taps.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/**
 * Runs `body` for every image and every part `q` of a channel multiplier, with the address of the slopes of output
 * channels `c * multiplier + q`, one to a channel `c`.
 */
function forEachPart(
  run: Run,
  dy: TensorInfo,
  g: Geometry,
  body: (image: number, part: number, slopes: number) => void,
): void {
  const multiplier = g.outChannels / g.inChannels;
  const pixels = g.output[0] * g.output[1];
  if (multiplier === 1) {
    for (let image = 0; image < g.batch; image++) body(image, 0, run.address(dy));
    return;
  }
  const size = pixels * g.inChannels;
  const gathered = run.make([size]);
  const [from, to] = [run.values(dy), run.values(gathered)];
  for (let image = 0; image < g.batch; image++) {
    for (let part = 0; part < multiplier; part++) {
      let source = image * size * multiplier + part;
      for (let i = 0; i < size; i++, source += multiplier) to[i] = from[source]!;
      // Meetings count output pixels from the first image on.
      body(image, part, run.address(gathered) - 4 * image * size);
    }
  }
}

/** Writes a matrix of shape `[outer, inner]` transposed. */
function reorder(from: Float32Array, to: Float32Array, [outer, inner]: readonly [number, number]): void {
  for (let i = 0; i < outer; i++) for (let j = 0; j < inner; j++) to[j * outer + i] = from[i * inner + j]!;
}

function backpropFilter(
  run: Run,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
): TensorInfo {
  const filterShape = attrs.filterShape as number[];
  const x = inputs.x!;
  const g = geometryOf(x.shape, filterShape, attrs, true);
  const multiplier = g.outChannels / g.inChannels;
  const size = g.filter[0] * g.filter[1] * g.inChannels;
  const sums = run.zeros([multiplier, size]);
  const bytes = 4 * g.inChannels;
  const { simd } = run;
  forEachPart(run, inputs.dy!, g, (image, part, slopes) => {
    const [to, from] = [run.address(sums) + 4 * part * size, run.address(x)];
    forEachMeeting({ ...g, outChannels: g.inChannels }, image, ({ tap, input, output, count }) => {
      const [first, second] = [from + input * bytes, slopes + output * bytes];
      simd.dotRows(to + tap * bytes, first, g.stride[1] * bytes, second, bytes, first, count, g.inChannels);
    });
  });
  const result = run.make([...filterShape]);
  reorder(run.values(sums), run.values(result), [multiplier, size]);
  return result;
}

function backpropInput(
  run: Run,
  inputs: Record<string, TensorInfo>,
  attrs: Record<string, unknown>,
): TensorInfo {
  const inputShape = attrs.inputShape as number[];
  const filter = inputs.filter!;
  const g = geometryOf(inputShape, filter.shape, attrs, true);
  const multiplier = g.outChannels / g.inChannels;
  const size = g.filter[0] * g.filter[1] * g.inChannels;
  const factors = run.make([multiplier, size]);
  reorder(run.values(filter), run.values(factors), [size, multiplier]);
  const result = run.zeros([...inputShape]);
  const bytes = 4 * g.inChannels;
  const { simd } = run;
  forEachPart(run, inputs.dy!, g, (image, part, slopes) => {
    const [to, factor] = [run.address(result), run.address(factors) + 4 * part * size];
    forEachMeeting({ ...g, outChannels: g.inChannels }, image, ({ tap, input, output, count }) => {
      simd.addRows(
        to + input * bytes,
        g.stride[1] * bytes,
        slopes + output * bytes,
        bytes,
        factor + tap * bytes,
        count,
        g.inChannels,
      );
    });
  });
  return result;
}

/** Registers `depthwiseConv2d` for padding by number at any filter, and its gradients, for any channel multiplier. */
export function registerDepthwise(): void {
  registerWasmKernel("DepthwiseConv2dNative", (run, inputs, attrs) =>
    run.call("DepthwiseConv2dNative", inputs, withExplicitPad(attrs)),
  );
  registerWasmKernel("DepthwiseConv2dNativeBackpropFilter", backpropFilter);
  registerWasmKernel("DepthwiseConv2dNativeBackpropInput", backpropInput);
}
