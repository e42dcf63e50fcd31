import { gamma, gamma32 } from "../certify/rounding.js";
import { together } from "../passes/together.js";
import { hasSimd } from "../pricing/simd.js";
import { activeBackend, hasExactSingles, tensorMaxPass } from "../pricing/tensor-pass.js";
import { norm, powerOfTwo } from "../solver/search.js";
import type { HullContext, QueryRun } from "./context.js";
import type { Finding } from "./finding.js";
import { proveOutside } from "./prove-outside.js";

/** Stage 1: one product with a direction for every query; returns those it does not separate. */
export async function firstDirection(
  context: HullContext,
  queries: Float64Array,
  open: readonly number[],
  findings: (Finding | undefined)[],
  run: QueryRun,
): Promise<number[]> {
  if (open.length === 0 || context.prepared.active.length === 0) return [...open];
  const { rows } = context;
  const { d } = rows;
  const survivors: number[] = [];
  // Directions and scores of one round stay below 64 MB.
  const perRound = Math.max(8, Math.min(4096, Math.floor(8e6 / d)));
  for (let from = 0; from < open.length; from += perRound) {
    const part = open.slice(from, from + perRound);
    const w = context.directions(queries, part);
    const { largest, isSingle } = await supports(context, w, part.length, run);
    // Those within rounding of the plane may still be proven row by row.
    const near: { i: number; direction: Float64Array }[] = [];
    for (const [k, i] of part.entries()) {
      const direction = w.slice(k * d, (k + 1) * d);
      const q = queries.subarray(i * d, (i + 1) * d);
      const answer = judge(context, q, direction, largest[k]!, isSingle, run.query.certify);
      if (answer === "near") near.push({ i, direction });
      else if (answer === null) survivors.push(i);
      else findings[i] = answer;
    }
    await run.pauses.ifDue();
    await together(rows, run.passes, near.length, async (k, access) => {
      const { i, direction } = near[k]!;
      const q = queries.subarray(i * d, (i + 1) * d);
      const outside = await proveOutside(access, q, direction, run.query.certify, 1, 2);
      if (outside === null) survivors.push(i);
      else findings[i] = { ...outside, upper: Math.max(context.upperBound(q), outside.lower) };
      await run.pauses.ifDue();
    });
  }
  return survivors.sort((a, b) => a - b);
}

/** h(w) about the centre for each direction, on tensors in single precision or on the host in double. */
async function supports(
  context: HullContext,
  w: Float64Array,
  count: number,
  run: QueryRun,
): Promise<{ largest: Float64Array; isSingle: boolean }> {
  const { query, pauses, passes, engine } = run;
  const { rows, prepared } = context;
  context.flops += 2 * rows.n * rows.d * count;
  const isSingle = usesTensors(context, run, count);
  const withSimd = engine !== "js";
  context.engine = isSingle ? "tensor" : withSimd && hasSimd() ? "simd" : "js";
  if (!isSingle) {
    const { value } = await passes.run("maxima", {
      center: prepared.center,
      directions: w,
      count,
      withSimd,
    });
    return { largest: value, isSingle };
  }
  const unit = powerOfTwo(prepared.scale);
  const largest = await tensorMaxPass(
    rows,
    prepared.center,
    w,
    count,
    unit,
    query.chunkSize,
    query.blockSize,
    pauses,
  );
  return { largest: largest.map((value) => value * unit), isSingle };
}

function usesTensors(
  { rows, warnings }: HullContext,
  { engine, isSharded }: QueryRun,
  count: number,
): boolean {
  const { n, d } = rows;
  if (engine === "js" || engine === "simd" || isSharded) return false;
  const backend = activeBackend();
  const use = engine === "tensor" || (backend !== null && d >= 24 && n * d * count >= 2e7);
  if (use && backend !== null && !hasExactSingles()) {
    warnings.add(
      `single precision on ${backend} may be rounded further (TF32, f16): it only proposes directions, proofs run on the host`,
    );
  }
  return use && backend !== null;
}

/** Outside, proven by the score alone; `"near"` when a proof row by row may succeed; else `null`. */
function judge(
  context: HullContext,
  q: Float64Array,
  direction: Float64Array,
  top: number,
  isSingle: boolean,
  certify: QueryRun["query"]["certify"],
): Finding | "near" | null {
  const { center, scale } = context.prepared;
  const d = q.length;
  const unit = powerOfTwo(scale);
  const size = norm(direction);
  let value = 0;
  let offset = 0;
  let squared = 0;
  for (let j = 0; j < d; j++) {
    const y = q[j]! - center[j]!;
    value += direction[j]! * y;
    offset += direction[j]! * center[j]!;
    squared += (y / unit) * (y / unit);
  }
  const reach = Math.sqrt(squared) * unit;
  const g = gamma(d + 4);
  const ownBound = g * size * reach * (1 + 1e-10);
  const scoreBound = isSingle
    ? gamma32(d + 3) * size * scale * (1 + 1e-10) + d * 1e-37 * unit
    : g * size * scale * (1 + 1e-10);
  const bound = ownBound + scoreBound;
  const isProven = value - top > bound && (!isSingle || hasExactSingles());
  if (!isProven && !(certify === "screen" && value > top)) return value > top - bound ? "near" : null;
  // An upper bound of h(w): the single precision score may be too small by the bound.
  const support = isSingle ? top + scoreBound : top;
  const margin = (value - support) / size;
  return {
    certificate: {
      kind: "outside",
      normal: direction,
      offset: offset + support,
      margin,
      proof: isProven ? "proven" : "numerical",
      bound,
    },
    lower: Math.max(0, margin),
    upper: Math.max(context.upperBound(q), margin),
    stage: 1,
    passes: 1,
  };
}
