/** Verdict on one query; `boundary` means undecided. */
export type Status = "inside" | "outside" | "boundary";

/**
 * How far a verdict is proven: by a rounding bound, in exact arithmetic, or not at all (`numerical`: the residual is
 * small, or the bound was switched off).
 */
export type Proof = "proven" | "numerical" | "exact";

/** Weights that write the query as a convex combination of rows. */
export interface InsideCertificate {
  /** Which verdict it is about. */
  kind: "inside";
  /** Rows, ascending. */
  index: Int32Array;
  /** Their weights: not negative, sum 1 up to rounding. */
  weight: Float64Array;
  /** ‖q − Σλx‖ as computed from these weights, in data units. */
  residual: number;
  /** How far it is proven. */
  proof: Proof;
  /** Proven bound on the error of a weight; 0 for an exact one, infinite for a numerical one. */
  bound: number;
}

/** A hyperplane w·x = offset with every row on or below it and the query above. */
export interface OutsideCertificate {
  /** Which verdict it is about. */
  kind: "outside";
  /** Normal w, shape `[d]`. */
  normal: Float64Array;
  /** h(w) = max_i w·x_i, or the proven upper bound of it where the score pass ran in single precision. */
  offset: number;
  /** (w·q − offset)/‖w‖: a lower bound of the distance, in data units. */
  margin: number;
  /** How far it is proven. */
  proof: Proof;
  /** Rounding bound of a score that was overcome, in units of w·x. */
  bound: number;
}

/** What is known of an undecided query. */
export interface BoundaryCertificate {
  /** Which verdict it is about. */
  kind: "boundary";
  /** Lower bound of the distance. */
  lower: number;
  /** Upper bound of the distance. */
  upper: number;
  /** Rows of the nearest point found. */
  index: Int32Array;
  /** Their weights. */
  weight: Float64Array;
  /** Best direction found. */
  normal: Float64Array;
}

/** Evidence for a verdict that others can check: see `verifyCertificate`. */
export type Certificate = InsideCertificate | OutsideCertificate | BoundaryCertificate;
