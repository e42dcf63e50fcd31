import {
  ArgumentError,
  checkAborted,
  checkChoice,
  checkFinite,
  checkInteger,
  checkNumber,
  checkRank,
  DataError,
  ShapeError,
} from "@lab/core";
import { choleskyHost, triangularSolveHost } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import type * as tf from "@tensorflow/tfjs-core";
import { concatenated } from "../points/concatenated.js";
import { checkRows, openPoints, type Points, type Rows, readAll, readChunk } from "../points/points.js";
import { scorePass } from "../pricing/score-pass.js";
import { inBlocks } from "./blocks.js";
import { Cascade } from "./cascade.js";
import { Distances } from "./distances.js";
import { extremeRows } from "./extreme-points.js";
import { type Gauges, gaugeOf } from "./gauges.js";
import { Membership } from "./membership.js";
import {
  type CheckedQueryOptions,
  checkHullOptions,
  checkQueryOptions,
  type HullOptions,
  type QueryOptions,
  type RunOptions,
} from "./options.js";
import { Pauses } from "./pause.js";
import { type Prepared, prepare } from "./prepare.js";
import { type HullState, preparedFrom, stateOf } from "./state.js";

/** Values of the support function. */
export interface SupportValues {
  /** h(w) for each direction. */
  value: Float64Array;
  /** Row that attains it. */
  index: Int32Array;
}

/**
 * The convex hull of the rows of a matrix, for membership queries with proofs in any dimension.
 *
 * No facet is ever computed: a query costs one score of every row, most often, and a small least-squares problem
 * otherwise. Points that are in memory are held as they are, once; sources are read in passes.
 *
 * @see Balestriero, Pesenti, LeCun (2021), Learning in high dimension always amounts to extrapolation.
 * @example
 * ```ts
 * import { ConvexHull, verifyCertificate } from "@lab/hull";
 *
 * const square = { data: Float64Array.of(0, 0, 1, 0, 0, 1, 1, 1), shape: [4, 2] as [number, number] };
 * const hull = await ConvexHull.from(square);
 * const result = await hull.contains({ data: Float64Array.of(0.5, 0.25, 2, 2), shape: [2, 2] });
 * result.status; // => ["inside", "outside"]
 * (await verifyCertificate(square, [0.5, 0.25], result.certificate(0))).ok; // => true
 * hull.dispose();
 * ```
 */
export class ConvexHull {
  private isDisposed = false;

  private constructor(
    private rows: Rows,
    private prepared: Prepared,
    private cascade: Cascade,
  ) {}

  /**
   * Reads the points twice: extremes and mean, then covariance and scale.
   *
   * @param points - Shape `[N, d]`; tensors are read once and may be disposed afterwards.
   * @param options - See {@link HullOptions}.
   * @throws `ShapeError` and `ArgumentError` for other shapes, types, no rows, and values that are not finite.
   */
  static async from(points: Points, options: HullOptions = {}): Promise<ConvexHull> {
    const checked = checkHullOptions("ConvexHull.from", options);
    const opened = await openPoints("ConvexHull.from", "points", points);
    const rows = checked.dtype === undefined ? opened : converted(opened, checked.dtype);
    const prepared = await prepare("ConvexHull.from", rows, new Pauses(checked.signal));
    return new ConvexHull(rows, prepared, new Cascade(rows, prepared, checked));
  }

  /** Number of points. */
  get count(): number {
    return this.rows.n;
  }
  /** Number of columns. */
  get dim(): number {
    return this.rows.d;
  }
  /** Dimension of the affine hull, numerically: the points' own dimension. */
  get affineDim(): number {
    return this.prepared.affineDim;
  }
  /** Largest distance of a point from the centre. */
  get scale(): number {
    return this.prepared.scale;
  }
  /** Mean of the points, rounded to single precision. */
  get center(): Float64Array {
    return this.prepared.center.slice();
  }
  /** Columns with one value only. */
  get constantColumns(): Int32Array {
    return this.prepared.constantColumns.slice();
  }

