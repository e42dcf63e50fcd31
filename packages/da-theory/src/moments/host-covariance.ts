import type { Generator } from "@lab/core/random";

/** A part of a covariance; all parts add up. */
export interface CovarianceTerm {
  /** Adds `Σ v` to `out`. */
  apply(v: Float64Array, out: Float64Array): void;
  /** Adds the variances to `out`. */
  diagonal(out: Float64Array): void;
  /** Adds one draw from N(0, Σ) to `out`. */
  sample(generator: Generator, out: Float64Array): void;
  /** Its factor, where it is made of nodes. */
  rows?: FactorRows;
  /** Its variance, where it is the same for every value and nothing covaries. */
  isotropic?: number;
}

/** Rows `√w (T - μ)` of a factor `A` with `Σ = AᵀA`. */
export interface FactorRows {
  /** Number of rows Q. */
  readonly count: number;
  /** Writes row q. */
  row(q: number, out: Float64Array): void;
}

/** A term from rows; each is made when it is needed. */
export function factorTerm(rows: FactorRows): CovarianceTerm {
  let buffer = new Float64Array(0);
  const each = (size: number, visit: (row: Float64Array, q: number) => void) => {
    if (buffer.length !== size) buffer = new Float64Array(size);
    for (let q = 0; q < rows.count; q++) {
      rows.row(q, buffer);
      visit(buffer, q);
    }
  };
  return {
    rows,
    apply(v, out) {
      each(v.length, (row) => {
        let dot = 0;
        for (let i = 0; i < row.length; i++) dot += row[i]! * v[i]!;
        for (let i = 0; i < row.length; i++) out[i]! += dot * row[i]!;
      });
    },
    diagonal(out) {
      each(out.length, (row) => {
        for (let i = 0; i < row.length; i++) out[i]! += row[i]! * row[i]!;
      });
    },
    sample(generator, out) {
      const noise = generator.normal64(rows.count);
      each(out.length, (row, q) => {
        for (let i = 0; i < row.length; i++) out[i]! += noise[q]! * row[i]!;
      });
    },
  };
}

/** `σ² I`. */
export function isotropicTerm(variance: number): CovarianceTerm {
  return {
    isotropic: variance,
    apply(v, out) {
      for (let i = 0; i < v.length; i++) out[i]! += variance * v[i]!;
    },
    diagonal(out) {
      for (let i = 0; i < out.length; i++) out[i]! += variance;
    },
    sample(generator, out) {
      const noise = generator.normal64(out.length);
      const sd = Math.sqrt(variance);
      for (let i = 0; i < out.length; i++) out[i]! += sd * noise[i]!;
    },
  };
}

/** `scale · Σ`. */
export function scaledTerm(term: CovarianceTerm, scale: number): CovarianceTerm {
  if (scale === 1) return term;
  if (term.isotropic !== undefined) return isotropicTerm(scale * term.isotropic);
  const root = Math.sqrt(scale);
  if (term.rows) {
    const { rows } = term;
    return factorTerm({
      count: rows.count,
      row(q, out) {
        rows.row(q, out);
        for (let i = 0; i < out.length; i++) out[i]! *= root;
      },
    });
  }
  const scaled = (act: (own: Float64Array) => void, out: Float64Array, factor: number) => {
    const own = new Float64Array(out.length);
    act(own);
    for (let i = 0; i < out.length; i++) out[i]! += factor * own[i]!;
  };
  return {
    apply: (v, out) => scaled((own) => term.apply(v, own), out, scale),
    diagonal: (out) => scaled((own) => term.diagonal(own), out, scale),
    sample: (generator, out) => scaled((own) => term.sample(generator, own), out, root),
  };
}
