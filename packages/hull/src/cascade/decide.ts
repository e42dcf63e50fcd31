import { proveInside } from "../certify/inside-proof.js";
import type { RowAccess } from "../pricing/row-access.js";
import type { Pauses } from "../run/pauses.js";
import type { Candidate } from "../solver/candidates.js";
import { norm, type SearchResult, search } from "../solver/search.js";
import type { Finding } from "./finding.js";
import { type ColumnRanges, proveByRanges, proveOutside } from "./prove-outside.js";

/** How a single query is decided. */
export interface DecideOptions {
  mode: "membership" | "distance";
  certify: "proven" | "float64" | "screen";
  /** Whether exact arithmetic may be used for this problem. */
  exact: boolean;
  /** Whether the points span a proper subspace of these columns, so that no simplex can prove "inside". */
  isFlat: boolean;
  /** Residual below which a flat or unproven query counts as inside, in data units. */
  tolerance: number;
  relativeGap: number;
  maxPasses: number;
  /** Ranges of the columns over all rows, which may prove without another pass. */
  ranges?: ColumnRanges;
  /** A solver that is asked before the min-norm search. */
  solver?: CandidateSolver;
  /** What is tried when neither a simplex nor a direction is proven. */
  fallback?: CandidateSolver;
}

/** Another solver: its answers are proven or passed over. */
export type CandidateSolver = (
  access: RowAccess,
  query: Float64Array,
  initial: Int32Array,
  columnScale: Float64Array,
) => Promise<Candidate>;

/** Decides one query by min-norm search, proof, exact arithmetic and the fallback, in this order. */
export async function decide(
  access: RowAccess,
  query: Float64Array,
  initial: Int32Array,
  columnScale: Float64Array,
  options: DecideOptions,
  pauses: Pauses,
): Promise<Finding> {
  const { d } = access;
  if (options.solver !== undefined) {
    const candidate = await options.solver(access, query, initial, columnScale);
    const finding = await proveCandidate(access, query, candidate, options, 3, 1);
    if (finding !== null) return finding;
  }
  const found = await search(
    {
      d,
      query,
      columnScale,
      initial,
      read: (index) => access.read(index),
      price: (w, threshold, limit) => access.price(w, query, threshold, limit),
    },
    options,
    pauses,
  );
  const { passes } = found;
  if (found.outcome === "separated" && found.normal !== null) {
    const { normal, priced } = found;
    const { ranges, certify } = options;
    const outside =
      (ranges && priced && (await proveByRanges(access, query, normal, priced, ranges, passes))) ||
      (await proveOutside(access, query, normal, certify, 3, passes));
    if (outside !== null) return withUpper(outside, found);
  }
  if (found.outcome === "enclosed" || (options.certify !== "proven" && found.upper <= options.tolerance)) {
    const inside = proveEnclosed(found, d, options);
    if (inside !== null) return { certificate: inside, lower: 0, upper: 0, stage: 3, passes };
  }
  if (options.exact && access.data !== null && options.certify === "proven") {
    const order = [...found.index, ...found.working];
    const { n, data } = access;
    const { exactMembership } = await import("../on-demand.js");
    const answer = exactMembership({ n, d, data }, query, order, () => pauses.check());
    if (answer.isInside) {
      const residual = await residualOf(access, query, answer.index, answer.weight);
      return {
        certificate: {
          kind: "inside",
          index: answer.index,
          weight: answer.weight,
          residual,
          proof: "exact",
          bound: 0,
        },
        lower: 0,
        upper: 0,
        stage: 4,
        passes: passes + 1,
      };
    }
    for (const normal of answer.normals()) {
      const outside = await proveOutside(access, query, normal, options.certify, 4, passes + 1);
      if (outside !== null) return withUpper(outside, found);
    }
  }
  if (options.fallback !== undefined) {
    const candidate = await options.fallback(access, query, found.working, columnScale);
    const finding = await proveCandidate(access, query, candidate, options, 4, passes + 1);
    if (finding !== null) return finding;
  }
  if (options.isFlat && found.upper <= options.tolerance) {
    const { index, weight } = sortedPair(found.index, found.weight);
    return {
      certificate: {
        kind: "inside",
        index,
        weight,
        residual: found.upper,
        proof: "numerical",
        bound: Number.POSITIVE_INFINITY,
      },
      lower: 0,
      upper: found.upper,
      stage: 3,
      passes,
    };
  }
  const { index, weight } = sortedPair(found.index, found.weight);
  return {
    certificate: {
      kind: "boundary",
      lower: 0,
      upper: found.upper,
      index,
      weight,
      normal: found.normal ?? new Float64Array(d),
    },
    lower: 0,
    upper: found.upper,
    stage: 3,
    passes,
  };
}

/** Proves the answer of another solver; `null` when it does not hold. */
async function proveCandidate(
  access: RowAccess,
  query: Float64Array,
  { normal, index, weight }: Candidate,
  options: DecideOptions,
  stage: number,
  passes: number,
): Promise<Finding | null> {
  if (normal !== null) {
    const outside = await proveOutside(access, query, normal, options.certify, stage, passes);
    if (outside !== null) return outside;
  }
  if (index.length !== access.d + 1) return null;
  const differences = await differencesOf(access, query, index);
  const upper = await residualOf(access, query, index, weight);
  const inside = proveEnclosed({ index, weight, differences, upper }, access.d, options);
  return inside && { certificate: inside, lower: 0, upper: 0, stage, passes };
}

function proveEnclosed(
  found: Pick<SearchResult, "index" | "weight" | "differences" | "upper">,
  d: number,
  { certify, tolerance }: DecideOptions,
): Finding["certificate"] | null {
  if (certify === "proven") {
    if (found.index.length !== d + 1) return null;
    const proof = proveInside(found.differences, d);
    if (proof === null || !proof.isProven) return null;
    const { index, weight } = sortedPair(found.index, proof.weight);
    return { kind: "inside", index, weight, residual: found.upper, proof: "proven", bound: proof.bound };
  }
  if (found.index.length !== d + 1 && !(found.upper <= tolerance)) return null;
  return {
    kind: "inside",
    ...sortedPair(found.index, found.weight),
    residual: found.upper,
    proof: "numerical",
    bound: Number.POSITIVE_INFINITY,
  };
}

function withUpper(finding: Finding, { upper, point, index, weight }: SearchResult): Finding {
  return {
    ...finding,
    upper: Math.max(upper, finding.lower),
    nearest: { point, ...sortedPair(index, weight) },
  };
}

function sortedPair(
  index: Int32Array,
  weight: Float64Array,
): { index: Int32Array<ArrayBuffer>; weight: Float64Array<ArrayBuffer> } {
  const order = Array.from(index, (_, s) => s).sort((a, b) => index[a]! - index[b]!);
  return {
    index: Int32Array.from(order, (s) => index[s]!),
    weight: Float64Array.from(order, (s) => weight[s]!),
  };
}

async function differencesOf(
  access: RowAccess,
  query: Float64Array,
  index: Int32Array,
): Promise<Float64Array> {
  const rows = await access.read(index);
  return rows.map((value, i) => value - query[i % access.d]!);
}

/** ‖q − Σλx‖. */
async function residualOf(
  access: RowAccess,
  query: Float64Array,
  index: Int32Array,
  weight: Float64Array,
): Promise<number> {
  const differences = await differencesOf(access, query, index);
  const sum = new Float64Array(access.d);
  for (let s = 0; s < index.length; s++) {
    for (let j = 0; j < access.d; j++) sum[j] = sum[j]! + weight[s]! * differences[s * access.d + j]!;
  }
  return norm(sum);
}
