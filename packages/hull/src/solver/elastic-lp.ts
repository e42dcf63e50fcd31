import { BackendError } from "@lab/core";

/** Answer of the elastic linear program. */
export interface ElasticAnswer {
  /** ℓ1 distance of 0 from the hull of the rows. */
  distance: number;
  /** Weights of the rows; basic, so at most d + 1 are positive. */
  weight: Float64Array;
  /** Direction of the dual, the sign being that under which no row is above. */
  normal: Float64Array;
}

/** Solves for n rows of differences. */
export type ElasticSolver = (y: Float64Array, n: number, d: number) => ElasticAnswer;

/**
 * Loads HiGHS and gives the elastic program, always feasible and bounded:
 * min Σ(s⁺ + s⁻) subject to Σλ_i y_i + s⁺ − s⁻ = 0, Σλ = 1, all ≥ 0.
 *
 * The plain feasibility program is not used: it answers "unknown" at times and gives no ray after presolve.
 *
 * @throws `BackendError` when the package is not installed.
 */
export async function loadElasticSolver(caller: string): Promise<ElasticSolver> {
  const highs = await instance(caller);
  return (y, n, d) => {
    const numCols = n + 2 * d;
    const starts = new Int32Array(numCols + 1);
    const indices = new Int32Array(n * (d + 1) + 2 * d);
    const values = new Float64Array(indices.length);
    let at = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < d; j++) {
        if (y[i * d + j] === 0) continue;
        indices[at] = j;
        values[at++] = y[i * d + j]!;
      }
      indices[at] = d;
      values[at++] = 1;
      starts[i + 1] = at;
    }
    for (let j = 0; j < d; j++) {
      for (const sign of [1, -1]) {
        indices[at] = j;
        values[at++] = sign;
        starts[n + 2 * j + (sign === 1 ? 1 : 2)] = at;
      }
    }
    const right = new Float64Array(d + 1);
    right[d] = 1;
    return highs.withModel(
      {
        numCols,
        numRows: d + 1,
        colCost: Float64Array.from({ length: numCols }, (_, c) => (c < n ? 0 : 1)),
        colLower: new Float64Array(numCols),
        colUpper: new Float64Array(numCols).fill(highs.infinity),
        rowLower: right,
        rowUpper: right,
        matrix: {
          format: "csc",
          numRows: d + 1,
          numCols,
          starts,
          indices: indices.subarray(0, at),
          values: values.subarray(0, at),
        },
      },
      (model) => {
        model.options.set({ output_flag: false, presolve: "off" });
        model.run();
        const { colValue, rowDual } = model.getSolution();
        return {
          distance: model.getObjectiveValue(),
          weight: Float64Array.from(colValue.subarray(0, n)),
          normal: signed(y, n, d, rowDual.subarray(0, d)),
        };
      },
    );
  };
}

/** The sign of the dual under which the rows lie lower: conventions differ between solvers. */
function signed(y: Float64Array, n: number, d: number, dual: Float64Array): Float64Array {
  let largest = Number.NEGATIVE_INFINITY;
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += dual[j]! * y[i * d + j]!;
    largest = Math.max(largest, sum);
    smallest = Math.min(smallest, sum);
  }
  const sign = largest <= -smallest ? 1 : -1;
  return Float64Array.from(dual, (v) => sign * v);
}

/** The part of HiGHS that is used. */
interface Highs {
  infinity: number;
  withModel<T>(data: object, use: (model: HighsModel) => T): T;
}

interface HighsModel {
  options: { set(options: object): void };
  run(): void;
  getSolution(): { colValue: Float64Array; rowDual: Float64Array };
  getObjectiveValue(): number;
}

let loaded: Promise<Highs> | undefined;

async function instance(caller: string): Promise<Highs> {
  // The type declarations describe the CommonJS export; in ESM the loader is the default export.
  loaded ??= import("highs").then((module) =>
    (module as unknown as { default: () => Promise<Highs> }).default(),
  );
  try {
    return await loaded;
  } catch (cause) {
    loaded = undefined;
    throw new BackendError(
      `${caller}: solver 'lp' needs the package highs, which could not be loaded; an installed highs >= 1.15 was expected; run npm install highs`,
      { backend: "highs" },
      { cause },
    );
  }
}
