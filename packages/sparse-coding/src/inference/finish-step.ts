import { SMALLEST_STD } from "../prox/variance-hinge.js";

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
}

/** Finishes an iteration in one loop over typed arrays: hinge, shrinkage, momentum with restart. */
export function finishStep(p: StepParameters, arrays: StepArrays): void {
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
    for (let n = first; n < first + count; n++) {
      shrinkRow(p, arrays, n * p.size, mean, pull);
      if (p.restart && p.momentum !== 0) {
        const own = uphillOf(arrays, n * p.size, p.size);
        // With a variance term rows depend on each other, so a batch restarts as one; without, each row by itself.
        if (p.hinge > 0) uphill += own;
        else accelerateRow(p, arrays, n, own > 0);
      }
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
  for (let n = first; n < first + count; n++) {
    const at = n * size;
    for (let j = 0; j < size; j++) mean[j]! += ahead[at + j]!;
  }
  for (let j = 0; j < size; j++) mean[j]! /= count;
  if (p.tangentStep > 0) {
    pull.fill(-p.hinge);
    return;
  }
  for (let n = first; n < first + count; n++) {
    const at = n * size;
    for (let j = 0; j < size; j++) {
      const centred = ahead[at + j]! - mean[j]!;
      pull[j]! += centred * centred;
    }
  }
  for (let j = 0; j < size; j++) {
    const std = Math.sqrt(pull[j]! / (count - 1));
    pull[j] = std > SMALLEST_STD ? (p.hinge * Math.max(0, p.threshold - std)) / std : 0;
  }
}

/** Adds what is to be added to a row and shrinks it; `pull` and `bias` are the hinge's, linear in `ahead`. */
function shrinkRow(
  p: StepParameters,
  { at, offset, tangent, ahead, nextCodes }: StepArrays,
  from: number,
  bias: Float64Array,
  pull: Float64Array,
): void {
  const { size, shrink, positive, tangentStep } = p;
  const row = nextCodes.subarray(from, from + size);
  if (offset.length > 0) for (let j = 0; j < size; j++) row[j] = at[from + j]! + offset[from + j]!;
  else for (let j = 0; j < size; j++) row[j] = at[from + j]!;
  if (p.hinge > 0) for (let j = 0; j < size; j++) row[j]! += pull[j]! * ahead[from + j]! + bias[j]!;
  if (tangent.length > 0) for (let j = 0; j < size; j++) row[j]! += tangentStep * tangent[from + j]!;
  // Without a branch on the value: half of the branches would be guessed wrong.
  if (positive) for (let j = 0; j < size; j++) row[j] = Math.max(0, row[j]! - shrink);
  else for (let j = 0; j < size; j++) row[j] = Math.max(0, row[j]! - shrink) - Math.max(0, -row[j]! - shrink);
}

/** Product of the step back and the step made: positive where momentum points uphill. */
function uphillOf({ ahead, codes, nextCodes }: StepArrays, from: number, size: number): number {
  let sum = 0;
  for (let i = from; i < from + size; i++) {
    const next = nextCodes[i]!;
    sum += (ahead[i]! - next) * (next - codes[i]!);
  }
  return sum;
}

function accelerateRow(p: StepParameters, arrays: StepArrays, n: number, isUphill: boolean): void {
  const { codes, nextCodes, nextAhead, clock, nextClock } = arrays;
  const old = clock[n]!;
  let factor = p.momentum;
  let next = old;
  if (factor < 0) {
    const grown = (1 + Math.sqrt(1 + 4 * old * old)) / 2;
    factor = (old - 1) / grown;
    next = isUphill ? 1 : grown;
  }
  if (isUphill) factor = 0;
  nextClock[n] = next;
  const from = n * p.size;
  for (let i = from; i < from + p.size; i++) {
    const value = nextCodes[i]!;
    nextAhead[i] = value + factor * (value - codes[i]!);
  }
}
