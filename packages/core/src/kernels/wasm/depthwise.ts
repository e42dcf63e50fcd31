import { type Geometry, geometryOf } from "./conv2d-geometry.js";
import { registerWasmKernel } from "./wasm-kernel.js";

/** Calls `visit` with the offsets of every pair of an output and the input that one of the filter's taps meets there. */
function forEachTap(g: Geometry, visit: (tap: number, input: number, output: number) => void): void {
  const [inHeight, inWidth] = g.input;
  const [outHeight, outWidth] = g.output;
  for (let n = 0; n < g.batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ky = 0; ky < g.filter[0]; ky++) {
        const y = oy * g.stride[0] + ky * g.dilation[0] - g.pad[0];
        if (y < 0 || y >= inHeight) continue;
        for (let ox = 0; ox < outWidth; ox++) {
          for (let kx = 0; kx < g.filter[1]; kx++) {
            const x = ox * g.stride[1] + kx * g.dilation[1] - g.pad[1];
            if (x < 0 || x >= inWidth) continue;
            visit(
              ky * g.filter[1] + kx,
              (n * inHeight + y) * inWidth + x,
              (n * outHeight + oy) * outWidth + ox,
            );
          }
        }
      }
    }
  }
}

/** Registers the gradients of `depthwiseConv2d`, for any channel multiplier. */
export function registerDepthwise(): void {
  registerWasmKernel("DepthwiseConv2dNativeBackpropFilter", (run, inputs, attrs) => {
    const filterShape = attrs.filterShape as number[];
    const g = geometryOf(inputs.x!.shape, filterShape, attrs, true);
    const result = run.make([...filterShape]);
    const [x, dy, to] = [run.values(inputs.x!), run.values(inputs.dy!), run.values(result)];
    const [channels, size] = [g.inChannels, g.outChannels];
    const multiplier = size / channels;
    to.fill(0);
    forEachTap(g, (tap, input, output) => {
      const [a, b, t] = [input * channels, output * size, tap * size];
      if (multiplier === 1) {
        for (let c = 0; c < channels; c++) to[t + c]! += x[a + c]! * dy[b + c]!;
        return;
      }
      for (let f = 0; f < size; f++) to[t + f]! += x[a + Math.floor(f / multiplier)]! * dy[b + f]!;
    });
    return result;
  });
  registerWasmKernel("DepthwiseConv2dNativeBackpropInput", (run, inputs, attrs) => {
    const filter = inputs.filter!;
    const inputShape = attrs.inputShape as number[];
    const g = geometryOf(inputShape, filter.shape, attrs, true);
    const result = run.make([...inputShape]);
    const [dy, k, to] = [run.values(inputs.dy!), run.values(filter), run.values(result)];
    const [channels, size] = [g.inChannels, g.outChannels];
    const multiplier = size / channels;
    to.fill(0);
    forEachTap(g, (tap, input, output) => {
      const [a, b, t] = [input * channels, output * size, tap * size];
      if (multiplier === 1) {
        for (let c = 0; c < channels; c++) to[a + c]! += k[t + c]! * dy[b + c]!;
        return;
      }
      for (let f = 0; f < size; f++) to[a + Math.floor(f / multiplier)]! += k[t + f]! * dy[b + f]!;
    });
    return result;
  });
}
