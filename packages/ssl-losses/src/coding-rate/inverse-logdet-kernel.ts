import { ArgumentError, NotPositiveDefiniteError } from "@lab/core";
import { registerHostKernel } from "@lab/core/host-kernel";
import { choleskyHost } from "@lab/core/linalg";

/** Name of the kernel. */
export const INVERSE_LOGDET = "LabInverseLogdet";

/**
 * Registers, where tensors are in this process's memory, inverses and log-determinants of a batch of symmetric positive definite
 * matrices in double precision: $M = LL^\top$, $M^{-1} = L^{-\top} L^{-1}$. A matrix with NaN gives NaN.
 */
export function registerInverseLogdet(): void {
  registerHostKernel({
    name: INVERSE_LOGDET,
    inputs: ["m"],
    outputShapes: ([shape]) => [shape!, [shape![0]!]],
    compute([m], [inverse, logdet], [shape]) {
      const [num, n] = shape as [number, number];
      const inverted = new Float64Array(n * n);
      const product = new Float64Array(n * n);
      for (let k = 0; k < num; k++) {
        const from = k * n * n;
        const lower = factor(m!.subarray(from, from + n * n), n);
        if (!lower) {
          inverse!.fill(Number.NaN, from, from + n * n);
          logdet![k] = Number.NaN;
          continue;
        }
        let sum = 0;
        for (let i = 0; i < n; i++) sum += Math.log(lower[i * n + i]!);
        logdet![k] = 2 * sum;
        invertLower(lower, inverted, n);
        timesOwnTranspose(inverted, product, n);
        const out = inverse!.subarray(from, from + n * n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) out[i * n + j] = out[j * n + i] = product[i * n + j]!;
      }
    },
  });
}

/** Lower factor of a matrix; none when it holds NaN, since a Gram matrix on top of the identity is positive definite. */
function factor(m: Float32Array, n: number): Float64Array | undefined {
  try {
    return choleskyHost(Float64Array.from(m), n);
  } catch (error) {
    if (error instanceof ArgumentError || error instanceof NotPositiveDefiniteError) return undefined;
    throw error;
  }
}

/** to_j += Σ_r w_r from_{rj} for four rows, one below the other, that start at `from`. */
function addFourRows(
  to: Float64Array,
  at: number,
  rows: Float64Array,
  from: number,
  n: number,
  length: number,
  w: readonly [number, number, number, number],
): void {
  const [w0, w1, w2, w3] = w;
  const [r1, r2, r3] = [from + n, from + 2 * n, from + 3 * n];
  for (let j = 0; j < length; j++) {
    to[at + j]! += w0 * rows[from + j]! + w1 * rows[r1 + j]! + w2 * rows[r2 + j]! + w3 * rows[r3 + j]!;
  }
}

/** Inverse of a lower triangular matrix, row by row; the upper half of `inverse` is 0 and stays so. */
function invertLower(lower: Float64Array, inverse: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const to = i * n;
    const scale = 1 / lower[to + i]!;
    for (let j = 0; j < i; j++) inverse[to + j] = 0;
    const weight = (k: number) => -lower[to + k]! * scale;
    let k = 0;
    for (; k + 3 < i; k += 4) {
      const four = [weight(k), weight(k + 1), weight(k + 2), weight(k + 3)] as const;
      addFourRows(inverse, to, inverse, k * n, n, k + 4, four);
    }
    for (; k < i; k++) {
      const [w, from] = [weight(k), k * n];
      for (let j = 0; j <= k; j++) inverse[to + j]! += w * inverse[from + j]!;
    }
    inverse[to + i] = scale;
  }
}

/** Lower half of $X^\top X$ of a lower triangular matrix with zeros above. */
function timesOwnTranspose(x: Float64Array, product: Float64Array, n: number): void {
  product.fill(0);
  let k = 0;
  for (; k + 3 < n; k += 4) {
    const from = k * n;
    for (let i = 0; i < k + 4; i++) {
      const four = [x[from + i]!, x[from + n + i]!, x[from + 2 * n + i]!, x[from + 3 * n + i]!] as const;
      addFourRows(product, i * n, x, from, n, i + 1, four);
    }
  }
  for (; k < n; k++) {
    const from = k * n;
    for (let i = 0; i <= k; i++) {
      const weight = x[from + i]!;
      for (let j = 0; j <= i; j++) product[i * n + j]! += weight * x[from + j]!;
    }
  }
}
