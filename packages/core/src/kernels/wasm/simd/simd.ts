import { assemble } from "../../../wasm/assembler.js";
import { programs } from "./programs.js";

/**
 * Loops over rows of channels in the heap of the wasm backend, four floats at once.
 * Addresses and steps are in bytes; a count is at least 1.
 */
export interface Simd {
  /** $A_{cf} \mathrel{+}= \sum_i x_{ic}\, y_{if}$, with `acc` of shape `[rows, columns]`. */
  outerRows: Products;
  /** $A_{cf} \mathrel{+}= \sum_i x_{ci}\, y_{if}$, with `acc` of shape `[rows, columns]`. */
  innerRows: Products;
  /** $a_c \mathrel{+}= \sum_i x_{ic}$; `y` and `centre` are not read. */
  sumRows: ReduceRows;
  /** $a_c \mathrel{+}= \sum_i x_{ic}\, y_{ic}$; `centre` is not read. */
  dotRows: ReduceRows;
  /** $a_c \mathrel{+}= \sum_i y_{ic}\, (x_{ic} - m_c)$ with $m$ at `centre`. */
  centredDotRows: ReduceRows;
  /** $o_{ic} \mathrel{+}= f_c\, x_{ic}$ with $f$ at `factor`. */
  addRows(
    out: number,
    outStep: number,
    x: number,
    xStep: number,
    factor: number,
    count: number,
    channels: number,
  ): void;
  /** $o_{ic} = x_{ic}$. */
  copyRows(out: number, outStep: number, x: number, xStep: number, count: number, channels: number): void;
  /** Where $x_{ic} = y_{ic}$, moves $r_{ic}$ of `rest` to `out`: adds it there and leaves zero. */
  moveRows(
    out: number,
    x: number,
    xStep: number,
    y: number,
    rest: number,
    yStep: number,
    count: number,
    channels: number,
  ): void;
  /** $o_i = e^{x_i}$ of `count` floats, to 2 units in the last place; `out` may be `x`. */
  exp(out: number, x: number, count: number): void;
  /** $o_{ij} = e^{x_{ij}}$, its sums by rows, and by columns added to what is there; `out` may be `x`. */
  expSums(out: number, x: number, rows: number, columns: number, rowSums: number, columnSums: number): void;
  /** $o_{ij} = x_{ij} (u_i + v_j)$; `out` may be `x`. */
  timesOuterSum(out: number, x: number, rows: number, columns: number, u: number, v: number): void;
}

type Products = (
  acc: number,
  x: number,
  xStep: number,
  y: number,
  yStep: number,
  count: number,
  rows: number,
  columns: number,
) => void;

type ReduceRows = (
  acc: number,
  x: number,
  xStep: number,
  y: number,
  yStep: number,
  centre: number,
  count: number,
  channels: number,
) => void;

/** What this module reads of the backend's emscripten module. */
interface EmscriptenModule {
  asm?: { memory?: WebAssembly.Memory };
  wasmMemory?: WebAssembly.Memory;
}

const instances = new WeakMap<WebAssembly.Memory, Simd>();

/** The loops on the memory of a backend, put together when first asked for. */
export function simdOf({ asm, wasmMemory }: EmscriptenModule): Simd {
  const memory = wasmMemory ?? asm?.memory;
  if (!memory) throw new Error("the wasm backend shows no memory");
  let simd = instances.get(memory);
  if (!simd) {
    const isShared = !(memory.buffer instanceof ArrayBuffer);
    const module = new WebAssembly.Module(assemble(programs, isShared));
    simd = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Simd;
    instances.set(memory, simd);
  }
  return simd;
}
