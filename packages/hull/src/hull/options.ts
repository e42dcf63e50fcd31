import {
  ArgumentError,
  checkBoolean,
  checkChoice,
  checkInteger,
  checkNumber,
  type Progress,
} from "@lab/core";
import type { Runner } from "@lab/core/jobs";

/** How long work runs. */
export interface RunOptions {
  /** Stops the work; it rejects with the signal's reason and leaves a state that resumes. */
  signal?: AbortSignal | undefined;
  /** Receives queries done. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Who does the work: this process, threads, or workers on a queue. @defaultValue `"inline"` */
  runner?: Runner;
  /** Folder that keeps what has been computed; a later call with the same points and queries goes on from there. */
  checkpoint?: string;
}

/** Options of `ConvexHull.from`. */
export interface HullOptions extends RunOptions {
  /** Precision in which the points are taken: `float32` rounds them first. @defaultValue that of the points */
  dtype?: "float64" | "float32";
  /** Whether the first direction is whitened by the covariance; `auto` does so up to 2000 columns. @defaultValue `"auto"` */
  whiten?: boolean | "auto";
  /** Multiple of the mean variance that is added to the covariance. @defaultValue 1e-8 */
  ridge?: number;
  /** Whether queries equal to a row are found by hash and counted apart. @defaultValue true */
  duplicates?: boolean;
  /** Whether queries are restricted to the coordinate faces they lie on. @defaultValue true */
  faces?: boolean;
  /** Seed of the random directions of `extremePoints`. @defaultValue 0 */
  seed?: number;
  /**
   * What computes the score pass: tensors in single precision with a rounding proof, or double precision on the host.
   * `auto` takes tensors for many columns, else the host; `simd` is the host with WebAssembly's vector instructions
   * (plain JavaScript where there are none), `js` the host without. @defaultValue `"auto"`
   */
  engine?: "tensor" | "simd" | "js" | "auto";
  /** Bytes that working sets may take. @defaultValue 1e9 */
  memoryBudget?: number;
}

/** Options of queries. */
export interface QueryOptions extends RunOptions {
  /** Residual, relative to the scale of the points, at which the search of a flat hull ends. @defaultValue 1e-10 */
  tolerance?: number;
  /** What solves for the queries that the first direction leaves. @defaultValue `"minNorm"` */
  solver?: "minNorm" | "nnls" | "pfw" | "afw" | "fw" | "triangle" | "lp";
  /** What decides queries that neither a simplex nor a direction proves. @defaultValue `"exact"` */
  fallback?: "exact" | "lp" | "none";
  /** `proven`: by a rounding bound or exactly; `float64`, `screen`: by the sign in double or single precision. @defaultValue `"proven"` */
  certify?: "proven" | "float64" | "screen";
  /** Whether exact rational arithmetic may decide; `auto`: for integer points. @defaultValue `"auto"` */
  exact?: boolean | "auto";
  /** Iterations of the batched first-order stage; 0 leaves it out. @defaultValue 0, or 100 for a first-order solver */
  firstOrder?: number;
  /** Most passes over all rows for one query. @defaultValue 60 */
  maxPasses?: number;
  /**
   * What the tasks of a runner or a checkpoint share: blocks of `queries` against all points, or, for points larger than
   * the memory of a worker, the `rows`: passes over shards for all queries. `auto` splits the rows of sources that exceed
   * `memoryBudget`. @defaultValue `"auto"`
   */
  split?: "queries" | "rows" | "auto";
  /** Rows read at a time. @defaultValue 8192 */
  chunkSize?: number;
  /** Queries priced at a time. @defaultValue 256 */
  blockSize?: number;
}

const engines = ["tensor", "simd", "js", "auto"] as const;
const solvers = ["minNorm", "nnls", "pfw", "afw", "fw", "triangle", "lp"] as const;

/** Hull options with their defaults. */
export type CheckedHullOptions = Required<
  Pick<HullOptions, "whiten" | "ridge" | "duplicates" | "faces" | "seed" | "engine" | "memoryBudget">
> &
  Pick<HullOptions, "signal" | "onProgress" | "dtype" | "runner" | "checkpoint">;

/** Fills in defaults and refuses values out of range. */
export function checkHullOptions(caller: string, options: HullOptions = {}): CheckedHullOptions {
  const { whiten = "auto", dtype } = options;
  if (whiten !== "auto") checkBoolean(caller, "whiten", whiten);
  if (dtype !== undefined) checkChoice(caller, "dtype", dtype, ["float64", "float32"] as const);
  return {
    whiten,
    ...(dtype !== undefined && { dtype }),
    ridge: checkNumber(caller, "ridge", options.ridge ?? 1e-8, { min: 0 }),
    duplicates: checkBoolean(caller, "duplicates", options.duplicates ?? true),
    faces: checkBoolean(caller, "faces", options.faces ?? true),
    seed: checkInteger(caller, "seed", options.seed ?? 0, { min: 0 }),
    engine: checkChoice(caller, "engine", options.engine ?? "auto", engines),
    memoryBudget: checkNumber(caller, "memoryBudget", options.memoryBudget ?? 1e9, { above: 0 }),
    signal: options.signal,
    onProgress: options.onProgress,
    ...(options.runner !== undefined && { runner: options.runner }),
    ...(options.checkpoint !== undefined && { checkpoint: options.checkpoint }),
  };
}

/** Query options with their defaults. */
export type CheckedQueryOptions = Required<
  Omit<QueryOptions, "signal" | "onProgress" | "runner" | "checkpoint">
> &
  Pick<QueryOptions, "signal" | "onProgress" | "runner" | "checkpoint">;

/** Fills in defaults and refuses values out of range. */
export function checkQueryOptions(caller: string, options: QueryOptions = {}): CheckedQueryOptions {
  const { exact = "auto", tolerance = 1e-10, runner, checkpoint } = options;
  if (exact !== "auto") checkBoolean(caller, "exact", exact);
  if (!(typeof tolerance === "number" && tolerance > 0 && tolerance < 1)) {
    throw new ArgumentError(`${caller}: tolerance must be > 0 and < 1, got ${String(tolerance)}`, {
      argument: "tolerance",
      value: tolerance,
    });
  }
  const solver = checkChoice(caller, "solver", options.solver ?? "minNorm", solvers);
  const isFirstOrder = solver === "pfw" || solver === "afw" || solver === "fw" || solver === "triangle";
  return {
    tolerance,
    solver,
    fallback: checkChoice(caller, "fallback", options.fallback ?? "exact", ["exact", "lp", "none"] as const),
    certify: checkChoice(caller, "certify", options.certify ?? "proven", [
      "proven",
      "float64",
      "screen",
    ] as const),
    exact,
    firstOrder: checkInteger(caller, "firstOrder", options.firstOrder ?? (isFirstOrder ? 100 : 0), {
      min: 0,
    }),
    split: checkChoice(caller, "split", options.split ?? "auto", ["queries", "rows", "auto"] as const),
    maxPasses: checkInteger(caller, "maxPasses", options.maxPasses ?? 60, { min: 1 }),
    chunkSize: checkInteger(caller, "chunkSize", options.chunkSize ?? 8192, { min: 1 }),
    blockSize: checkInteger(caller, "blockSize", options.blockSize ?? 256, { min: 1 }),
    signal: options.signal,
    onProgress: options.onProgress,
    ...(runner !== undefined && { runner }),
    ...(checkpoint !== undefined && { checkpoint }),
  };
}
