/**
 * Weights of the nearest point by non-negative least squares: argmin_{u ≥ 0} ‖Yᵀu‖² + ρ²(1ᵀu − 1)², λ = u/Σu.
 *
 * Independent of {@link MinNorm}: Lawson and Hanson's active set with a fresh orthogonal factorisation each time.
 *
 * @param y - n rows of differences x − q.
 * @returns Rows with positive weight and their weights, sum 1.
 */
export function nnlsWeights(y: Float64Array, n: number, d: number): { index: number[]; weight: number[] } {
  let rho = 0;
  for (let i = 0; i < n; i++) {
    let squared = 0;
    for (let j = 0; j < d; j++) squared += y[i * d + j]! ** 2;
    rho = Math.max(rho, squared);
  }
  rho = Math.sqrt(rho) || 1;
  const passive: number[] = [];
  const u = new Float64Array(n);
  const residual = new Float64Array(d + 1);
  for (let round = 0; round < 10 * (d + 10); round++) {
    residual.fill(0);
    residual[0] = rho;
    for (const i of passive) {
      residual[0] = residual[0]! - rho * u[i]!;
      for (let j = 0; j < d; j++) residual[j + 1] = residual[j + 1]! - y[i * d + j]! * u[i]!;
    }
    let best = -1;
    let largest = 1e-13 * rho * rho;
    for (let i = 0; i < n; i++) {
      if (passive.includes(i)) continue;
      let gradient = rho * residual[0]!;
      for (let j = 0; j < d; j++) gradient += y[i * d + j]! * residual[j + 1]!;
      if (gradient > largest) {
        largest = gradient;
        best = i;
      }
    }
    if (best < 0 || passive.length > d) break;
    passive.push(best);
    for (;;) {
      const s = leastSquares(y, d, passive, rho);
      if (s === null) {
        passive.pop();
        return finish(passive, u);
      }
      let step = 1;
      for (let k = 0; k < passive.length; k++) {
        if (s[k]! > 0) continue;
        const now = u[passive[k]!]!;
        step = Math.min(step, now - s[k]! > 0 ? now / (now - s[k]!) : 0);
      }
      for (let k = 0; k < passive.length; k++) {
        const i = passive[k]!;
        u[i] = step === 1 ? s[k]! : u[i]! + step * (s[k]! - u[i]!);
      }
      if (step === 1) break;
      for (let k = passive.length - 1; k >= 0; k--) {
        if (s[k]! > 0 || u[passive[k]!]! > 1e-15) continue;
        u[passive[k]!] = 0;
        passive.splice(k, 1);
      }
      if (passive.length === 0) break;
    }
  }
  return finish(passive, u);
}

function finish(passive: readonly number[], u: Float64Array): { index: number[]; weight: number[] } {
  const index = passive.filter((i) => u[i]! > 0);
  const sum = index.reduce((total, i) => total + u[i]!, 0);
  return { index, weight: index.map((i) => u[i]! / sum) };
}

/** Least squares over the passive columns by modified Gram–Schmidt, twice; `null` when they are dependent. */
function leastSquares(y: Float64Array, d: number, passive: readonly number[], rho: number): number[] | null {
  const k = passive.length;
  const q: Float64Array[] = [];
  const r: number[][] = [];
  const right: number[] = [];
  const rest = new Float64Array(d + 1);
  rest[0] = rho;
  for (const i of passive) {
    const column = new Float64Array(d + 1);
    column[0] = rho;
    column.set(y.subarray(i * d, (i + 1) * d), 1);
    const size = Math.hypot(...column);
    const coefficients = new Array<number>(q.length).fill(0);
    for (let pass = 0; pass < 2; pass++) {
      for (const [s, other] of q.entries()) {
        let dot = 0;
        for (let j = 0; j <= d; j++) dot += other[j]! * column[j]!;
        coefficients[s] = coefficients[s]! + dot;
        for (let j = 0; j <= d; j++) column[j] = column[j]! - dot * other[j]!;
      }
    }
    const length = Math.hypot(...column);
    if (length < 1e-10 * size) return null;
    for (let j = 0; j <= d; j++) column[j] = column[j]! / length;
    coefficients.push(length);
    let dot = 0;
    for (let j = 0; j <= d; j++) dot += column[j]! * rest[j]!;
    for (let j = 0; j <= d; j++) rest[j] = rest[j]! - dot * column[j]!;
    right.push(dot);
    q.push(column);
    r.push(coefficients);
  }
  const x = new Array<number>(k).fill(0);
  for (let i = k - 1; i >= 0; i--) {
    let sum = right[i]!;
    for (let j = i + 1; j < k; j++) sum -= r[j]![i]! * x[j]!;
    x[i] = sum / r[i]![i]!;
  }
  return x;
}
