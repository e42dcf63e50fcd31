import { SMALLEST_STD } from "../prox/variance-hinge.js";
import { type StepLoops, stepLoops } from "./step-loops.js";

/** What a step is finished with; numbers only, so that it can be an attribute of a kernel. */
export interface StepParameters {
  rows: number;
  /** Components l of a code. */
  size: number;
  groups: number;
  positive: boolean;
  /** $\eta\lambda$. */
  shrink: number;
  /** $2\beta\eta/(n-1)$ with n rows a group; 0 without a variance term. */
  hinge: number;
  /** Deviation T. */
  threshold: number;
  /** Step on the tangent of the hinge's concave part, which replaces it; 0 for none. */
  tangentStep: number;
  restart: boolean;
  /** Constant momentum; negative takes the classical sequence. */
  momentum: number;
}

/** Arrays of a step; all `[rows * size]` but the clocks, `[rows]`. */
export interface StepArrays {
  /** Where the smooth part apart from the hinge has led. */
  at: Float32Array;
  /** What is added to it; empty for nothing. */
  offset: Float32Array;
  /** Tangent of the concave part; empty for none. */
  tangent: Float32Array;
  ahead: Float32Array;
  codes: Float32Array;
  clock: Float32Array;
  nextCodes: Float32Array;
  nextAhead: Float32Array;
  nextClock: Float32Array;
  /** Room to work in, `[6 * size]`. */
  room: Float32Array;
}

/** Finishes an iteration in one loop over typed arrays: hinge, shrinkage, momentum with restart. */
export function finishStep(p: StepParameters, arrays: StepArrays): void {
  const { at, offset, tangent, room } = arrays;
  const isPlain = p.size % 4 === 0 && room.byteOffset % 8 === 0 && offset.length > 0 && tangent.length === 0;
  const loops = isPlain ? stepLoops(at.buffer) : undefined;
  if (loops) finishFour(p, arrays, loops);
  else finishEach(p, arrays);
}

/** The same four values at a time, for what a linear decoder's steps are made of. */
function finishFour(p: StepParameters, arrays: StepArrays, loops: StepLoops): void {
  const { at, offset, ahead, codes, nextCodes, nextAhead, room } = arrays;
  const { size, groups, hinge } = p;
  const count = p.rows / groups;
  const bytes = 4 * size;
  const doubles = (index: number) => new Float64Array(room.buffer, room.byteOffset + 8 * size * index, size);
  const [mean, square] = [doubles(0), doubles(1)];
  const [pull, bias] = [room.subarray(4 * size, 5 * size), room.subarray(5 * size)];
  pull.fill(0);
  bias.fill(0);
  const areRowsApart = hinge === 0 && p.restart && p.momentum !== 0;
  const length = areRowsApart ? 1 : count;
  for (let first = 0; first < p.rows; first += length) {
    const of = (values: Float32Array) => values.byteOffset + bytes * first;
    if (hinge > 0) {
      mean.fill(0);
      square.fill(0);
      loops.sums(of(ahead), of(ahead), mean.byteOffset, square.byteOffset, bytes, count);
      pullsFrom(p, ahead.subarray(first * size, (first + 1) * size), count, mean, square);
      for (let j = 0; j < size; j++) bias[j] = -mean[j]! * square[j]!;
      pull.set(square);
    }
    const [floor, next] = [p.positive ? 0 : Number.NEGATIVE_INFINITY, of(nextCodes)];
    const columns = [pull.byteOffset, bias.byteOffset, bytes, length, p.shrink, floor] as const;
    const uphill = loops.shrink(of(at), of(offset), of(ahead), of(codes), next, ...columns);
    let factor = 0;
    const isUphill = p.restart && uphill > 0;
    for (let n = first; n < first + length; n++) factor = momentumOf(p, arrays, n, isUphill);
    loops.accelerate(of(codes), next, of(nextAhead), bytes * length, factor);
  }
}

function finishEach(p: StepParameters, arrays: StepArrays): void {
  const count = p.rows / p.groups;
  // The means, then what the hinge adds to each row for them.
  const mean = new Float64Array(p.size);
  const pull = new Float64Array(p.size);
  for (let first = 0; first < p.rows; first += count) {
    if (p.hinge > 0) {
      columnPulls(p, arrays.ahead, first, count, mean, pull);
      for (let j = 0; j < p.size; j++) mean[j] = -mean[j]! * pull[j]!;
    }
    let uphill = 0;
    const isWatched = p.restart && p.momentum !== 0;
    for (let n = first; n < first + count; n++) {
      const own = shrinkRow(p, arrays, n * p.size, mean, pull);
      // With a variance term rows depend on each other, so a batch restarts as one; without, each row by itself.
      if (!isWatched) continue;
      if (p.hinge > 0) uphill += own;
      else accelerateRow(p, arrays, n, own > 0);
    }
    if (p.hinge > 0 || !p.restart || p.momentum === 0) {
      for (let n = first; n < first + count; n++) accelerateRow(p, arrays, n, uphill > 0);
    }
  }
}

