import { gamma, gamma32 } from "../certify/rounding.js";
import { type FaceOutcome, reduceFaces } from "../faces/reduce-faces.js";
import type { Rows } from "../points/points.js";
import { MemoryRows, type RowAccess, StreamedRows } from "../pricing/row-access.js";
import { scorePass } from "../pricing/score-pass.js";
import { activeBackend, hasExactSingles, tensorMaxPass } from "../pricing/tensor-pass.js";
import { TopRows } from "../pricing/top-rows.js";
import { lpCandidate, nnlsCandidate } from "../solver/candidates.js";
import { norm, powerOfTwo } from "../solver/search.js";
import { type CandidateSolver, type DecideOptions, decide, proveOutside } from "./decide.js";
import type { Finding } from "./finding.js";
import { firstOrderStage } from "./first-order-stage.js";
import type { CheckedHullOptions, CheckedQueryOptions } from "./options.js";
import type { Pauses } from "./pause.js";
import { type Prepared, precisionOf } from "./prepare.js";
import { RowIndex } from "./row-index.js";

const MAX_EXACT_FLOAT = 60;
const MAX_EXACT_INTEGER = 120;

/** Decides blocks of queries against fixed points. */
export class Cascade {
  private precision: Float64Array | null | undefined;
  private index: RowIndex | undefined;
  readonly warnings = new Set<string>();
  engine = "js";
  flops = 0;

  constructor(
    readonly rows: Rows,
    readonly prepared: Prepared,
    readonly options: CheckedHullOptions,
  ) {}

  /** Verdicts of queries, m × d in double precision. */
  async membership(
    queries: Float64Array,
    m: number,
    query: CheckedQueryOptions,
    pauses: Pauses,
    onDone: (count: number) => void,
  ): Promise<{ findings: Finding[]; duplicateOf: Int32Array }> {
    const { d } = this.rows;
    const findings = new Array<Finding | undefined>(m);
    const duplicateOf = await this.duplicates(queries, m, pauses);
    const open: number[] = [];
    for (let i = 0; i < m; i++) {
      if (duplicateOf[i]! >= 0) findings[i] = equalRow(duplicateOf[i]!);
      else {
        const outside = this.options.faces
          ? await this.outOfRange(queries.subarray(i * d, (i + 1) * d))
          : null;
        if (outside !== null) findings[i] = outside;
        else open.push(i);
      }
      await pauses.ifDue();
    }
    onDone(m - open.length);
    const survivors = await this.firstDirection(queries, open, findings, query, pauses);
    onDone(open.length - survivors.length);
    const left = await this.firstOrder(queries, survivors, findings, query, pauses);
    onDone(survivors.length - left.length);
    await this.searchAll(queries, left, findings, query, pauses, "membership", () => onDone(1));
    return { findings: findings as Finding[], duplicateOf };
  }

