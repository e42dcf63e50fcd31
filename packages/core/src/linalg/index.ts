/**
 * Factorisations, systems, spectra and determinants of batches of matrices, with gradients; and the same on the host
 * in double precision.
 *
 * @packageDocumentation
 */
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
