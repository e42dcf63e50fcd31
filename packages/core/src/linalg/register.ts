import * as tf from "@tensorflow/tfjs-core";
import type { BackendName } from "../device/index.js";
import { linalgGradients } from "./gradients/index.js";
import { hostKernels } from "./kernels/host.js";
import { kernelNames, type LinalgKernels } from "./kernels/names.js";

/** Registers, once for each backend, the linear algebra kernels and, once, their gradients. */
export async function registerLinalg(backend: BackendName): Promise<void> {
  const engineName = tf.getBackend();
  const own = await ownKernels(backend);
  for (const kernelName of kernelNames) {
    if (tf.getKernel(kernelName, engineName)) continue;
    const kernelFunc = own[kernelName] ?? hostKernels[kernelName](engineName);
    tf.registerKernel({ kernelName, backendName: engineName, kernelFunc });
  }
  for (const gradient of linalgGradients) {
    if (!tf.getGradient(gradient.kernelName)) tf.registerGradient(gradient);
  }
}

async function ownKernels(backend: BackendName): Promise<LinalgKernels> {
  if (backend === "webgpu") return (await import("./kernels/webgpu.js")).webgpuKernels;
  if (backend === "tensorflow") return (await import("./kernels/tensorflow.js")).tensorflowKernels;
  return {};
}
