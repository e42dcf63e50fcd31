import type { Tensor } from "@tensorflow/tfjs-core";
import type { LinalgKernelName } from "../kernels/names.js";
import { isRecorded, runKernel } from "../run-kernel.js";

/**
 * A kernel's outputs for use in its gradient.
 *
 * The engine's copies of saved outputs are not connected to the inputs, so a second derivative through them would
 * silently lose terms. While the gradient is itself recorded, the outputs are computed again from the inputs.
 */
export function connectedOutputs(
  name: LinalgKernelName,
  inputs: Record<string, Tensor>,
  saved: readonly Tensor[],
  attrs: Record<string, number | boolean> = {},
): readonly Tensor[] {
  return isRecorded() ? runKernel(name, name, inputs, attrs) : saved;
}
