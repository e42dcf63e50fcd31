import type { BackendName } from "../device/index.js";

/** Registers, once for each backend, the kernels that core adds or replaces. */
export async function registerKernels(backend: BackendName): Promise<void> {
  void backend;
}
