/** What the coordinate faces say about a query. */
export type FaceOutcome =
  | { kind: "outside"; normal: Float64Array }
  | { kind: "inside"; row: number }
  | {
      kind: "reduced";
      /** Rows of the face, ascending; empty, with all columns left, when the query lies on no face. */
      rows: Int32Array;
      /** Columns that are left. */
      columns: Int32Array;
      /** Values of these rows and columns in double precision. */
      data: Float64Array;
      /** The query in these columns. */
      query: Float64Array;
      /** Turns a normal that separates within the face into one for all rows. */
      lift: (normal: ArrayLike<number>) => Float64Array;
    };

interface Level {
  /** Rows from which this level chose. */
  rows: Int32Array;
  /** Rows it kept, as a mark for each of `rows`. */
  kept: Uint8Array;
  /** Tight columns, +1 at the maximum, −1 at the minimum. */
  tight: { column: number; side: number }[];
}

/**
 * Restricts a query to the coordinate face it lies on, by comparisons alone: exact for any numbers.
 *
 * Where q_j is the smallest or largest value of column j, weight can only rest on rows with x_ij = q_j. Repeated on
 * the rows that are left until no column is tight.
 *
 * @param data - All rows in memory, n × d.
 */
export function reduceFaces(
  data: ArrayLike<number>,
  n: number,
  d: number,
  query: ArrayLike<number>,
  extremes?: { min: ArrayLike<number>; max: ArrayLike<number> },
): FaceOutcome {
  // Filled at the first tight column: most queries have none.
  let rows = new Int32Array(0);
  let isFilled = false;
  const fill = () => {
    if (isFilled) return;
    isFilled = true;
    rows = new Int32Array(n);
    for (let i = 0; i < n; i++) rows[i] = i;
  };
  let columns = Array.from({ length: d }, (_, j) => j);
  const levels: Level[] = [];
  const lift = (normal: ArrayLike<number>, on: readonly number[]): Float64Array => {
    const w = new Float64Array(d);
    for (let c = 0; c < on.length; c++) w[on[c]!] = normal[c]!;
    for (let l = levels.length - 1; l >= 0; l--) liftLevel(data, d, query, levels[l]!, w);
    return w;
  };
  for (;;) {
    const tight: Level["tight"] = [];
    for (const j of columns) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      if (levels.length === 0 && extremes !== undefined) {
        low = extremes.min[j]!;
        high = extremes.max[j]!;
      } else {
        fill();
        for (const i of rows) {
          const value = data[i * d + j]!;
          if (value < low) low = value;
          if (value > high) high = value;
        }
      }
      const q = query[j]!;
      if (q < low || q > high) {
        return { kind: "outside", normal: lift([q > high ? 1 : -1], [j]) };
      }
      if (q === high) tight.push({ column: j, side: 1 });
      else if (q === low) tight.push({ column: j, side: -1 });
    }
    if (tight.length === 0) break;
    fill();
    const kept = new Uint8Array(rows.length);
    const next: number[] = [];
    for (let r = 0; r < rows.length; r++) {
      const at = rows[r]! * d;
      let isOn = true;
      for (const { column } of tight) {
        if (data[at + column] !== query[column]) {
          isOn = false;
          break;
        }
      }
      if (isOn) {
        kept[r] = 1;
        next.push(rows[r]!);
      }
    }
    if (next.length === 0) {
      return {
        kind: "outside",
        normal: lift(
          tight.map(({ side }) => side),
          tight.map(({ column }) => column),
        ),
      };
    }
    levels.push({ rows, kept, tight });
    rows = Int32Array.from(next);
    const gone = new Set(tight.map(({ column }) => column));
    columns = columns.filter((j) => !gone.has(j));
    if (columns.length === 0) return { kind: "inside", row: rows[0]! };
  }
  if (levels.length === 0) {
    // On no face: nothing is copied.
    const all = Int32Array.from(columns);
    return {
      kind: "reduced",
      rows,
      columns: all,
      data: new Float64Array(0),
      query: Float64Array.from(query),
      lift: (w) => Float64Array.from(w),
    };
  }
  const face = new Float64Array(rows.length * columns.length);
  for (let r = 0, at = 0; r < rows.length; r++) {
    for (const j of columns) face[at++] = data[rows[r]! * d + j]!;
  }
  const on = columns;
  return {
    kind: "reduced",
    rows,
    columns: Int32Array.from(columns),
    data: face,
    query: Float64Array.from(columns, (j) => query[j]!),
    lift: (normal) => lift(normal, on),
  };
}

/** Adds t times the tight directions to w, t large enough that every row the level dropped stays below the query. */
function liftLevel(
  data: ArrayLike<number>,
  d: number,
  query: ArrayLike<number>,
  { rows, kept, tight }: Level,
  w: Float64Array,
): void {
  const used = Array.from({ length: d }, (_, j) => j).filter((j) => w[j] !== 0);
  let factor = 0;
  for (let r = 0; r < rows.length; r++) {
    if (kept[r] === 1) continue;
    const at = rows[r]! * d;
    let score = 0;
    for (const j of used) score += w[j]! * (data[at + j]! - query[j]!);
    if (score <= 0 && factor > 0) continue;
    let loss = 0;
    for (const { column } of tight) loss += Math.abs(data[at + column]! - query[column]!);
    factor = Math.max(factor, score / loss);
  }
  // Twice what is needed leaves room for rounding; a power of two keeps integers whole.
  let size = 0;
  for (const j of used) size = Math.max(size, Math.abs(w[j]!));
  const t = factor > 0 ? 2 ** (Math.floor(Math.log2(factor)) + 2) : 2 ** Math.floor(Math.log2(size || 1));
  for (const { column, side } of tight) w[column] = side * t;
}
