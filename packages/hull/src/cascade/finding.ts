import type { Certificate } from "../certify/certificate.js";

/** Where in the cascade a query was decided. */
export const STAGES = ["columns", "direction", "first order", "min norm", "exact"] as const;

/** What is known of one query. */
export interface Finding {
  certificate: Certificate;
  /** Lower bound of the distance, in data units. */
  lower: number;
  /** Upper bound of the distance, in data units. */
  upper: number;
  /** Position in {@link STAGES}. */
  stage: number;
  /** Passes over all rows that this query needed of its own. */
  passes: number;
  /** Nearest point found and the rows that carry it, for queries outside. */
  nearest?: Nearest;
}

/** A point of the hull as a combination of rows. */
export interface Nearest {
  point: Float64Array;
  index: Int32Array;
  weight: Float64Array;
}
