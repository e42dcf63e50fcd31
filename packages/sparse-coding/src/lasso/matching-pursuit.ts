/** What ends a pursuit. */
export interface PursuitLimits {
  /** Most atoms. */
  nonzero: number;
  /** Squared residual at which it ends. */
  errorTolerance: number;
}

/**
 * Orthogonal matching pursuit of one row on the Gram matrix, with a growing Cholesky factor.
 *
 * @param gram - $D^\top D$, `[l, l]`.
 * @param target - $D^\top y$, `[l]`.
 * @param scale - $\lVert y \rVert^2$.
 * @param limits - See {@link PursuitLimits}.
 * @param z - Receives the coefficients.
 * @returns Number of atoms and the squared residual.
 * @see Rubinstein, Zibulevsky, Elad (2008), Efficient implementation of the K-SVD algorithm using batch OMP.
 */
export function pursueRow(
  gram: Float64Array,
  target: Float64Array,
  scale: number,
  limits: PursuitLimits,
  z: Float64Array,
): { count: number; residual: number } {
  const l = target.length;
  const most = Math.min(limits.nonzero, l);
  const factor = new Float64Array(most * most);
  const chosen: number[] = [];
  const isChosen = new Uint8Array(l);
  const c = Float64Array.from(target);
  const forward = new Float64Array(most);
  let solution = new Float64Array(0);
  let residual = scale;
  z.fill(0);
  while (chosen.length < most && residual > limits.errorTolerance) {
    let [best, size] = [-1, 0];
    for (let j = 0; j < l; j++) {
      const value = Math.abs(c[j]!);
      if (!isChosen[j] && value > size) [best, size] = [j, value];
    }
    if (best < 0 || size * size <= 1e-24 * scale) break;
    const n = chosen.length;
    let pivot = gram[best * l + best]!;
    for (let a = 0; a < n; a++) {
      let value = gram[best * l + chosen[a]!]!;
      for (let b = 0; b < a; b++) value -= factor[n * most + b]! * factor[a * most + b]!;
      value /= factor[a * most + a]!;
      factor[n * most + a] = value;
      pivot -= value * value;
    }
    // The atom lies in the span of those chosen: nothing more can be gained from it.
    if (pivot <= 1e-12 * gram[best * l + best]!) {
      isChosen[best] = 1;
      if (isChosen.every((v) => v === 1)) break;
      c[best] = 0;
      continue;
    }
    factor[n * most + n] = Math.sqrt(pivot);
    chosen.push(best);
    isChosen[best] = 1;
    const m = n + 1;
    let sum = target[best]!;
    for (let b = 0; b < n; b++) sum -= factor[n * most + b]! * forward[b]!;
    forward[n] = sum / factor[n * most + n]!;
    solution = new Float64Array(m);
    for (let a = m - 1; a >= 0; a--) {
      let value = forward[a]!;
      for (let b = a + 1; b < m; b++) value -= factor[b * most + a]! * solution[b]!;
      solution[a] = value / factor[a * most + a]!;
    }
    c.set(target);
    residual = scale;
    for (let a = 0; a < m; a++) {
      const row = chosen[a]! * l;
      const value = solution[a]!;
      for (let j = 0; j < l; j++) c[j]! -= value * gram[row + j]!;
      residual -= value * target[chosen[a]!]!;
    }
    residual = Math.max(residual, 0);
  }
  for (const [a, j] of chosen.entries()) if (a < solution.length) z[j] = solution[a]!;
  return { count: chosen.length, residual };
}
