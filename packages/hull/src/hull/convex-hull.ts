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
import type * as tf from "@tensorflow/tfjs-core";
import { answerBlock, type BlockAnswer, type BlockQuestion } from "../cascade/answer-block.js";
import type { Findings } from "../cascade/cascade.js";
import { HullContext, localRun } from "../cascade/context.js";
import type { Gauges } from "../cascade/gauges.js";
import { prepare } from "../cascade/prepare.js";
import { answerInTasks, passesInTasks } from "../distributed/index.node.js";
import { LocalPasses } from "../passes/row-passes.js";
import { concatenated } from "../points/concatenated.js";
import { checkRows, converted, openPoints, type Points, type Rows, readAll } from "../points/points.js";
import { Pauses } from "../run/pauses.js";
import { Distances } from "./distances.js";
import { Membership } from "./membership.js";
import {
  type CheckedQueryOptions,
  checkHullOptions,
  checkQueryOptions,
  type HullOptions,
  type QueryOptions,
  type RunOptions,
} from "./options.js";
import { type HullState, isSameContent, preparedFrom, stateOf } from "./state.js";
import { whitenedBy } from "./whitened.js";

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
  private whitenedHull: ConvexHull | undefined;

  private constructor(private state: HullContext) {}

  /**
   * Reads the points twice: extremes and mean, then covariance and scale.
   *
   * @param points - Shape `[N, d]`; tensors are read once and may be disposed afterwards.
   * @param options - See {@link HullOptions}; a runner and a checkpoint are for sources, whose shards are tasks.
   * @throws `ShapeError` and `ArgumentError` for other shapes, types, no rows, and values that are not finite.
   */
  static async from(points: Points, options: HullOptions = {}): Promise<ConvexHull> {
    const caller = "ConvexHull.from";
    const checked = checkHullOptions(caller, options);
    const rows = converted(await openPoints(caller, "points", points), checked.dtype);
    const { signal, onProgress } = checked;
    const pauses = new Pauses(signal);
    const total = 2 * rows.n;
    const onRows = (done: number) => onProgress?.({ done, total, message: "rows" });
    const isLocal = checked.checkpoint === undefined && (checked.runner ?? "inline") === "inline";
    const prepared =
      isLocal || rows.data !== null
        ? await prepare(caller, rows, pauses, new LocalPasses(rows, pauses, 8192, onRows))
        : await passesInTasks(caller, rows, checked, onRows, (passes) =>
            prepare(caller, rows, pauses, passes),
          );
    return new ConvexHull(new HullContext(rows, prepared, checked));
  }

  /** Number of points. */
  get count(): number {
    return this.state.rows.n;
  }
  /** Number of columns. */
  get dim(): number {
    return this.state.rows.d;
  }
  /** Dimension of the affine hull, numerically: the points' own dimension. */
  get affineDim(): number {
    return this.state.prepared.affineDim;
  }
  /** Largest distance of a point from the centre. */
  get scale(): number {
    return this.state.prepared.scale;
  }
  /** Mean of the points, rounded to single precision. */
  get center(): Float64Array {
    return this.state.prepared.center.slice();
  }
  /** Columns with one value only. */
  get constantColumns(): Int32Array {
    return this.state.prepared.constantColumns.slice();
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
    const caller = "ConvexHull.contains";
    const checked = checkQueryOptions(caller, options);
    const values = await this.readQueries(caller, queries);
    this.checkBudget(caller, values.length / this.dim);
    const answer = await this.answer(caller, { mode: "membership", queries: values }, checked);
    const { findings, duplicateOf } = answer as Findings;
    const { flops, engine, warnings } = this.state;
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
    if (options.metric !== "mahalanobis") return await this.distances(values, checked);
    const { rows, prepared, options: own } = this.state;
    const whiten = whitenedBy(prepared, own.ridge, this.dim);
    this.whitenedHull ??= await ConvexHull.from({
      data: whiten(await readAll(rows)),
      shape: [this.count, this.dim],
    });
    checkAborted(checked.signal);
    return await this.whitenedHull.distances(whiten(values), checked);
  }

  private async distances(values: Float64Array, checked: CheckedQueryOptions): Promise<Distances> {
    const question: BlockQuestion = { mode: "distance", queries: values };
    const { findings, duplicateOf } = (await this.answer(
      "ConvexHull.distance",
      question,
      checked,
    )) as Findings;
    const { flops, engine, warnings } = this.state;
    const passes = findings.reduce((most, finding) => Math.max(most, finding.passes), 0);
    const stats = { passes, flops, engine, warnings: [...warnings] };
    return new Distances(findings, duplicateOf, stats, values, this.dim);
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
    const center = Float64Array.from(options.center ?? this.state.prepared.mean);
    if (center.length !== d) {
      throw new ShapeError(`${caller}: center has ${center.length} values; ${d} were expected`, {
        argument: "center",
        shape: [center.length],
      });
    }
    checkFinite(caller, "center", center);
    return (await this.answer(caller, { mode: "gauge", queries: values, center }, checked)) as Gauges;
  }

  /** Answers queries here, or by tasks where there is a runner or a checkpoint. */
  private async answer(
    caller: string,
    question: BlockQuestion,
    query: CheckedQueryOptions,
  ): Promise<BlockAnswer> {
    const total = question.queries.length / this.dim;
    let done = 0;
    const onDone = (count: number) => {
      done += count;
      query.onProgress?.({ done, total, message: "queries" });
    };
    const pauses = new Pauses(query.signal);
    return query.checkpoint === undefined && (query.runner ?? "inline") === "inline"
      ? await answerBlock(this.state, question, localRun(this.state, query, pauses), onDone)
      : await answerInTasks(caller, this.state, question, query, pauses, onDone);
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
    return await new LocalPasses(this.state.rows, new Pauses(undefined)).run("maxima", {
      center: new Float64Array(d),
      directions: w,
      count,
      withSimd: this.state.options.engine !== "js",
    });
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
    checkSequential(caller, options);
    const { extremeRowsOf } = await import("../on-demand.js");
    return await extremeRowsOf(this.state, minDistance, options);
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
    checkSequential(caller, options);
    const { onionLayers } = await import("../on-demand.js");
    return await onionLayers(this.state, maxLayers, options);
  }

  /**
   * Adds rows; certificates of earlier queries remain valid for "inside", and for "outside" where w·x < w·q still
   * holds for every new row.
   *
   * @throws `ShapeError` when the number of columns differs.
   */
  async append(points: Points): Promise<void> {
    const added = await this.opened("ConvexHull.append", "points", points);
    const rows = await concatenated(this.state.rows, added);
    const prepared = await prepare("ConvexHull.append", rows, new Pauses(undefined));
    this.whitenedHull = undefined;
    this.state = new HullContext(rows, prepared, this.state.options);
  }

  /** What `from` computed, as plain JSON; the points themselves are not in it. */
  toJSON(): HullState {
    this.checkAlive("ConvexHull.toJSON");
    const { rows, prepared, options } = this.state;
    return stateOf(rows, prepared, options);
  }

  /**
   * The hull that `toJSON` described, without reading the points for statistics again.
   *
   * @throws `DataError` when the state belongs to other points.
   */
  static async fromJSON(state: HullState, points: Points): Promise<ConvexHull> {
    const caller = "ConvexHull.fromJSON";
    const options = checkHullOptions(caller, state.options);
    const rows = converted(await openPoints(caller, "points", points), options.dtype);
    const isSame = rows.n === state.count && rows.d === state.dim && (await isSameContent(rows, state));
    if (!isSame) {
      throw new DataError(
        `${caller}: state belongs to other data, [${state.count},${state.dim}] where points have shape [${rows.n},${rows.d}]; the points of toJSON were expected`,
        { path: "state" },
      );
    }
    return new ConvexHull(new HullContext(rows, preparedFrom(state), options));
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

  /** Queries, their normals, and the working set of one search with its factors. */
  private checkBudget(caller: string, m: number): void {
    const bytes = 8 * this.dim * (2 * m + 5 * this.affineDim + 100);
    const { memoryBudget } = this.state.options;
    if (bytes <= memoryBudget) return;
    const size = (value: number) => `${(value / 1e9).toPrecision(2)} GB`;
    throw new ArgumentError(
      `${caller}: working sets need ${size(bytes)}, memoryBudget is ${size(memoryBudget)}; a larger budget was expected; or ask for fewer queries at a time`,
      { argument: "memoryBudget", value: memoryBudget },
    );
  }

  /** @internal */
  context(): HullContext {
    return this.state;
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
    const { rows, prepared, options } = this.state;
    this.state = new HullContext({ ...rows, data: new Uint8Array(0), source: null }, prepared, options);
    this.whitenedHull = undefined;
  }

  /** Same as {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Rows are decided one after the other, each against those before it: there is nothing to share. */
function checkSequential(caller: string, { runner, checkpoint, signal }: RunOptions): void {
  checkAborted(signal);
  for (const [argument, value] of Object.entries({ runner, checkpoint })) {
    if (value === undefined || value === "inline") continue;
    throw new ArgumentError(
      `${caller}: ${argument} is ${JSON.stringify(value)}; none was expected; rows are decided one after the other in this process`,
      { argument, value },
    );
  }
}
