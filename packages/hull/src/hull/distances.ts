import * as tf from "@tensorflow/tfjs-core";
import type { Finding } from "../cascade/finding.js";
import { Membership, type SolveStats } from "./membership.js";

/** Rows that carry a nearest point. */
export interface SupportRows {
  /** Rows, ascending. */
  index: Int32Array;
  /** Their weights: positive, sum 1. */
  weight: Float64Array;
}

/** Distances of queries from the hull, with their evidence. */
export class Distances extends Membership {
  /** Distance of each query, in data units; 0 inside. */
  readonly distance: Float64Array;

  /** @internal */
  constructor(
    findings: readonly Finding[],
    duplicateOf: Int32Array,
    stats: Omit<SolveStats, "decidedAtStage" | "meanPasses">,
    private readonly queries: Float64Array,
    private readonly d: number,
  ) {
    super(findings, duplicateOf, stats);
    this.distance = Float64Array.from(findings, ({ certificate, upper }) =>
      certificate.kind === "inside" ? 0 : upper,
    );
  }

  /** Nearest points of the hull in double precision, row by row; the query itself where it is inside. */
  projectionHost(): Float64Array {
    const { d } = this;
    const out = Float64Array.from(this.queries);
    for (const [i, { nearest }] of this.raw().entries()) if (nearest) out.set(nearest.point, i * d);
    return out;
  }

  /** Nearest points of the hull, shape `[M, d]`; the tensor belongs to the caller. */
  projection(): tf.Tensor2D {
    return tf.tensor2d(Float32Array.from(this.projectionHost()), [this.raw().length, this.d]);
  }

  /** Rows and weights that carry the nearest point of query `i`; empty where it is inside. */
  support(i: number): SupportRows {
    const nearest = this.raw()[i]?.nearest;
    return nearest === undefined
      ? { index: new Int32Array(0), weight: new Float64Array(0) }
      : { index: nearest.index, weight: nearest.weight };
  }
}
