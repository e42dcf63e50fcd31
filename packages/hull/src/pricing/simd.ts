import { centerRows } from "./dense.js";
import { SCORE_MODULE } from "./score-module.js";

type Scores = (x: number, w: number, out: number, rows: number, groups: number, d: number) => void;

let compiled: WebAssembly.Module | null | undefined;

function moduleOf(): WebAssembly.Module | null {
  if (compiled === undefined) {
    try {
      compiled = new WebAssembly.Module(Uint8Array.from(atob(SCORE_MODULE), (c) => c.charCodeAt(0)));
    } catch {
      compiled = null; // no WebAssembly here, none of its vectors, or a page that forbids it
    }
  }
  return compiled;
}

/** Whether scores can use WebAssembly's vector instructions. */
export function hasSimd(): boolean {
  return moduleOf() !== null;
}

/** Scores of rows in a fixed set of directions, in double precision by pairs. */
export class SimdScores {
  private readonly memory: WebAssembly.Memory;
  private readonly run: Scores;
  private readonly groups: number;
  private readonly tileAt: number;
  private readonly outAt: number;

  /**
   * @param directions - count × d; they are copied.
   * @param tileRows - Most rows at a time, a multiple of 4.
   */
  constructor(
    directions: Float64Array,
    count: number,
    private readonly d: number,
    tileRows: number,
  ) {
    this.groups = Math.ceil(count / 4);
    this.tileAt = this.groups * d * 32;
    this.outAt = this.tileAt + tileRows * d * 8;
    const bytes = this.outAt + tileRows * this.groups * 32;
    this.memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65_536) });
    const instance = new WebAssembly.Instance(moduleOf()!, { e: { m: this.memory } });
    this.run = instance.exports.scores as Scores;
    const packed = new Float64Array(this.memory.buffer, 0, this.groups * d * 4);
    for (let k = 0; k < count; k++) {
      const group = (k >> 2) * d * 4 + (k & 3);
      for (let j = 0; j < d; j++) packed[group + j * 4] = directions[k * d + j]!;
    }
  }

  /** w_k·(x_r − c): a view of `numRows` × {@link stride}, valid until the next call. */
  score(values: ArrayLike<number>, from: number, numRows: number, center: Float64Array): Float64Array {
    const { memory, d, groups, tileAt, outAt } = this;
    const padded = 4 * Math.ceil(numRows / 4);
    const tile = new Float64Array(memory.buffer, tileAt, padded * d);
    centerRows(values, from, numRows, d, center, tile);
    tile.fill(0, numRows * d);
    this.run(tileAt, 0, outAt, padded, groups, d);
    return new Float64Array(memory.buffer, outAt, padded * groups * 4);
  }

  /** Scores of a row: the directions, rounded up to a multiple of four. */
  get stride(): number {
    return this.groups * 4;
  }
}
