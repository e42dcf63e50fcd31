import type { GradConfig } from "@tensorflow/tfjs-core";
import { choleskyGradient, triangularSolveGradient } from "./cholesky-gradient.js";
import { eighGradient, eigvalshGradient } from "./eigh-gradient.js";
import { qrGradient } from "./qr-gradient.js";
import { slogdetGradient, solveGradient } from "./solve-gradient.js";
import { svdGradient, svdvalsGradient } from "./svd-gradient.js";

/** Gradients of the linear algebra kernels; one registration serves every backend. */
export const linalgGradients: readonly GradConfig[] = [
  choleskyGradient,
  triangularSolveGradient,
  solveGradient,
  slogdetGradient,
  eighGradient,
  eigvalshGradient,
  svdGradient,
  svdvalsGradient,
  qrGradient,
];
