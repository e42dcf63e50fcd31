import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Run } from "./wasm-kernel.js";

/** Rows that are summed in single precision before they are added in double: bounds the error of long sums. */
const ROWS = 128;

/**
 * Sums over all rows of channels, in double precision between blocks of rows.
 *
 * @param name - The term: `x`, or `y` times `x` less `centre`.
 * @param operands - `x` and `y` with channels last, `centre` one value a channel.
 */
export function sumRows(
  run: Run,
  name: "sumRows" | "centredDotRows",
  operands: { x: TensorInfo; y?: TensorInfo; centre?: TensorInfo },
  channels: number,
): Float64Array {
  const { x, y = x, centre } = operands;
  const rows = x.shape.reduce((product, size) => product * size, 1) / channels;
  const block = run.make([channels]);
  const [sums, acc] = [new Float64Array(channels), run.address(block)];
  const [from, other] = [run.address(x), run.address(y)];
  const middle = centre ? run.address(centre) : acc;
  const values = run.values(block);
  const step = 4 * channels;
  const { simd } = run;
  for (let row = 0; row < rows; row += ROWS) {
    values.fill(0);
    const count = Math.min(ROWS, rows - row);
    simd[name](acc, from + row * step, step, other + row * step, step, middle, count, channels);
    for (let c = 0; c < channels; c++) sums[c]! += values[c]!;
  }
  return sums;
}
