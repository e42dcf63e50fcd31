import type { RowOutcome } from "./coordinate-descent.js";

/** What ends a pursuit. */
export interface PursuitLimits {
  /** Most atoms. */
  nonzero: number;
  /** Squared residual at which it ends. */
  errorTolerance: number;
}

/**
 * Orthogonal matching pursuit of rows on the Gram matrix `[l, l]` of atoms with norm 1, with a growing Cholesky factor.
 *
 * @returns Codes one row from $D^\top y$ and $\lVert y \rVert^2$ into `z`; answers the squared residual as the gap and the number of atoms as sweeps.
 * @see Rubinstein, Zibulevsky, Elad (2008), Efficient implementation of the K-SVD algorithm using batch OMP.
 */
export function pursuit(gram: Float64Array, l: number, { nonzero, errorTolerance }: PursuitLimits) {
  const most = Math.min(nonzero, l);
  const factor = new Float64Array(most * most);
  const chosen = new Int32Array(most);
  const isOut = new Uint8Array(l);
  const c = new Float64Array(l);
  const forward = new Float64Array(most);
  const solution = new Float64Array(most);

  /** Coefficients of the chosen atoms: back substitution. */
  const solveSpan = (count: number) => {
    for (let a = count - 1; a >= 0; a--) {
      let value = forward[a]!;
      for (let b = a + 1; b < count; b++) value -= factor[b * most + a]! * solution[b]!;
      solution[a] = value / factor[a * most + a]!;
    }
  };

  return (target: Float64Array, scale: number, z: Float32Array): RowOutcome => {
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
      solveSpan(count);
      c.set(target);
      for (let a = 0; a < count; a++) {
        const at = chosen[a]! * l;
        const value = solution[a]!;
        for (let j = 0; j < l; j++) c[j]! -= value * gram[at + j]!;
      }
    }
    solveSpan(count);
    for (let a = 0; a < count; a++) z[chosen[a]!] = solution[a]!;
    return { gap: residual, sweeps: count };
  };
}
