import { cpuLoader } from "./backends/cpu.js";
import { tensorflowLoader } from "./backends/tensorflow.node.js";
import { wasmLoader } from "./backends/wasm.js";
import { webgpuLoader } from "./backends/webgpu.node.js";
import type { BackendLoader } from "./types.js";

/** Every backend that can be asked for by name. */
export const loaders: readonly BackendLoader[] = [tensorflowLoader, webgpuLoader, wasmLoader, cpuLoader];
