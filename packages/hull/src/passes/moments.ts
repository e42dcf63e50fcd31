import { centerRows } from "../pricing/dense.js";
import type { PassKind } from "./pass-kind.js";

/** About what second moments are taken. */
export interface MomentsInput {
  /** Subtracted from every row. */
  center: Float64Array;
  /** Columns that are not constant. */
  active: Int32Array;
  /** A power of two near the largest difference: it keeps squares finite. */
  unit: number;
}

/** Second moments in the unit of the input. */
export interface MomentsState {
  /** Σ y yᵀ over the active columns, upper triangle of a square matrix. */
  sums: Float64Array;
  /** max ‖y‖². */
  squaredScale: number;
}

const TILE_ROWS = 4;

/** Second moments about a centre. Shards start at multiples of four rows, so that sums do not depend on the pieces. */
export const moments: PassKind<MomentsInput, MomentsState> = {
  flopsPerRow: ({ active }) => active.length * (active.length + 8),
  start: ({ active }) => ({ sums: new Float64Array(active.length ** 2), squaredScale: 0 }),
  add(state, { values, count, d }, { center, active, unit }) {
    const a = active.length;
    const tile = new Float64Array(TILE_ROWS * d);
    const packed = new Float64Array(TILE_ROWS * a);
    for (let from = 0; from < count; from += TILE_ROWS) {
      const numRows = Math.min(TILE_ROWS, count - from);
      if (numRows < TILE_ROWS) packed.fill(0);
      centerRows(values, from, numRows, d, center, tile);
      for (let r = 0; r < numRows; r++) {
        let squared = 0;
        for (let c = 0; c < a; c++) {
          const value = tile[r * d + active[c]!]! / unit;
          packed[r * a + c] = value;
          squared += value * value;
        }
        if (squared > state.squaredScale) state.squaredScale = squared;
      }
      addOuterProducts(packed, a, state.sums);
    }
  },
  merge(state, later) {
    for (let i = 0; i < state.sums.length; i++) state.sums[i] = state.sums[i]! + later.sums[i]!;
    state.squaredScale = Math.max(state.squaredScale, later.squaredScale);
  },
};

/** sums += Σ y yᵀ for four rows, upper triangle. */
function addOuterProducts(y: Float64Array, a: number, sums: Float64Array): void {
  for (let i = 0; i < a; i++) {
    const y0 = y[i]!;
    const y1 = y[a + i]!;
    const y2 = y[2 * a + i]!;
    const y3 = y[3 * a + i]!;
    if (y0 === 0 && y1 === 0 && y2 === 0 && y3 === 0) continue;
    let at = i * a + i;
    for (let j = i; j < a; j++, at++) {
      sums[at] = sums[at]! + y0 * y[j]! + y1 * y[a + j]! + y2 * y[2 * a + j]! + y3 * y[3 * a + j]!;
    }
  }
}
