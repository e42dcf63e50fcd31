import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../device/index.js";
import { registerBatchNormInputs } from "./batch-norm-inputs.js";
import { registerDilatedGradients } from "./dilated-gradients.js";
import { registerEinsumGradient } from "./einsum-gradient.js";

/** Registers, once for each backend, the kernels that core adds or replaces, and the gradients that the engine lacks. */
export async function registerKernels(backend: BackendName): Promise<void> {
  // Another copy of this package in the process may have been here first: the engine and its kernels are shared.
  if (backend === "wasm" && tf.getKernel("Conv2DBackpropFilter", "wasm") === undefined) {
    const { loadBlas, registerWasmKernels } = await import("./wasm/index.js");
    registerWasmKernels(await loadBlas());
  }
  registerBatchNormInputs(backend);
  registerDilatedGradients(backend);
  registerEinsumGradient();
}
