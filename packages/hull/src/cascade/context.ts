import type { CheckedHullOptions, CheckedQueryOptions } from "../hull/options.js";
import { LocalPasses, type RowPasses } from "../passes/row-passes.js";
import type { Rows } from "../points/points.js";
import type { Pauses } from "../run/pauses.js";
import { norm, powerOfTwo } from "../solver/search.js";
import { type Prepared, precisionOf } from "./prepare.js";
import { RowIndex } from "./row-index.js";

/** What all queries of a hull share: the points, what is known of them, and what queries have cost. */
export class HullContext {
  /** What the caller should know. */
  readonly warnings = new Set<string>();
  /** What computed the last score pass. */
  engine = "js";
  /** Multiplications and additions of scores. */
  flops = 0;
  private precision: Float64Array | null | undefined;
  private index: RowIndex | undefined;

  constructor(
    readonly rows: Rows,
    readonly prepared: Prepared,
    readonly options: CheckedHullOptions,
  ) {}

  /** Whether the points span less than the space. */
  get isFlat(): boolean {
    return this.prepared.affineDim < this.rows.d;
  }

  /** Distance to the mean, which is in the hull. */
  upperBound(q: Float64Array): number {
    const { mean } = this.prepared;
    return norm(q.map((value, j) => value - mean[j]!)) * (1 + 1e-12);
  }

  /** First row equal to each query, or −1. */
  async equalRows(queries: Float64Array, m: number, run: QueryRun): Promise<Int32Array> {
    const { rows, options } = this;
    if (!options.duplicates) return new Int32Array(m).fill(-1);
    if (rows.data === null) return await run.passes.run("equalRows", { queries });
    this.index ??= await RowIndex.build(rows, run.pauses);
    const found = new Int32Array(m);
    for (let i = 0; i < m; i++) {
      found[i] = this.index.find(queries.subarray(i * rows.d, (i + 1) * rows.d));
      if (run.pauses.isDue) await run.pauses.ifDue();
    }
    return found;
  }

  /** w = C⁻¹(q − μ) for the open queries, rounded to single precision; rows of length near 1. */
  directions(queries: Float64Array, open: readonly number[]): Float64Array {
    const { d } = this.rows;
    const { active, mean, covariance } = this.prepared;
    const a = active.length;
    this.precision ??= precisionOf(this.prepared, this.options.ridge, this.options.whiten);
    const out = new Float64Array(open.length * d);
    const shifted = new Float64Array(a);
    const w = new Float64Array(a);
    for (const [k, i] of open.entries()) {
      for (let c = 0; c < a; c++) shifted[c] = queries[i * d + active[c]!]! - mean[active[c]!]!;
      if (this.precision === null) {
        for (let c = 0; c < a; c++) {
          const variance = covariance[c * a + c]!;
          w[c] = this.options.whiten === false ? shifted[c]! : shifted[c]! / (variance || 1);
        }
      } else {
        for (let c = 0; c < a; c++) {
          let sum = 0;
          const row = c * a;
          for (let e = 0; e < a; e++) sum += this.precision[row + e]! * shifted[e]!;
          w[c] = sum;
        }
      }
      const size = powerOfTwo(norm(w));
      for (let c = 0; c < a; c++) out[k * d + active[c]!] = Math.fround(w[c]! / size);
    }
    return out;
  }

  /** Queries whose searches fit the memory budget at the same time. */
  get searchesAtOnce(): number {
    const { d } = this.rows;
    const bytes = 8 * d * (5 * this.prepared.affineDim + 100);
    return Math.max(1, Math.min(128, Math.floor(this.options.memoryBudget / bytes)));
  }
}

/** One call with its options. */
export interface QueryRun {
  /** Options of the call. */
  readonly query: CheckedQueryOptions;
  /** When it lets others run. */
  readonly pauses: Pauses;
  /** Passes over all rows. */
  readonly passes: RowPasses;
  /** Whether passes leave this process: scores come from the arithmetic of the host then. */
  readonly isSharded: boolean;
  /** What computes the score pass. */
  readonly engine: CheckedHullOptions["engine"];
}

/** A call whose passes run in this process. */
export function localRun(
  { rows, options }: HullContext,
  query: CheckedQueryOptions,
  pauses: Pauses,
  engine = options.engine,
): QueryRun {
  const passes = new LocalPasses(rows, pauses, query.chunkSize);
  return { query, pauses, passes, isSharded: false, engine };
}
