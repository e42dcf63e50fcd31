import { reduceFaces } from "../faces/reduce-faces.js";
import type { CheckedQueryOptions } from "../hull/options.js";
import { together } from "../passes/together.js";
import { powerOfTwo } from "../solver/search.js";
import type { HullContext, QueryRun } from "./context.js";
import { type CandidateSolver, type DecideOptions, decide } from "./decide.js";
import { decideOnFace } from "./decide-on-face.js";
import type { Finding } from "./finding.js";
import { workingSets } from "./working-sets.js";

const MAX_EXACT_FLOAT = 60;
const MAX_EXACT_INTEGER = 120;

/** Stages 3 and 4 for the queries that are left, on their face where they lie on one. */
export async function searchAll(
  context: HullContext,
  queries: Float64Array,
  left: readonly number[],
  findings: (Finding | undefined)[],
  run: QueryRun,
  mode: DecideOptions["mode"],
  onDone: () => void,
): Promise<void> {
  const { rows, prepared } = context;
  const { n, d, data } = rows;
  const onAllRows: number[] = [];
  for (const i of left) {
    const q = queries.slice(i * d, (i + 1) * d);
    if (mode === "distance" || !context.options.faces || data === null) {
      onAllRows.push(i);
      continue;
    }
    const face = reduceFaces(data, n, d, q, prepared);
    if (face.kind === "reduced" && face.columns.length === d) {
      onAllRows.push(i);
      continue;
    }
    const options = await decideOptions(context, run.query, "membership");
    findings[i] = await decideOnFace(context, face, q, data, options, run.pauses);
    onDone();
    await run.pauses.ifDue();
  }
  const options = { ...(await decideOptions(context, run.query, mode)), ranges: prepared };
  const uniform = 1 / powerOfTwo(prepared.scale);
  const columnScale = mode === "distance" ? new Float64Array(d).fill(uniform) : prepared.columnScale;
  const group = data === null ? context.searchesAtOnce : 128;
  for (let from = 0; from < onAllRows.length; from += group) {
    const part = onAllRows.slice(from, from + group);
    const initial = await workingSets(context, queries, part, run);
    await together(rows, run.passes, part.length, async (k, access) => {
      const i = part[k]!;
      const q = queries.slice(i * d, (i + 1) * d);
      const finding = await decide(access, q, initial[k]!, columnScale, options, run.pauses);
      context.flops += 2 * n * d * finding.passes;
      findings[i] = finding;
      onDone();
      await run.pauses.ifDue();
    });
  }
}

async function decideOptions(
  { prepared, isFlat }: HullContext,
  query: CheckedQueryOptions,
  mode: DecideOptions["mode"],
): Promise<DecideOptions> {
  const { affineDim, isInteger, scale } = prepared;
  const exact =
    query.fallback !== "none" &&
    mode === "membership" &&
    ((query.exact === "auto" && isInteger && affineDim <= MAX_EXACT_INTEGER) ||
      (query.exact === true && affineDim <= (isInteger ? MAX_EXACT_INTEGER : MAX_EXACT_FLOAT)));
  return {
    mode,
    certify: query.certify,
    exact,
    // Whether a face is flat is not known beforehand: exact arithmetic or the residual tells.
    isFlat,
    tolerance: query.tolerance * (scale || 1),
    relativeGap: mode === "distance" ? 1e-10 : 1e-12,
    maxPasses: query.maxPasses,
    ...(mode === "membership" && (await candidatesOf(query))),
  };
}

/** The solvers that the options ask for beside the min-norm search. */
async function candidatesOf({
  solver,
  fallback,
}: CheckedQueryOptions): Promise<Pick<DecideOptions, "solver" | "fallback">> {
  if (solver !== "nnls" && solver !== "lp" && fallback !== "lp") return {};
  const { lpCandidate, nnlsCandidate } = await import("../on-demand.js");
  const lp: CandidateSolver = (...rest) => lpCandidate("ConvexHull.contains", ...rest);
  return {
    ...(solver === "nnls" && { solver: nnlsCandidate }),
    ...(solver === "lp" && { solver: lp }),
    ...(fallback === "lp" && { fallback: lp }),
  };
}
