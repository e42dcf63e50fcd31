/** Whether an operand is multiplied transposed. */
export interface Turned {
  a: boolean;
  b: boolean;
}

/**
 * $C = \mathrm{op}(A)\,\mathrm{op}(B)$ of row-major matrices in single precision; `op` transposes where `turned` says so.
 *
 * `c` has shape `[m, n]`, and `k` is the size that is summed over.
 */
export type Sgemm = (
  turned: Turned,
  sizes: readonly [m: number, n: number, k: number],
  a: Float32Array,
  b: Float32Array,
  c: Float32Array,
) => void;
