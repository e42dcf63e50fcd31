import type { KernelFunc } from "@tensorflow/tfjs-core";

/**
 * Names of the linear algebra kernels. Every input and output is float32 and batched over leading axes `…`, which
 * the caller has made equal for all inputs. The caller has checked shapes and dtypes; kernels check values.
 *
 * | kernel | inputs | attributes | outputs | conventions |
 * | --- | --- | --- | --- | --- |
 * | `LabCholesky` | `a […,n,n]` | – | `l […,n,n]` | reads the lower triangle; zeros above; `NotPositiveDefiniteError` with pivot and value where the backend is synchronous |
 * | `LabTriangularSolve` | `l […,n,n]`, `b […,n,k]` | `lower`, `transpose` | `x […,n,k]` | the other triangle is not read; `NumericalError` for a zero on the diagonal |
 * | `LabSolve` | `a […,n,n]`, `b […,n,k]` | – | `x […,n,k]` | `NumericalError` when singular |
 * | `LabSlogdet` | `a […,n,n]` | – | `sign […]`, `logAbs […]` | 0 and −∞ when singular |
 * | `LabEigh` | `a […,n,n]` | `broadening` (for the gradient only) | `values […,n]`, `vectors […,n,n]` | lower triangle; ascending; largest component of a vector positive |
 * | `LabEigvalsh` | `a […,n,n]` | – | `values […,n]` | as `LabEigh` |
 * | `LabSvd` | `a […,m,n]` | `fullMatrices`, `broadening` (for the gradient only) | `u […,m,k]`, `s […,k]`, `vt […,k,n]`; square `u`, `vt` with `fullMatrices` | descending; largest component of a column of `u` positive |
 * | `LabSvdvals` | `a […,m,n]` | – | `s […,k]` | descending |
 * | `LabQr` | `a […,m,n]` | – | `q […,m,k]`, `r […,k,n]`, k = min(m, n) | diagonal of `r` not negative |
 *
 * A value that is not finite is an `ArgumentError` where the backend is synchronous. "Largest component" means
 * largest magnitude, of those that agree to 1e-6 relative the first (`host/sign-convention.ts`). Gradients are
 * registered once for all backends (`gradients/`).
 */
export const kernelNames = [
  "LabCholesky",
  "LabTriangularSolve",
  "LabSolve",
  "LabSlogdet",
  "LabEigh",
  "LabEigvalsh",
  "LabSvd",
  "LabSvdvals",
  "LabQr",
] as const;

/** Name of a linear algebra kernel. */
export type LinalgKernelName = (typeof kernelNames)[number];

/** What one backend computes its own way; the rest runs on the host. */
export type LinalgKernels = Partial<Record<LinalgKernelName, KernelFunc>>;
