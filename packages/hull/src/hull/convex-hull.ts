import { ArgumentError, ShapeError } from "@lab/core";
import { checkRows, openPoints, type Points, type Rows, readChunk } from "../points/points.js";
import { Cascade } from "./cascade.js";
import { Membership } from "./membership.js";
import { checkHullOptions, checkQueryOptions, type HullOptions, type QueryOptions } from "./options.js";
import { Pauses } from "./pause.js";
import { type Prepared, prepare } from "./prepare.js";

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
    let done = 0;
    const { findings, duplicateOf } = await this.cascade.membership(
      values,
      m,
      checked,
      new Pauses(checked.signal),
      (count) => {
        done += count;
        checked.onProgress?.({ done, total: m, message: "queries" });
      },
    );
    const { flops, engine, warnings } = this.cascade;
    return new Membership(findings, duplicateOf, {
      passes: 1 + findings.reduce((most, { passes }) => Math.max(most, passes), 0),
      flops,
      engine,
      warnings: [...warnings],
    });
  }

  private async readQueries(caller: string, queries: Points): Promise<Float64Array> {
    this.checkAlive(caller);
    const opened = await openPoints(caller, "queries", queries);
    if (opened.d !== this.dim) {
      throw new ShapeError(
        `${caller}: queries have ${opened.d} columns but the hull lives in R^${this.dim}; the numbers of columns must be equal`,
        { argument: "queries", shape: [opened.n, opened.d] },
      );
    }
    const values = await readChunk(opened, 0, opened.n);
    checkRows(caller, "queries", values, opened.d, 0);
    return Float64Array.from(values);
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

function converted(rows: Rows, dtype: "float32" | "float64"): Rows {
  if (rows.data === null || rows.dtype === dtype || rows.dtype === "uint8") return rows;
  const data = dtype === "float32" ? Float32Array.from(rows.data) : Float64Array.from(rows.data);
  return { ...rows, dtype, data };
}