/** Means of the columns of a group and the factors of their centred parts. */
function columnPulls(
  p: StepParameters,
  ahead: Float32Array,
  first: number,
  count: number,
  mean: Float64Array,
  pull: Float64Array,
): void {
  const { size } = p;
  mean.fill(0);
  pull.fill(0);
  // Around the first row, so that nothing cancels where a column is nearly constant.
  const zero = ahead.subarray(first * size, (first + 1) * size);
  for (let n = first; n < first + count; n++) {
    const at = n * size;
    for (let j = 0; j < size; j++) {
      const value = ahead[at + j]! - zero[j]!;
      mean[j]! += value;
      pull[j]! += value * value;
    }
  }
  pullsFrom(p, zero, count, mean, pull);
}

/** From sums around `zero` to means, and from sums of squares to the factors. */
function pullsFrom(
  p: StepParameters,
  zero: Float32Array,
  count: number,
  mean: Float64Array,
  pull: Float64Array,
): void {
  const { size } = p;
  for (let j = 0; j < size; j++) {
    const shift = mean[j]! / count;
    pull[j] = Math.max(0, pull[j]! - mean[j]! * shift);
    mean[j] = zero[j]! + shift;
  }
  if (p.tangentStep > 0) {
    pull.fill(-p.hinge);
    return;
  }
  for (let j = 0; j < size; j++) {
    const std = Math.sqrt(pull[j]! / (count - 1));
    pull[j] = std > SMALLEST_STD ? (p.hinge * Math.max(0, p.threshold - std)) / std : 0;
  }
}

/**
 * Adds what is to be added to a row and shrinks it; `pull` and `bias` are the hinge's, linear in `ahead`. Returns the product of
 * the step back and the step made: positive where momentum points uphill.
 */
function shrinkRow(
  p: StepParameters,
  { at, offset, tangent, ahead, codes, nextCodes }: StepArrays,
  from: number,
  bias: Float64Array,
  pull: Float64Array,
): number {
  const { size, shrink, positive } = p;
  const end = from + size;
  // Each addend in a loop of its own: a question in the loop would cost more than a pass over a row in the cache.
  if (offset.length > 0) for (let i = from; i < end; i++) nextCodes[i] = at[i]! + offset[i]!;
  else for (let i = from; i < end; i++) nextCodes[i] = at[i]!;
  if (p.hinge > 0)
    for (let j = 0, i = from; j < size; j++, i++) nextCodes[i]! += pull[j]! * ahead[i]! + bias[j]!;
  if (tangent.length > 0) for (let i = from; i < end; i++) nextCodes[i]! += p.tangentStep * tangent[i]!;
  let uphill = 0;
  for (let i = from; i < end; i++) {
    // Twice the positive part is x + |x|: exact, and without a branch of which half would be guessed wrong.
    const above = nextCodes[i]! - shrink;
    let twice = above + Math.abs(above);
    if (!positive) {
      const below = nextCodes[i]! + shrink;
      twice += below - Math.abs(below);
    }
    const next = Math.fround(0.5 * twice);
    nextCodes[i] = next;
    uphill += (ahead[i]! - next) * (next - codes[i]!);
  }
  return uphill;
}

function accelerateRow(p: StepParameters, arrays: StepArrays, n: number, isUphill: boolean): void {
  const { codes, nextCodes, nextAhead } = arrays;
  const factor = momentumOf(p, arrays, n, isUphill);
  const from = n * p.size;
  for (let i = from; i < from + p.size; i++) {
    const value = nextCodes[i]!;
    nextAhead[i] = value + factor * (value - codes[i]!);
  }
}

/** The momentum of a row, whose clock goes on. */
function momentumOf(
  p: StepParameters,
  { clock, nextClock }: StepArrays,
  n: number,
  isUphill: boolean,
): number {
  const old = clock[n]!;
  let factor = p.momentum;
  let next = old;
  if (factor < 0) {
    const grown = (1 + Math.sqrt(1 + 4 * old * old)) / 2;
    factor = (old - 1) / grown;
    next = isUphill ? 1 : grown;
  }
  nextClock[n] = next;
  return isUphill ? 0 : factor;
}
