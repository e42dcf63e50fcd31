import { ROW_MODULE } from "./row-module.js";

/** Functions of `simd/rows.mjs`. */
interface Exports {
  subtract(c: number, table: number, count: number, tiles: number): void;
}

const PAGE = 65_536;

let shared: { memory: WebAssembly.Memory; exports: Exports } | null | undefined;

/** The module on one memory for this thread, as large as the largest problem; `null` without vectors or as much room. */
function roomFor(bytes: number): typeof shared {
  try {
    if (shared === undefined) {
      const memory = new WebAssembly.Memory({ initial: 1 });
      const module = new WebAssembly.Module(Uint8Array.from(atob(ROW_MODULE), (c) => c.charCodeAt(0)));
      shared = { memory, exports: new WebAssembly.Instance(module, { e: { m: memory } }).exports as never };
    }
    const missing = shared ? bytes - shared.memory.buffer.byteLength : 0;
    if (missing > 0) shared!.memory.grow(Math.ceil(missing / PAGE));
    return shared;
  } catch {
    shared ??= null;
    return null;
  }
}

/** The loop over all atoms, two doubles at a time. */
export interface SimdLoop {
  /** Correlations $c$, `[l]`. */
  c: Float64Array;
  /** $c \leftarrow c - \sum_i z_i H_i$ over a support. */
  subtract(support: Int32Array, count: number, z: Float64Array): void;
}

/**
 * The loop on a Gram matrix `[l, l]`, or `undefined` without vector instructions. It works on memory that all share: the loop of
 * a second problem ends the use of the first one's.
 */
export function simdLoop(gram: Float32Array, l: number): SimdLoop | undefined {
  const size = 16 * Math.ceil(l / 16);
  // Correlations, table, Gram matrix.
  const [tableAt, gramAt] = [8 * size, 24 * size];
  const room = roomFor(gramAt + 4 * size * size);
  if (!room) return undefined;
  const doubles = new Float64Array(room.memory.buffer, 0, 3 * size).fill(0);
  const addresses = new Int32Array(room.memory.buffer, tableAt, 4 * size);
  const matrix = new Float32Array(room.memory.buffer, gramAt, size * size).fill(0);
  for (let j = 0; j < l; j++) matrix.set(gram.subarray(j * l, (j + 1) * l), j * size);
  return {
    c: doubles.subarray(0, l),
    subtract(support, count, z) {
      for (let a = 0; a < count; a++) {
        const j = support[a]!;
        addresses[4 * a] = gramAt + 4 * size * j;
        doubles[size + 2 * a + 1] = z[j]!;
      }
      if (count > 0) room.exports.subtract(0, tableAt, count, size / 16);
    },
  };
}
