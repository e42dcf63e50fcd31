import type { HullContext, QueryRun } from "./context.js";
import type { Finding } from "./finding.js";
import { firstDirection } from "./first-direction.js";
import { equalRow, outOfRange } from "./ranges.js";
import { searchAll } from "./searches.js";

/** What a block of queries came to. */
export interface Findings {
  /** One for each query. */
  findings: Finding[];
  /** First row equal to each query, or −1. */
  duplicateOf: Int32Array;
}

/** Verdicts of queries, m × d in double precision: ranges, first direction, first-order steps, searches, in this order. */
export async function decideMembership(
  context: HullContext,
  queries: Float64Array,
  m: number,
  run: QueryRun,
  onDone: (count: number) => void,
): Promise<Findings> {
  const { d } = context.rows;
  const findings = new Array<Finding | undefined>(m);
  const duplicateOf = await context.equalRows(queries, m, run);
  const open: number[] = [];
  for (let i = 0; i < m; i++) {
    if (duplicateOf[i]! >= 0) findings[i] = equalRow(duplicateOf[i]!);
    else {
      const outside = context.options.faces
        ? outOfRange(context, queries.subarray(i * d, (i + 1) * d))
        : null;
      if (outside !== null) findings[i] = outside;
      else open.push(i);
    }
    await run.pauses.ifDue();
  }
  onDone(m - open.length);
  const survivors = await firstDirection(context, queries, open, findings, run);
  onDone(open.length - survivors.length);
  const left =
    run.query.firstOrder === 0 || survivors.length === 0
      ? survivors
      : await (await import("../on-demand.js")).firstOrder(context, queries, survivors, findings, run);
  onDone(survivors.length - left.length);
  await searchAll(context, queries, left, findings, run, "membership", () => onDone(1));
  return { findings: findings as Finding[], duplicateOf };
}

/** Nearest points of queries. */
export async function decideDistances(
  context: HullContext,
  queries: Float64Array,
  m: number,
  run: QueryRun,
  onDone: (count: number) => void,
): Promise<Findings> {
  const findings = new Array<Finding | undefined>(m);
  const duplicateOf = await context.equalRows(queries, m, run);
  const open: number[] = [];
  for (let i = 0; i < m; i++) {
    if (duplicateOf[i]! >= 0) findings[i] = equalRow(duplicateOf[i]!);
    else open.push(i);
  }
  onDone(m - open.length);
  await searchAll(context, queries, open, findings, run, "distance", () => onDone(1));
  // Whether a distance of nearly 0 is 0 is a matter of membership: faces and exact arithmetic may tell.
  const limit = 1e-7 * (context.prepared.scale || 1);
  const near = open.filter(
    (i) => findings[i]!.certificate.kind === "boundary" && findings[i]!.upper <= limit,
  );
  if (near.length > 0) {
    const verdicts = new Array<Finding | undefined>(m);
    await searchAll(context, queries, near, verdicts, run, "membership", () => {});
    for (const i of near) if (verdicts[i]!.certificate.kind !== "boundary") findings[i] = verdicts[i];
  }
  return { findings: findings as Finding[], duplicateOf };
}