  /**
   * Whether each query lies in the hull, its boundary included.
   *
   * @param queries - Shape `[M, d]`; a single query is `[1, d]`.
   * @param options - See {@link QueryOptions}.
   * @returns Verdict, bounds and certificate of each query; undecided ones have the status `boundary`.
   * @throws `ShapeError` when the number of columns differs, `ArgumentError` for values that are not finite.
   */
  async contains(queries: Points, options: QueryOptions = {}): Promise<Membership> {
    const checked = checkQueryOptions("ConvexHull.contains", options);
    const values = await this.readQueries("ConvexHull.contains", queries);
    const m = values.length / this.dim;
    this.checkBudget(m);
    let done = 0;
    const onDone = (count: number) => {
      done += count;
      checked.onProgress?.({ done, total: m, message: "queries" });
    };
    const pauses = new Pauses(checked.signal);
    const isDistributed = checked.runner !== undefined && checked.runner !== "inline";
    const { findings, duplicateOf } =
      checked.checkpoint !== undefined || isDistributed
        ? await inBlocks(
            this.rows,
            values,
            this.cascade.options,
            checked,
            (block, count) => this.cascade.membership(block, count, checked, pauses, () => {}),
            onDone,
          )
        : await this.cascade.membership(values, m, checked, pauses, onDone);
    const { flops, engine, warnings } = this.cascade;
    return new Membership(findings, duplicateOf, {
      passes: 1 + findings.reduce((most, { passes }) => Math.max(most, passes), 0),
      flops,
      engine,
      warnings: [...warnings],
    });
  }

  /**
   * Euclidean distance of each query from the hull, its nearest point and the rows that carry it.
   *
   * @param queries - Shape `[M, d]`.
   * @param options - See {@link QueryOptions}; with `metric: "mahalanobis"` distances, bounds and nearest points are
   *   those in coordinates whitened by the covariance with its ridge, in standard deviations.
   * @returns Distances to a relative gap of 1e-10 in ‖p‖², with the verdicts of `contains`.
   * @throws `ShapeError` when the number of columns differs, `ArgumentError` for values that are not finite.
   */
  async distance(
    queries: Points,
    options: QueryOptions & { metric?: "euclidean" | "mahalanobis" } = {},
  ): Promise<Distances> {
    const checked = checkQueryOptions("ConvexHull.distance", options);
    checkChoice("ConvexHull.distance", "metric", options.metric ?? "euclidean", ["euclidean", "mahalanobis"]);
    const values = await this.readQueries("ConvexHull.distance", queries);
    const pauses = new Pauses(checked.signal);
    if (options.metric === "mahalanobis") {
      const { hull, whiten } = await this.whitened(pauses);
      return await hull.distances(whiten(values), checked, pauses);
    }
    return await this.distances(values, checked, pauses);
  }

