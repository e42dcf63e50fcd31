import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Geometry, geometryOf } from "./conv2d-geometry.js";
import { forEachMeeting } from "./taps.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

type Inputs = Record<string, TensorInfo>;
type Attributes = Record<string, unknown>;

/** Sizes of a pooling gradient, or `undefined` where the engine means other ones: those go to the shipped kernel. */
function poolingOf(input: TensorInfo, dy: TensorInfo, attrs: Attributes): Geometry | undefined {
  const channels = input.shape[3]!;
  const [height, width] = [attrs.filterSize].flat() as [number, number?];
  const filter = [height, width ?? height, channels, 1];
  const g = geometryOf(input.shape, filter, attrs, true);
  const isMeant = String([g.batch, ...g.output, channels]) === String(dy.shape);
  return isMeant && input.dtype === "float32" && dy.dtype === "float32" ? g : undefined;
}

/**
 * Gradient of the largest of each window: the slope goes to the first place, row by row, that holds the output.
 *
 * What is left of the slopes is kept, so that a second place with the same value finds nothing.
 */
function maxPoolGrad(run: Run, { dy, input, output }: Inputs, g: Geometry): TensorInfo {
  const result = run.zeros([...input!.shape]);
  const rest = run.make([...dy!.shape]);
  run.values(rest).set(run.values(dy!));
  const [to, from] = [run.address(result), run.address(input!)];
  const [largest, slopes] = [run.address(output!), run.address(rest)];
  const bytes = 4 * g.inChannels;
  const { simd } = run;
  for (let image = 0; image < g.batch; image++) {
    forEachMeeting(g, image, ({ input: seen, output: place, count }) => {
      simd.moveRows(
        to + seen * bytes,
        from + seen * bytes,
        g.stride[1] * bytes,
        largest + place * bytes,
        slopes + place * bytes,
        bytes,
        count,
        g.inChannels,
      );
    });
  }
  return result;
}

/** How many places of an axis each of its windows covers. */
function coverage(g: Geometry, axis: 0 | 1): number[] {
  return Array.from({ length: g.output[axis] }, (_, place) => {
    const start = place * g.stride[axis] - g.pad[axis];
    return Math.min(g.input[axis], start + g.filter[axis]) - Math.max(0, start);
  });
}

/** Slopes over the number of places of the image that their window covers; the padding does not count. */
function shares(run: Run, dy: TensorInfo, g: Geometry, rows: number[], columns: number[]): TensorInfo {
  const result = run.make([...dy.shape]);
  const [from, to] = [run.values(dy), run.values(result)];
  let at = 0;
  for (let image = 0; image < g.batch; image++) {
    for (const height of rows) {
      for (const width of columns) {
        const share = 1 / Math.max(1, height * width);
        for (let c = 0; c < g.inChannels; c++, at++) to[at] = from[at]! * share;
      }
    }
  }
  return result;
}

/** Gradient of the mean of each window. */
function avgPoolGrad(run: Run, { dy, input }: Inputs, g: Geometry): TensorInfo {
  const result = run.zeros([...input!.shape]);
  const [rows, columns] = [coverage(g, 0), coverage(g, 1)];
  const areSame = [rows, columns].every((counts) => counts.every((count) => count === counts[0]));
  const factors = run.make([g.inChannels]);
  run.values(factors).fill(areSame ? 1 / Math.max(1, rows[0]! * columns[0]!) : 1);
  const spread = run.address(areSame ? dy! : shares(run, dy!, g, rows, columns));
  const [to, factor] = [run.address(result), run.address(factors)];
  const bytes = 4 * g.inChannels;
  const { simd } = run;
  for (let image = 0; image < g.batch; image++) {
    forEachMeeting(g, image, ({ input: seen, output: place, count }) => {
      const step = g.stride[1] * bytes;
      simd.addRows(to + seen * bytes, step, spread + place * bytes, bytes, factor, count, g.inChannels);
    });
  }
  return result;
}

/**
 * Pooling by windows of one place, which the shipped kernels refuse without a word and leave their output unset: the
 * places themselves; where the shape stays the engine's other backends give the input whatever the stride.
 */
function onePlace(run: Run, x: TensorInfo, attrs: Attributes, outside: number): TensorInfo {
  const channels = x.shape[3]!;
  const g = geometryOf(x.shape, [1, 1, channels, 1], attrs, true);
  const shape = [g.batch, ...g.output, channels];
  const result = run.make(shape);
  const [from, to] = [run.values(x), run.values(result)];
  if (String(shape) === String(x.shape)) {
    to.set(from);
    return result;
  }
  to.fill(outside);
  for (let image = 0; image < g.batch; image++) {
    forEachMeeting(g, image, ({ input, output, count }) => {
      for (let i = 0; i < count; i++) {
        const start = (input + i * g.stride[1]) * channels;
        to.set(from.subarray(start, start + channels), (output + i) * channels);
      }
    });
  }
  return result;
}

/**
 * Registers pooling by windows of one place, and the gradients of pooling; the shipped ones cost several times as much, and
 * count padding into means.
 */
export function registerPooling(): void {
  for (const [name, outside] of [
    ["MaxPool", Number.NEGATIVE_INFINITY],
    ["AvgPool", Number.NaN],
  ] as const) {
    registerWasmKernel(name, (run, inputs, attrs) => {
      const x = inputs.x!;
      const isOne = [attrs.filterSize].flat().every((size) => size === 1) && x.dtype === "float32";
      return isOne ? onePlace(run, x, attrs, outside) : run.call(name, inputs, attrs);
    });
  }
  for (const [name, compute] of [
    ["MaxPoolGrad", maxPoolGrad],
    ["AvgPoolGrad", avgPoolGrad],
  ] as const) {
    registerWasmKernel(name, (run, inputs, attrs) => {
      const g = poolingOf(inputs.input!, inputs.dy!, attrs);
      return g ? compute(run, inputs, g) : run.call(name, inputs, attrs);
    });
  }
}