  /** Stage 2: batched steps on tensors; only proven rejections count, the others go on. */
  private async firstOrder(
    queries: Float64Array,
    survivors: readonly number[],
    findings: (Finding | undefined)[],
    query: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<number[]> {
    if (query.firstOrder === 0 || survivors.length === 0) return [...survivors];
    const { solver } = query;
    const variant = solver === "afw" || solver === "fw" || solver === "triangle" ? solver : "pfw";
    const access = this.access(pauses, query.chunkSize);
    const { d } = this.rows;
    const left: number[] = [];
    const group = 64;
    for (let from = 0; from < survivors.length; from += group) {
      const part = survivors.slice(from, from + group);
      const rows = part.map((i) => queries.slice(i * d, (i + 1) * d));
      const initial = await this.firstRows(queries, part, query, pauses);
      const normals = await firstOrderStage(
        access,
        rows,
        initial,
        this.prepared.columnScale,
        variant,
        query.firstOrder,
        pauses,
      );
      for (const [k, i] of part.entries()) {
        const normal = normals[k]!;
        const outside =
          normal === null ? null : await proveOutside(access, rows[k]!, normal, query.certify, 2, 2);
        if (outside === null) left.push(i);
        else findings[i] = { ...outside, upper: Math.max(this.upperBound(rows[k]!), outside.lower) };
      }
    }
    return left;
  }

  /** Nearest points of queries; `relativeGap` is that of ‖p‖². */
  async distances(
    queries: Float64Array,
    m: number,
    query: CheckedQueryOptions,
    pauses: Pauses,
    onDone: (count: number) => void,
  ): Promise<{ findings: Finding[]; duplicateOf: Int32Array }> {
    const findings = new Array<Finding | undefined>(m);
    const duplicateOf = await this.duplicates(queries, m, pauses);
    const open: number[] = [];
    for (let i = 0; i < m; i++) {
      if (duplicateOf[i]! >= 0) findings[i] = equalRow(duplicateOf[i]!);
      else open.push(i);
    }
    onDone(m - open.length);
    await this.searchAll(queries, open, findings, query, pauses, "distance", () => onDone(1));
    // Whether a distance of nearly 0 is 0 is a matter of membership: faces and exact arithmetic may tell.
    const limit = 1e-7 * (this.prepared.scale || 1);
    const near = open.filter(
      (i) => findings[i]!.certificate.kind === "boundary" && findings[i]!.upper <= limit,
    );
    if (near.length > 0) {
      const verdicts = new Array<Finding | undefined>(m);
      await this.searchAll(queries, near, verdicts, query, pauses, "membership", () => {});
      for (const i of near) if (verdicts[i]!.certificate.kind !== "boundary") findings[i] = verdicts[i];
    }
    return { findings: findings as Finding[], duplicateOf };
  }

  private async duplicates(queries: Float64Array, m: number, pauses: Pauses): Promise<Int32Array> {
    const found = new Int32Array(m).fill(-1);
    if (!this.options.duplicates) return found;
    this.index ??= await RowIndex.build(this.rows, pauses);
    const { d } = this.rows;
    for (let i = 0; i < m; i++) {
      found[i] = await this.index.find(queries.subarray(i * d, (i + 1) * d));
      if (pauses.isDue) await pauses.ifDue();
    }
    return found;
  }

  /** Outside the range of a column: proven by comparison. */
  private async outOfRange(q: Float64Array): Promise<Finding | null> {
    const { min, max } = this.prepared;
    let best = -1;
    let excess = 0;
    for (let j = 0; j < q.length; j++) {
      const over = Math.max(q[j]! - max[j]!, min[j]! - q[j]!);
      if (over > excess) {
        excess = over;
        best = j;
      }
    }
    if (best < 0) return null;
    const side = q[best]! > max[best]! ? 1 : -1;
    const normal = new Float64Array(q.length);
    normal[best] = side;
    const upper = this.upperBound(q);
    return {
      certificate: {
        kind: "outside",
        normal,
        offset: side > 0 ? max[best]! : -min[best]!,
        margin: excess,
        proof: "proven",
        bound: 0,
      },
      lower: excess,
      upper: Math.max(upper, excess),
      stage: 0,
      passes: 0,
    };
  }

  /** Distance to the mean, which is in the hull. */
  private upperBound(q: Float64Array): number {
    const { mean } = this.prepared;
    return norm(q.map((value, j) => value - mean[j]!)) * (1 + 1e-12);
  }

  /** w = C⁻¹(q − μ) for the open queries, rounded to single precision; rows of length near 1. */
  private directions(queries: Float64Array, open: readonly number[]): Float64Array {
    const { d } = this.rows;
    const { active, mean, covariance } = this.prepared;
    const a = active.length;
    this.precision ??= precisionOf(this.prepared, this.options.ridge, this.options.whiten);
    const out = new Float64Array(open.length * d);
    const shifted = new Float64Array(a);
    const w = new Float64Array(a);
    for (const [k, i] of open.entries()) {
      for (let c = 0; c < a; c++) shifted[c] = queries[i * d + active[c]!]! - mean[active[c]!]!;
      if (this.precision === null) {
        for (let c = 0; c < a; c++) {
          const variance = covariance[c * a + c]!;
          w[c] = this.options.whiten === false ? shifted[c]! : shifted[c]! / (variance || 1);
        }
      } else {
        for (let c = 0; c < a; c++) {
          let sum = 0;
          const row = c * a;
          for (let e = 0; e < a; e++) sum += this.precision[row + e]! * shifted[e]!;
          w[c] = sum;
        }
      }
      const size = powerOfTwo(norm(w));
      for (let c = 0; c < a; c++) out[k * d + active[c]!] = Math.fround(w[c]! / size);
    }
    return out;
  }

  /** Stage 1: one product with a direction for every query; returns those it does not separate. */
  private async firstDirection(
    queries: Float64Array,
    open: readonly number[],
    findings: (Finding | undefined)[],
    query: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<number[]> {
    if (open.length === 0 || this.prepared.active.length === 0) return [...open];
    const { n, d } = this.rows;
    const { center, scale } = this.prepared;
    const survivors: number[] = [];
    const access = this.access(pauses, query.chunkSize);
    // Directions and scores of one round stay below 64 MB.
    const perRound = Math.max(8, Math.floor(8e6 / d));
    for (let from = 0; from < open.length; from += perRound) {
      const part = open.slice(from, from + perRound);
      const w = this.directions(queries, part);
      this.flops += 2 * n * d * part.length;
      const useTensors = this.usesTensors(part.length);
      this.engine = useTensors ? "tensor" : "js";
      const unit = powerOfTwo(scale);
      const largest = useTensors
        ? await tensorMaxPass(
            this.rows,
            center,
            w,
            part.length,
            unit,
            query.chunkSize,
            query.blockSize,
            pauses,
          )
        : await this.hostMaxPass(w, part.length, query.chunkSize, pauses);
      for (const [k, i] of part.entries()) {
        const direction = w.slice(k * d, (k + 1) * d);
        const q = queries.subarray(i * d, (i + 1) * d);
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
        const scoreBound = useTensors
          ? gamma32(d + 3) * size * scale * (1 + 1e-10) + d * 1e-37 * unit
          : g * size * scale * (1 + 1e-10);
        const top = largest[k]! * (useTensors ? unit : 1);
        const bound = ownBound + scoreBound;
        const isProven = value - top > bound && (!useTensors || hasExactSingles());
        if (isProven || (query.certify === "screen" && value > top)) {
          // An upper bound of h(w): the single precision score may be too small by the bound.
          const support = useTensors ? top + scoreBound : top;
          const margin = (value - support) / size;
          findings[i] = {
            certificate: {
              kind: "outside",
              normal: direction,
              offset: offset + support,
              margin,
              proof: isProven ? "proven" : "numerical",
              bound,
            },
            lower: Math.max(0, margin),
            upper: Math.max(this.upperBound(q), margin),
            stage: 1,
            passes: 1,
          };
          continue;
        }
        if (value > top - bound) {
          const outside = await proveOutside(access, q, direction, query.certify, 1, 2);
          if (outside !== null) {
            findings[i] = { ...outside, upper: Math.max(this.upperBound(q), outside.lower) };
            continue;
          }
        }
        survivors.push(i);
        await pauses.ifDue();
      }
    }
    return survivors;
  }

  private usesTensors(count: number): boolean {
    const { n, d } = this.rows;
    const { engine } = this.options;
    if (engine === "js" || engine === "simd") return false;
    const backend = activeBackend();
    const use = engine === "tensor" || (backend !== null && d >= 24 && n * d * count >= 2e7);
    if (use && backend !== null && !hasExactSingles()) {
      this.warnings.add(
        `single precision on ${backend} may be rounded further (TF32, f16): it only proposes directions, proofs run on the host`,
      );
    }
    return use && backend !== null;
  }

  private async hostMaxPass(
    w: Float64Array,
    count: number,
    chunkSize: number,
    pauses: Pauses,
  ): Promise<Float64Array> {
    const largest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    await scorePass(
      this.rows,
      this.prepared.center,
      w,
      count,
      (_, numRows, scores) => {
        for (let r = 0, at = 0; r < numRows; r++) {
          for (let k = 0; k < count; k++, at++) if (scores[at]! > largest[k]!) largest[k] = scores[at]!;
        }
      },
      pauses,
      chunkSize,
    );
    return largest;
  }

  /** Rows as single queries need them. */
  access(pauses: Pauses, chunkSize: number): RowAccess {
    const { rows } = this;
    return rows.data === null
      ? new StreamedRows(rows, pauses, chunkSize)
      : new MemoryRows(rows.data, rows.n, rows.d);
  }

  /** Stages 3 and 4 for the queries that are left, on their face where they lie on one. */
  private async searchAll(
    queries: Float64Array,
    left: readonly number[],
    findings: (Finding | undefined)[],
    query: CheckedQueryOptions,
    pauses: Pauses,
    mode: DecideOptions["mode"],
    onDone: () => void,
  ): Promise<void> {
    const { n, d, data } = this.rows;
    const access = this.access(pauses, query.chunkSize);
    const onAllRows: number[] = [];
    for (const i of left) {
      const q = queries.slice(i * d, (i + 1) * d);
      if (mode === "distance" || !this.options.faces || data === null) {
        onAllRows.push(i);
        continue;
      }
      const face = reduceFaces(data, n, d, q, this.prepared);
      if (face.kind === "reduced" && face.columns.length === d) {
        onAllRows.push(i);
        continue;
      }
      findings[i] = await this.decideOnFace(face, q, access, query, pauses);
      onDone();
      await pauses.ifDue();
    }
    const group = 128;
    for (let from = 0; from < onAllRows.length; from += group) {
      const part = onAllRows.slice(from, from + group);
      const initial = await this.firstRows(queries, part, query, pauses);
      for (const [k, i] of part.entries()) {
        const q = queries.slice(i * d, (i + 1) * d);
        const options = this.decideOptions(query, mode, this.isFlat);
        const uniform = 1 / powerOfTwo(this.prepared.scale);
        const columnScale =
          mode === "distance" ? new Float64Array(d).fill(uniform) : this.prepared.columnScale;
        const finding = await decide(access, q, initial[k]!, columnScale, options, pauses);
        this.flops += 2 * n * d * finding.passes;
        findings[i] = finding;
        onDone();
        await pauses.ifDue();
      }
    }
  }

  private get isFlat(): boolean {
    return this.prepared.affineDim < this.rows.d;
  }

  private decideOptions(
    query: CheckedQueryOptions,
    mode: DecideOptions["mode"],
    isFlat: boolean,
  ): DecideOptions {
    const { affineDim, isInteger, scale } = this.prepared;
    const exact =
      query.fallback !== "none" &&
      mode === "membership" &&
      ((query.exact === "auto" && isInteger && affineDim <= MAX_EXACT_INTEGER) ||
        (query.exact === true && affineDim <= (isInteger ? MAX_EXACT_INTEGER : MAX_EXACT_FLOAT)));
    return {
      mode,
      certify: query.certify,
      exact,
      isFlat,
      tolerance: query.tolerance * (scale || 1),
      relativeGap: mode === "distance" ? 1e-10 : 1e-12,
      maxPasses: query.maxPasses,
      ...(mode === "membership" && candidatesOf(query)),
    };
  }

  private async decideOnFace(
    face: FaceOutcome,
    q: Float64Array,
    access: RowAccess,
    query: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<Finding> {
    if (face.kind === "inside") return { ...equalRow(face.row), stage: 0 };
    if (face.kind === "outside") {
      const outside = await proveOutside(access, q, face.normal, query.certify, 0, 1);
      if (outside !== null) return { ...outside, upper: Math.max(this.upperBound(q), outside.lower) };
      return undecided(q, this.upperBound(q), face.normal);
    }
    const k = face.rows.length;
    const dim = face.columns.length;
    const local = new MemoryRows(face.data, k, dim);
    const columnScale = this.localScale(face.data, k, dim);
    const initial = nearestRows(face.data, k, dim, face.query, columnScale, 4 * dim + 50);
    // Whether the face is flat is not known beforehand: exact arithmetic or the residual tells.
    const options = this.decideOptions(query, "membership", this.isFlat);
    const finding = await decide(local, face.query, initial, columnScale, options, pauses);
    const { certificate } = finding;
    if (certificate.kind === "outside") {
      const outside = await proveOutside(
        access,
        q,
        face.lift(certificate.normal),
        query.certify,
        finding.stage,
        finding.passes,
      );
      if (outside !== null) return { ...outside, upper: Math.max(this.upperBound(q), outside.lower) };
      return undecided(q, this.upperBound(q), certificate.normal);
    }
    const index = certificate.index.map((s) => face.rows[s]!);
    if (certificate.kind === "inside") return { ...finding, certificate: { ...certificate, index } };
    return { ...finding, certificate: { ...certificate, index, normal: face.lift(certificate.normal) } };
  }

  private localScale(data: Float64Array, k: number, dim: number): Float64Array {
    const scale = new Float64Array(dim);
    for (let j = 0; j < dim; j++) {
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      for (let s = 0; s < k; s++) {
        low = Math.min(low, data[s * dim + j]!);
        high = Math.max(high, data[s * dim + j]!);
      }
      scale[j] = 1 / powerOfTwo((high - low) / 4);
    }
    return scale;
  }

  /** Working sets to start from, for every query. */
  async startRows(
    queries: Float64Array,
    m: number,
    query: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<Int32Array[]> {
    const out: Int32Array[] = [];
    for (let from = 0; from < m; from += 128) {
      const part = Array.from({ length: Math.min(128, m - from) }, (_, k) => from + k);
      out.push(...(await this.firstRows(queries, part, query, pauses)));
    }
    return out;
  }

  /** Working sets to start from: the rows furthest along the first direction and the nearest by standard deviations. */
  private async firstRows(
    queries: Float64Array,
    part: readonly number[],
    query: CheckedQueryOptions,
    pauses: Pauses,
  ): Promise<Int32Array[]> {
    const { n, d } = this.rows;
    const { affineDim, covariance, active, center } = this.prepared;
    const size = 4 * affineDim + 50;
    if (n <= 2 * size) {
      const all = Int32Array.from({ length: n }, (_, i) => i);
      return part.map(() => all);
    }
    const a = active.length;
    const count = part.length;
    const w = new Float64Array(2 * count * d);
    w.set(this.directions(queries, part));
    const inverse = new Float64Array(d);
    for (let c = 0; c < a; c++) inverse[active[c]!] = 1 / (covariance[c * a + c]! || 1);
    const unit = powerOfTwo(this.prepared.scale);
    for (const [k, i] of part.entries()) {
      for (let j = 0; j < d; j++) {
        w[(count + k) * d + j] = (queries[i * d + j]! - center[j]!) * inverse[j]!;
      }
    }
    // Few far rows: they matter to queries that are outside, and those the first direction has mostly decided.
    const far = part.map(() => new TopRows(Math.ceil(affineDim / 2) + 16));
    const near = part.map(() => new TopRows(2 * affineDim + 32));
    const half = await this.halfNorms(inverse, pauses, query.chunkSize, unit);
    await scorePass(
      this.rows,
      center,
      w,
      2 * count,
      (first, numRows, scores) => {
        for (let r = 0; r < numRows; r++) {
          const at = r * 2 * count;
          const own = half[first + r]!;
          for (let k = 0; k < count; k++) {
            const along = scores[at + k]!;
            if (along >= far[k]!.threshold) far[k]!.offer(along, first + r);
            const closeness = scores[at + count + k]! - own;
            if (closeness >= near[k]!.threshold) near[k]!.offer(closeness, first + r);
          }
        }
      },
      pauses,
      query.chunkSize,
    );
    this.flops += 4 * n * d * count;
    return part.map((_, k) => Int32Array.from(new Set([...near[k]!.result(), ...far[k]!.result()])));
  }

  private half: Float64Array | undefined;

  /** ½ Σ y²/σ² of every row. */
  private async halfNorms(
    inverse: Float64Array,
    pauses: Pauses,
    chunkSize: number,
    unit: number,
  ): Promise<Float64Array> {
    if (this.half !== undefined) return this.half;
    const { n, d } = this.rows;
    const { center } = this.prepared;
    const half = new Float64Array(n);
    const weights = inverse.map((v) => v * unit * unit);
    const source = this.access(pauses, chunkSize);
    for (let start = 0; start < n; start += chunkSize) {
      const count = Math.min(chunkSize, n - start);
      const values =
        source.data === null
          ? await this.rows.source!.chunk(start, count)
          : this.rows.data!.subarray(start * d, (start + count) * d);
      for (let i = 0, at = 0; i < count; i++) {
        let sum = 0;
        for (let j = 0; j < d; j++, at++) {
          const y = (values[at]! - center[j]!) / unit;
          sum += y * y * weights[j]!;
        }
        half[start + i] = sum / 2;
      }
      await pauses.ifDue();
    }
    this.half = half;
    return half;
  }
}

/** The solvers that the options ask for beside the min-norm search. */
function candidatesOf({ solver, fallback }: CheckedQueryOptions): Pick<DecideOptions, "solver" | "fallback"> {
  const lp: CandidateSolver = (...rest) => lpCandidate("ConvexHull.contains", ...rest);
  return {
    ...(solver === "nnls" && { solver: nnlsCandidate }),
    ...(solver === "lp" && { solver: lp }),
    ...(fallback === "lp" && { fallback: lp }),
  };
}

function equalRow(row: number): Finding {
  return {
    certificate: {
      kind: "inside",
      index: Int32Array.of(row),
      weight: Float64Array.of(1),
      residual: 0,
      proof: "exact",
      bound: 0,
    },
    lower: 0,
    upper: 0,
    stage: 0,
    passes: 0,
  };
}

function undecided(q: Float64Array, upper: number, direction: ArrayLike<number>): Finding {
  const normal = new Float64Array(q.length);
  normal.set(Array.from(direction).slice(0, q.length));
  return {
    certificate: {
      kind: "boundary",
      lower: 0,
      upper,
      index: new Int32Array(0),
      weight: new Float64Array(0),
      normal,
    },
    lower: 0,
    upper,
    stage: 3,
    passes: 1,
  };
}

function nearestRows(
  data: Float64Array,
  n: number,
  d: number,
  q: Float64Array,
  scale: Float64Array,
  size: number,
): Int32Array {
  const top = new TopRows(size);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < d; j++) {
      const z = (data[i * d + j]! - q[j]!) * scale[j]!;
      sum += z * z;
    }
    top.offer(-sum, i);
  }
  return top.result();
}