  private async distances(
    values: Float64Array,
    checked: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<Distances> {
    const m = values.length / this.dim;
    let done = 0;
    const { findings, duplicateOf } = await this.cascade.distances(values, m, checked, pauses, (count) => {
      done += count;
      checked.onProgress?.({ done, total: m, message: "queries" });
    });
    const { flops, engine, warnings } = this.cascade;
    const passes = findings.reduce((most, finding) => Math.max(most, finding.passes), 0);
    return new Distances(
      findings,
      duplicateOf,
      { passes, flops, engine, warnings: [...warnings] },
      values,
      this.dim,
    );
  }

  /**
   * Gauge of each query about a centre: how far it is along its ray, 1 being the boundary.
   *
   * $g_c(q) = \inf\{t > 0 : c + (q - c)/t \in \mathrm{conv}\}$
   *
   * @param queries - Shape `[M, d]`.
   * @param options - See {@link QueryOptions}; `center` must lie inside and is the mean by default.
   * @returns Gauges with bounds; the upper bound is infinite when the centre is not interior.
   * @throws `ShapeError` when the number of columns differs, `ArgumentError` for values that are not finite.
   */
  async gauge(queries: Points, options: QueryOptions & { center?: ArrayLike<number> } = {}): Promise<Gauges> {
    const caller = "ConvexHull.gauge";
    const checked = checkQueryOptions(caller, options);
    const values = await this.readQueries(caller, queries);
    const d = this.dim;
    const center = Float64Array.from(options.center ?? this.prepared.mean);
    if (center.length !== d) {
      throw new ShapeError(`${caller}: center has ${center.length} values; ${d} were expected`, {
        argument: "center",
        shape: [center.length],
      });
    }
    checkFinite(caller, "center", center);
    const m = values.length / d;
    const pauses = new Pauses(checked.signal);
    const access = this.cascade.access(pauses, checked.chunkSize);
    let reach = 0;
    for (let j = 0; j < d; j++) reach += (center[j]! - this.prepared.center[j]!) ** 2;
    const scale = this.scale + Math.sqrt(reach) || 1;
    const result: Gauges = {
      gauge: new Float64Array(m),
      lower: new Float64Array(m),
      upper: new Float64Array(m),
      calls: new Int32Array(m),
    };
    const initial = await this.cascade.startRows(values, m, checked, pauses);
    const { findings } = await this.cascade.membership(center, 1, checked, pauses, () => {});
    const isInterior = findings[0]!.certificate.kind === "inside";
    for (let i = 0; i < m; i++) {
      const found = await gaugeOf(
        access,
        values.slice(i * d, (i + 1) * d),
        center,
        scale,
        initial[i]!,
        pauses,
      );
      result.gauge[i] = found.gauge;
      result.lower[i] = found.lower;
      result.upper[i] = isInterior || found.gauge === 0 ? found.upper : Number.POSITIVE_INFINITY;
      result.calls[i] = found.calls;
      checked.onProgress?.({ done: i + 1, total: m, message: "queries" });
      await pauses.ifDue();
    }
    return result;
  }

  /**
   * Support function h(w) = max_i w·x_i for each direction, in double precision.
   *
   * @param directions - Shape `[K, d]`.
   * @returns Values and the rows that attain them, the first among equal ones.
   * @throws `ShapeError` when the number of columns differs.
   */
  async support(directions: tf.Tensor2D): Promise<SupportValues> {
    const caller = "ConvexHull.support";
    this.checkAlive(caller);
    checkRank(caller, "directions", directions, 2);
    const [count, d] = directions.shape;
    if (d !== this.dim) {
      throw new ShapeError(
        `${caller}: directions have ${d} columns but the hull lives in R^${this.dim}; the numbers of columns must be equal`,
        { argument: "directions", shape: directions.shape },
      );
    }
    const w = Float64Array.from(await directions.data());
    const value = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    const index = new Int32Array(count);
    await scorePass(
      this.rows,
      new Float64Array(d),
      w,
      count,
      (first, numRows, scores) => {
        for (let r = 0, at = 0; r < numRows; r++) {
          for (let k = 0; k < count; k++, at++) {
            if (scores[at]! <= value[k]!) continue;
            value[k] = scores[at]!;
            index[k] = first + r;
          }
        }
      },
      new Pauses(undefined),
    );
    return { value, index };
  }

  /**
   * Indices of the extreme rows, ascending; of equal rows one.
   *
   * @param options - `minDistance` keeps only rows further than this, in whitened units, from the hull of those found
   *   before; the rest as in {@link RunOptions}.
   * @remarks The points must fit in memory. Costs a membership query against the extreme rows for every row.
   * @see Clarkson (1994), More output-sensitive geometric algorithms.
   */
  async extremePoints(options: { minDistance?: number } & RunOptions = {}): Promise<Int32Array> {
    const caller = "ConvexHull.extremePoints";
    this.checkAlive(caller);
    const minDistance = checkNumber(caller, "minDistance", options.minDistance ?? 0, { min: 0 });
    checkAborted(options.signal);
    const pauses = new Pauses(options.signal);
    const { data } = await this.whitenedRows(pauses);
    return await this.extremeOf(
      data,
      Int32Array.from({ length: this.count }, (_, i) => i),
      minDistance,
      options,
    );
  }

  /**
   * Onion layer of every row: 1 for the extreme rows, 2 for those extreme once they are removed, and so on.
   *
   * @param options - `maxLayers` stops after that many; rows left get 0.
   */
  async depth(options: { maxLayers?: number } & RunOptions = {}): Promise<Int32Array> {
    const caller = "ConvexHull.depth";
    this.checkAlive(caller);
    const maxLayers = checkInteger(caller, "maxLayers", options.maxLayers ?? this.count, { min: 1 });
    const pauses = new Pauses(options.signal);
    const { data } = await this.whitenedRows(pauses);
    const depth = new Int32Array(this.count);
    let left = Int32Array.from({ length: this.count }, (_, i) => i);
    for (let layer = 1; layer <= maxLayers && left.length > 0; layer++) {
      const extreme = await this.extremeOf(data, left, 0, options);
      for (const i of extreme) depth[i] = layer;
      // Copies of an extreme row share its layer.
      const keys = new Set(Array.from(extreme, (i) => this.keyOf(data, i)));
      for (const i of left) if (depth[i] === 0 && keys.has(this.keyOf(data, i))) depth[i] = layer;
      left = left.filter((i) => depth[i] === 0);
    }
    return depth;
  }

  private keyOf(data: Float64Array, i: number): string {
    return data.subarray(i * this.dim, (i + 1) * this.dim).join();
  }

  private async extremeOf(
    data: Float64Array,
    among: Int32Array,
    minDistance: number,
    { signal, onProgress }: RunOptions,
  ): Promise<Int32Array> {
    const columns = this.prepared.active;
    const d = Math.max(1, columns.length);
    // Equal rows are one point: the first stands for all.
    const seen = new Set<string>();
    const chosen = among.filter((i) => {
      const key = this.keyOf(data, i);
      return seen.has(key) ? false : seen.add(key);
    });
    const packed = new Float64Array(chosen.length * d);
    for (const [r, i] of chosen.entries()) {
      for (const [c, j] of columns.entries()) packed[r * d + c] = data[i * this.dim + j]!;
    }
    const found = await extremeRows(
      { data: packed, n: chosen.length, d },
      minDistance,
      new Generator(this.cascade.options.seed).split("extreme"),
      new Pauses(signal),
      (done) => onProgress?.({ done, total: chosen.length, message: "rows" }),
    );
    return found.map((r) => chosen[r]!);
  }

  /** Rows scaled by the deviations of the columns. */
  private async whitenedRows(pauses: Pauses): Promise<{ data: Float64Array }> {
    const { dim: d } = this;
    const { columnScale, center } = this.prepared;
    const data = await readAll(this.rows);
    checkAborted(pauses.signal);
    // Powers of two: the scaled rows are the rows, exactly.
    for (let i = 0; i < data.length; i++) data[i] = (data[i]! - center[i % d]!) * columnScale[i % d]!;
    return { data };
  }

  /** The hull in coordinates in which the covariance is the identity. */
  private async whitened(
    pauses: Pauses,
  ): Promise<{ hull: ConvexHull; whiten: (values: Float64Array) => Float64Array }> {
    const { active, covariance, center } = this.prepared;
    const a = active.length;
    const d = this.dim;
    const factor =
      a === 0
        ? new Float64Array(0)
        : choleskyHost(covariance, a, { jitter: Math.max(this.cascade.options.ridge, 1e-14) });
    const whiten = (values: Float64Array): Float64Array => {
      const m = values.length / d;
      const columns = new Float64Array(a * m);
      for (let i = 0; i < m; i++) {
        for (let c = 0; c < a; c++) columns[c * m + i] = values[i * d + active[c]!]! - center[active[c]!]!;
      }
      const z = a === 0 ? columns : triangularSolveHost(factor, columns, a, m);
      const out = new Float64Array(m * d);
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < d; j++) out[i * d + j] = values[i * d + j]! - center[j]!;
        for (let c = 0; c < a; c++) out[i * d + active[c]!] = z[c * m + i]!;
      }
      return out;
    };
    this.whitenedHull ??= await ConvexHull.from({
      data: whiten(await readAll(this.rows)),
      shape: [this.count, d],
    });
    pauses.check();
    return { hull: this.whitenedHull, whiten };
  }

  private whitenedHull: ConvexHull | undefined;

  /**
   * Adds rows; certificates of earlier queries remain valid for "inside", and for "outside" where w·x < w·q still
   * holds for every new row.
   *
   * @throws `ShapeError` when the number of columns differs.
   */
  async append(points: Points): Promise<void> {
    const added = await this.opened("ConvexHull.append", "points", points);
    const rows = await concatenated(this.rows, added);
    const prepared = await prepare("ConvexHull.append", rows, new Pauses(undefined));
    this.rows = rows;
    this.prepared = prepared;
    this.whitenedHull = undefined;
    this.cascade = new Cascade(rows, prepared, this.cascade.options);
  }

  /** What `from` computed, as plain JSON; the points themselves are not in it. */
  toJSON(): HullState {
    this.checkAlive("ConvexHull.toJSON");
    return stateOf(this.rows, this.prepared, this.cascade.options);
  }

  /**
   * The hull that `toJSON` described, without reading the points for statistics again.
   *
   * @throws `DataError` when the state belongs to other points.
   */
  static async fromJSON(state: HullState, points: Points): Promise<ConvexHull> {
    const caller = "ConvexHull.fromJSON";
    const options = checkHullOptions(caller, state.options);
    const opened = await openPoints(caller, "points", points);
    const rows = options.dtype === undefined ? opened : converted(opened, options.dtype);
    const isSame = rows.n === state.count && rows.d === state.dim && (await isSameContent(rows, state));
    if (!isSame) {
      throw new DataError(
        `${caller}: state belongs to other data, [${state.count},${state.dim}] where points have shape [${rows.n},${rows.d}]; the points of toJSON were expected`,
        { path: "state" },
      );
    }
    const prepared = preparedFrom(state);
    return new ConvexHull(rows, prepared, new Cascade(rows, prepared, options));
  }

  private async readQueries(caller: string, queries: Points): Promise<Float64Array> {
    const opened = await this.opened(caller, "queries", queries);
    const values = await readAll(opened);
    checkRows(caller, "queries", values, opened.d, 0);
    return values;
  }

  private async opened(caller: string, argument: string, points: Points): Promise<Rows> {
    this.checkAlive(caller);
    const opened = await openPoints(caller, argument, points);
    if (opened.d === this.dim) return opened;
    throw new ShapeError(
      `${caller}: ${argument} have ${opened.d} columns but the hull lives in R^${this.dim}; the numbers of columns must be equal`,
      { argument, shape: [opened.n, opened.d] },
    );
  }

  /** Queries, their normals, and the working set of one search with its factors; searches run one after the other. */
  private checkBudget(m: number): void {
    const bytes = 8 * this.dim * (2 * m + 5 * this.affineDim + 100);
    const { memoryBudget } = this.cascade.options;
    if (bytes <= memoryBudget) return;
    const size = (value: number) => `${(value / 1e9).toPrecision(2)} GB`;
    throw new ArgumentError(
      `ConvexHull.contains: working sets need ${size(bytes)}, memoryBudget is ${size(memoryBudget)}; a larger budget was expected; or ask for fewer queries at a time`,
      { argument: "memoryBudget", value: memoryBudget },
    );
  }

  private checkAlive(caller: string): void {
    if (!this.isDisposed) return;
    throw new ArgumentError(`${caller}: the hull has been disposed; a live hull was expected`, {
      argument: "this",
      value: "disposed",
    });
  }

  /** Forgets the points. */
  dispose(): void {
    this.isDisposed = true;
    this.rows = { ...this.rows, data: new Uint8Array(0) };
    this.cascade = new Cascade(this.rows, this.prepared, this.cascade.options);
  }

  /** Same as {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Whether the rows have the moments of the state: one pass, far cheaper than the covariance. */
async function isSameContent(rows: Rows, state: HullState): Promise<boolean> {
  const sums = new Float64Array(rows.d);
  for (let start = 0; start < rows.n; start += 8192) {
    const values = await readChunk(rows, start, Math.min(8192, rows.n - start));
    for (let i = 0; i < values.length; i++) {
      const j = i % rows.d;
      if (values[i]! < state.min[j]! || values[i]! > state.max[j]!) return false;
      sums[j] = sums[j]! + (values[i]! - state.mean[j]!);
    }
  }
  const { scale } = state;
  return sums.every((sum) => Math.abs(sum) <= 1e-9 * rows.n * (scale || 1));
}

function converted(rows: Rows, dtype: "float32" | "float64"): Rows {
  if (rows.data === null || rows.dtype === dtype || rows.dtype === "uint8") return rows;
  const data = dtype === "float32" ? Float32Array.from(rows.data) : Float64Array.from(rows.data);
  return { ...rows, dtype, data };
}
