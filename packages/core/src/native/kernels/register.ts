import { registerActivations } from "./activations.js";
import { registerBatchNorm } from "./batch-norm.js";
import { registerConvolutions } from "./convolution.js";
import { registerPooling } from "./pooling.js";
import { registerReductions } from "./reductions.js";

/** Registers, over the kernels that ship with tfjs-node, those that it lacks or that TensorFlow does in one op. */
export function registerTensorflowKernels(): void {
  registerActivations();
  registerConvolutions();
  registerBatchNorm();
  registerPooling();
  registerReductions();
}
