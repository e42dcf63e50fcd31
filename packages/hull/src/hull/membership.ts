import { checkInteger } from "@lab/core";
import { wilsonInterval } from "@lab/core/metrics";
import { type Finding, STAGES } from "../cascade/finding.js";
import type { Certificate, Status } from "../certify/certificate.js";

/** Share of queries in the hull. */
export interface RateEstimate {
  /** Queries proven in the hull, duplicates included. */
  inside: number;
  /** Queries outside. */
  outside: number;
  /** Undecided queries. */
  boundary: number;
  /** Queries equal to a row of the points; they are inside. */
  duplicates: number;
  /** All queries. */
  total: number;
  /** inside / total. */
  rate: number;
  /** Wilson interval of the rate at 95 %, the points being given; undecided queries widen it. */
  interval: [number, number];
}

/** What the queries cost. */
export interface SolveStats {
  /** Passes over all rows: that of the first direction and the longest search. */
  passes: number;
  /** Mean passes of the queries that the first direction did not decide. */
  meanPasses: number;
  /** Multiplications and additions of scores, about. */
  flops: number;
  /** Queries decided by column ranges and equal rows, first direction, first-order stage, min-norm point, exactly. */
  decidedAtStage: number[];
  /** What computed the score pass: `"tensor"`, `"simd"` or `"js"`. */
  engine: string;
  /** What the caller should know, such as a device whose single precision proves nothing. */
  warnings: string[];
}

/** Verdicts on queries, with their evidence. */
export class Membership {
  /** One verdict a query. */
  readonly status: Status[];
  /** 1 where the query is inside. */
  readonly inside: Uint8Array;
  /** Counts, rate and interval. */
  readonly rate: RateEstimate;
  /** Lower bounds of the distances, in data units. */
  readonly lower: Float64Array;
  /** Upper bounds of the distances, in data units. */
  readonly upper: Float64Array;
  /** First row equal to the query, or −1. */
  readonly duplicateOf: Int32Array;
  /** What it cost. */
  readonly stats: SolveStats;

  readonly #findings: readonly Finding[];

  /** @internal */
  constructor(
    findings: readonly Finding[],
    duplicateOf: Int32Array,
    stats: Omit<SolveStats, "decidedAtStage" | "meanPasses">,
  ) {
    this.#findings = findings;
    const total = findings.length;
    this.status = findings.map(({ certificate }) => certificate.kind);
    this.inside = Uint8Array.from(this.status, (status) => (status === "inside" ? 1 : 0));
    this.lower = Float64Array.from(findings, ({ lower }) => lower);
    this.upper = Float64Array.from(findings, ({ upper }) => upper);
    this.duplicateOf = duplicateOf;
    this.rate = rateOf(this.status, duplicateOf);
    const decidedAtStage = STAGES.map(() => 0);
    let searched = 0;
    let passes = 0;
    for (const finding of findings) {
      if (finding.certificate.kind !== "boundary") decidedAtStage[finding.stage]!++;
      if (finding.stage < 2) continue;
      searched++;
      passes += finding.passes;
    }
    this.stats = { ...stats, decidedAtStage, meanPasses: searched === 0 ? 0 : passes / searched };
    if (total === 0) this.stats.passes = 0;
  }

  /**
   * Evidence for the verdict on query `i`, for `verifyCertificate`.
   *
   * @throws `ArgumentError` when there is no such query.
   */
  certificate(i: number): Certificate {
    checkInteger("Membership.certificate", "i", i, { min: 0, below: this.#findings.length });
    return this.#findings[i]!.certificate;
  }

  /** @internal */
  raw(): readonly Finding[] {
    return this.#findings;
  }

  /** All certificates, in the order of the queries. */
  *certificates(): Iterable<Certificate> {
    for (const { certificate } of this.#findings) yield certificate;
  }
}

function rateOf(status: readonly Status[], duplicateOf: Int32Array): RateEstimate {
  const total = status.length;
  let inside = 0;
  let outside = 0;
  let duplicates = 0;
  for (let i = 0; i < total; i++) {
    if (status[i] === "inside") inside++;
    else if (status[i] === "outside") outside++;
    if (duplicateOf[i]! >= 0) duplicates++;
  }
  const boundary = total - inside - outside;
  const low = wilsonInterval(inside, total).low;
  const high = wilsonInterval(inside + boundary, total).high;
  return { inside, outside, boundary, duplicates, total, rate: inside / total, interval: [low, high] };
}
