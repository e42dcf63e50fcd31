/** What ends a pursuit. */
export interface PursuitLimits {
  /** Most atoms. */
  nonzero: number;
  /** Squared residual at which it ends. */
  errorTolerance: number;
}

/**
 * Orthogonal matching pursuit of rows on the Gram matrix, with a growing Cholesky factor.
 *
 * @see Rubinstein, Zibulevsky, Elad (2008), Efficient implementation of the K-SVD algorithm using batch OMP.
 */
export class Pursuit {
  private readonly gram: Float64Array;
  private readonly size: number;
  private readonly limits: PursuitLimits;
  private readonly factor: Float64Array;
  private readonly chosen: Int32Array;
  private readonly isOut: Uint8Array;
  private readonly c: Float64Array;
  private readonly forward: Float64Array;
  private readonly solution: Float64Array;

  /** `gram` is $D^\top D$, `[size, size]`, of atoms with norm 1. */
  constructor(gram: Float64Array, size: number, limits: PursuitLimits) {
    const most = Math.min(limits.nonzero, size);
    this.gram = gram;
    this.size = size;
    this.limits = { ...limits, nonzero: most };
    this.factor = new Float64Array(most * most);
    this.chosen = new Int32Array(most);
    this.isOut = new Uint8Array(size);
    this.c = new Float64Array(size);
    this.forward = new Float64Array(most);
    this.solution = new Float64Array(most);
  }

  /**
   * Codes one row.
   *
   * @param target - $D^\top y$, `[size]`.
   * @param scale - $\lVert y \rVert^2$.
   * @param z - Receives the coefficients.
   * @returns Number of atoms and the squared residual.
   */
  solve(target: Float64Array, scale: number, z: Float64Array): { count: number; residual: number } {
    const { gram, size: l, factor, chosen, isOut, c, forward, solution } = this;
    const { nonzero: most, errorTolerance } = this.limits;
    isOut.fill(0);
    c.set(target);
    z.fill(0);
    let [count, residual] = [0, scale];
    while (count < most && residual > errorTolerance) {
      let [best, largest] = [-1, 0];
      for (let j = 0; j < l; j++) {
        const value = Math.abs(c[j]!);
        if (value > largest && isOut[j] === 0) [best, largest] = [j, value];
      }
      if (best < 0 || largest * largest <= 1e-24 * scale) break;
      isOut[best] = 1;
      const row = count * most;
      let pivot = gram[best * l + best]!;
      let sum = target[best]!;
      for (let a = 0; a < count; a++) {
        let value = gram[best * l + chosen[a]!]!;
        for (let b = 0; b < a; b++) value -= factor[row + b]! * factor[a * most + b]!;
        value /= factor[a * most + a]!;
        factor[row + a] = value;
        pivot -= value * value;
        sum -= value * forward[a]!;
      }
      // The atom lies in the span of those chosen: nothing more can be gained from it.
      if (pivot <= 1e-12 * gram[best * l + best]!) continue;
      factor[row + count] = Math.sqrt(pivot);
      forward[count] = sum / factor[row + count]!;
      // What the new direction of the span takes off the residual.
      residual = Math.max(0, residual - forward[count]! ** 2);
      chosen[count++] = best;
      if (count === most || residual <= errorTolerance) break;
      this.solveSpan(count, most);
      c.set(target);
      for (let a = 0; a < count; a++) {
        const at = chosen[a]! * l;
        const value = solution[a]!;
        for (let j = 0; j < l; j++) c[j]! -= value * gram[at + j]!;
      }
    }
    this.solveSpan(count, most);
    for (let a = 0; a < count; a++) z[chosen[a]!] = solution[a]!;
    return { count, residual };
  }

  /** Coefficients of the chosen atoms: back substitution. */
  private solveSpan(count: number, most: number): void {
    const { factor, forward, solution } = this;
    for (let a = count - 1; a >= 0; a--) {
      let value = forward[a]!;
      for (let b = a + 1; b < count; b++) value -= factor[b * most + a]! * solution[b]!;
      solution[a] = value / factor[a * most + a]!;
    }
  }
}
