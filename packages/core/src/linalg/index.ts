/**
 * Factorisations, systems, spectra and determinants of batches of matrices, with gradients; and the same on the host
 * in double precision.
 *
 * @packageDocumentation
 */

export {
  type CholeskyOptions,
  cholesky,
  choleskySolve,
  type TriangularSolveOptions,
  triangularSolve,
} from "./cholesky.js";
export { logdet, logdetGram, type SlogdetResult, slogdet } from "./determinant.js";
export { type EighOptions, type EighResult, eigh, eigvalsh } from "./eigh.js";
export {
  type CholeskyHostOptions,
  choleskyHost,
  choleskySolveHost,
  type EighHostOptions,
  type EighHostResult,
  eighHost,
  logdetHost,
  type QrHostResult,
  qrHost,
  type SvdHostOptions,
  type SvdHostResult,
  slogdetHost,
  solveHost,
  svdHost,
  type TriangularSolveHostOptions,
  triangularSolveHost,
} from "./host/index.js";
export { lanczos } from "./lanczos.js";
export { lstsq, pinv } from "./least-squares.js";
export type { LinearOperator } from "./linear-operator.js";
export { type IterativeEigenOptions, type IterativeEigenResult, lobpcg } from "./lobpcg.js";
export { type QrResult, qr } from "./qr.js";
export { type RandomizedSvdOptions, randomizedSvd } from "./randomized-svd.js";
export { effectiveRank, type NumericalRankOptions, numericalRank } from "./rank.js";
export { solve } from "./solve.js";
export { type SpectralNormOptions, spectralNorm } from "./spectral-norm.js";
export { type SvdOptions, type SvdResult, svd, svdvals } from "./svd.js";
