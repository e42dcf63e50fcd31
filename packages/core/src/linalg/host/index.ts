export { type CholeskyHostOptions, choleskyHost } from "./cholesky-host.js";
export { type EighHostOptions, type EighHostResult, eighHost } from "./eigh-host.js";
export { logdetHost, slogdetHost } from "./logdet-host.js";
export { solveHost } from "./lu-host.js";
export { type QrHostResult, qrHost } from "./qr-host.js";
export { type SvdHostOptions, type SvdHostResult, svdHost } from "./svd-host.js";
export {
  choleskySolveHost,
  type TriangularSolveHostOptions,
  triangularSolveHost,
} from "./triangular-solve-host.js";
