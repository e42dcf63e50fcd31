import { cpuLoader } from "./backends/cpu.js";
import { wasmLoader } from "./backends/wasm.js";
import type { BackendLoader } from "./types.js";

/** Every backend that can be asked for by name. */
export const loaders: readonly BackendLoader[] = [wasmLoader, cpuLoader];
