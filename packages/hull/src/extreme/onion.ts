import { checkAborted } from "@lab/core";
import { Generator } from "@lab/core/random";
import type { HullContext } from "../cascade/context.js";
import type { RunOptions } from "../hull/options.js";
import { readAll } from "../points/points.js";
import { Pauses } from "../run/pauses.js";
import { extremeRows } from "./extreme-rows.js";

/** Indices of the extreme rows, ascending; of equal rows one. */
export async function extremeRowsOf(
  context: HullContext,
  minDistance: number,
  options: RunOptions,
): Promise<Int32Array> {
  const data = await scaledRows(context, options.signal);
  const all = Int32Array.from({ length: context.rows.n }, (_, i) => i);
  return await extremeAmong(context, data, all, minDistance, options);
}

/** Onion layer of every row, from 1; 0 for rows beyond `maxLayers`. */
export async function onionLayers(
  context: HullContext,
  maxLayers: number,
  options: RunOptions,
): Promise<Int32Array> {
  const { n, d } = context.rows;
  const data = await scaledRows(context, options.signal);
  const depth = new Int32Array(n);
  let left = Int32Array.from({ length: n }, (_, i) => i);
  for (let layer = 1; layer <= maxLayers && left.length > 0; layer++) {
    const extreme = await extremeAmong(context, data, left, 0, options);
    for (const i of extreme) depth[i] = layer;
    // Copies of an extreme row share its layer.
    const keys = new Set(Array.from(extreme, (i) => keyOf(data, i, d)));
    for (const i of left) if (depth[i] === 0 && keys.has(keyOf(data, i, d))) depth[i] = layer;
    left = left.filter((i) => depth[i] === 0);
  }
  return depth;
}

const keyOf = (data: Float64Array, i: number, d: number): string => data.subarray(i * d, (i + 1) * d).join();

async function extremeAmong(
  { rows, prepared, options }: HullContext,
  data: Float64Array,
  among: Int32Array,
  minDistance: number,
  { signal, onProgress }: RunOptions,
): Promise<Int32Array> {
  const columns = prepared.active;
  const d = Math.max(1, columns.length);
  // Equal rows are one point: the first stands for all.
  const seen = new Set<string>();
  const chosen = among.filter((i) => {
    const key = keyOf(data, i, rows.d);
    return seen.has(key) ? false : seen.add(key);
  });
  const packed = new Float64Array(chosen.length * d);
  for (const [r, i] of chosen.entries()) {
    for (const [c, j] of columns.entries()) packed[r * d + c] = data[i * rows.d + j]!;
  }
  const found = await extremeRows(
    { data: packed, n: chosen.length, d },
    minDistance,
    new Generator(options.seed).split("extreme"),
    new Pauses(signal),
    (done) => onProgress?.({ done, total: chosen.length, message: "rows" }),
  );
  return found.map((r) => chosen[r]!);
}

/** Rows scaled by the deviations of the columns. */
async function scaledRows(
  { rows, prepared }: HullContext,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const { columnScale, center } = prepared;
  const data = await readAll(rows);
  checkAborted(signal);
  // Powers of two: the scaled rows are the rows, exactly.
  for (let i = 0; i < data.length; i++) {
    data[i] = (data[i]! - center[i % rows.d]!) * columnScale[i % rows.d]!;
  }
  return data;
}
