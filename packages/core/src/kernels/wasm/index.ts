import { registerBatchNorm } from "./batch-norm.js";
import type { Sgemm } from "./blas/sgemm.js";
import { registerConv2d } from "./conv2d.js";
import { registerConv2dBackpropFilter } from "./conv2d-backprop-filter.js";
import { registerConv2dBackpropInput } from "./conv2d-backprop-input.js";
import { registerDepthwise } from "./depthwise.js";
import { registerEinsum } from "./einsum.js";
import { registerExp } from "./exp.js";
import { registerFusedConv2d } from "./fused.js";
import { registerIdentity } from "./identity.js";
import { registerMatMul } from "./mat-mul.js";
import { registerOneHot } from "./one-hot.js";
import { registerPooling } from "./pooling.js";
import { registerReductions } from "./reductions.js";
import { registerUnsortedSegmentSum } from "./unsorted-segment-sum.js";

export { loadBlas } from "./blas/load-blas.node.js";

/**
 * Registers the kernels that the wasm backend lacks for training, and faster ones over some that it ships.
 *
 * @param sgemm - Multiplies large matrices where there is one.
 */
export function registerWasmKernels(sgemm?: Sgemm): void {
  registerMatMul(sgemm);
  registerIdentity();
  registerReductions();
  registerBatchNorm();
  registerConv2d();
  registerFusedConv2d();
  registerConv2dBackpropFilter();
  registerConv2dBackpropInput();
  registerDepthwise();
  registerPooling();
  registerOneHot();
  registerEinsum();
  registerExp();
  registerUnsortedSegmentSum();
}
