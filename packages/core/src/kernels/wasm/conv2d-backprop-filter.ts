import type { TensorInfo } from "@tensorflow/tfjs-core";
import { geometryOf } from "./conv2d-geometry.js";
import { withChannelsFirst } from "./data-format.js";
import { forEachMeeting } from "./taps.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

/**
 * Gradient of a filter: for each tap the outer products of the pixels that meet, summed in registers.
 *
 * $dK_{kcf} = \sum_{n,o} x_{n,\,os + kd - p,\,c}\; dy_{nof}$ with stride $s$, dilation $d$ and padding $p$. Nothing is
 * copied: `x` and `dy` are read where they are.
 */
function compute(run: Run, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo {
  const [x, dy] = [inputs.x!, inputs.dy!];
  const filterShape = attrs.filterShape as number[];
  const g = geometryOf(x.shape, filterShape, attrs);
  const result = run.zeros([...filterShape]);
  const [from, slopes, to] = [run.address(x), run.address(dy), run.address(result)];
  const [inBytes, outBytes] = [4 * g.inChannels, 4 * g.outChannels];
  const { simd } = run;
  for (let image = 0; image < g.batch; image++) {
    forEachMeeting(g, image, ({ tap, input, output, count }) => {
      simd.outerRows(
        to + tap * inBytes * g.outChannels,
        from + input * inBytes,
        g.stride[1] * inBytes,
        slopes + output * outBytes,
        outBytes,
        count,
        g.inChannels,
        g.outChannels,
      );
    });
  }
  return result;
}

/** Registers the gradient of `conv2d` by its filter, which the wasm backend lacks. */
export function registerConv2dBackpropFilter(): void {
  registerWasmKernel("Conv2DBackpropFilter", withChannelsFirst(["x", "dy"], false, compute));
}
