import type { Progress } from "@lab/core";
import type { Generator } from "@lab/core/random";
import type { Nodes } from "./gauss.js";

/** What a long computation listens and reports to. */
export interface RunOptions {
  /** Stops the work within one block of nodes. */
  signal?: AbortSignal;
  /** Told how far it has come. */
  onProgress?: (progress: Progress) => void;
}

/** How the expectation over a transform's parameters is taken. */
export interface RuleOptions extends RunOptions {
  /**
   * `exact`: without error but rounding, where the transform allows it. `quadrature`: nodes on a grid of the parameters.
   * `lattice`: a rank-one lattice with 8 random shifts. `auto`: the first of these that fits into `maxNodes`.
   * @defaultValue `"auto"`
   */
  method?: "auto" | "exact" | "quadrature" | "lattice";
  /** Number of nodes; by default it grows until the estimate of the error is below `tolerance`. */
  nodes?: number;
  /** Relative error of the mean and of the trace at which nodes suffice. @defaultValue 1e-3 */
  tolerance?: number;
  /** Most nodes. @defaultValue 4096 */
  maxNodes?: number;
  /** Largest factor that is kept, in bytes; beyond it nodes are computed again at each use. @defaultValue 256 MiB */
  maxBytes?: number;
  /** Source of the lattice's shifts. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

/** How an expectation was taken, and with which error. Estimates are relative; `exact` reports 0. */
export interface ErrorReport {
  /** The rule that was used. */
  method: "exact" | "quadrature" | "lattice";
  /** Its nodes; 0 where a closed form needs none. */
  nodes: number;
  /** Estimated relative error of the mean. */
  meanEstimate: number;
  /** Estimated relative error of the covariance's trace. */
  traceEstimate: number;
  /** Rigorous first-order bound on the relative error of the mean, where one is known. */
  bound?: number;
}

/** Nodes and weights of an expectation: $E f(\theta) \approx \sum_q w_q f(\theta_q)$. */
export interface Rule {
  /** The kind of rule. */
  method: "exact" | "quadrature" | "lattice";
  /** Number of nodes Q. */
  count: number;
  /** Parameters of a node P. */
  numParameters: number;
  /** Parameters, `[Q, P]` row by row. */
  theta: Float64Array;
  /** Weights, summing to 1. */
  weights: Float64Array;
  /** Number of randomly shifted copies, one after the other: their spread is the error. 1 unless it is a lattice. */
  groups: number;
  /** The rule with half as many nodes along each parameter: the difference is the error. Undefined when exact or a lattice. */
  coarse(): Rule | undefined;
}

/** Most nodes when the caller does not say. */
export const MAX_NODES = 4096;
/** Largest factor when the caller does not say. */
export const MAX_BYTES = 256 * 2 ** 20;
/** Error at which nodes suffice when the caller does not say. */
export const TOLERANCE = 1e-3;

/** All combinations of nodes of several parameters; nodes of weight 0 are left out. */
export function productNodes(axes: readonly Nodes[]): { theta: Float64Array; weights: Float64Array } {
  let rows: { values: number[]; weight: number }[] = [{ values: [], weight: 1 }];
  for (const { values, weights } of axes) {
    rows = rows.flatMap((row) =>
      Array.from(values, (value, i) => ({
        values: [...row.values, value],
        weight: row.weight * weights[i]!,
      })).filter(({ weight }) => weight > 0),
    );
  }
  return {
    theta: Float64Array.from(rows.flatMap(({ values }) => values)),
    weights: Float64Array.from(rows, ({ weight }) => weight),
  };
}
