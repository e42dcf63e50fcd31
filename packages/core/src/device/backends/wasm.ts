import { processorName } from "../processor.node.js";
import type { BackendLoader } from "../types.js";

/** The WebAssembly backend, the embedded default. */
export const wasmLoader: BackendLoader = {
  name: "wasm",
  fix: "npm install @tensorflow/tfjs-backend-wasm",
  async load() {
    const wasm = await import("@tensorflow/tfjs-backend-wasm");
    return {
      engineName: "wasm",
      describe: () => ({
        backend: "wasm",
        kind: "cpu",
        name: processorName(),
        version: wasm.version_wasm,
        threads: threadsOf(wasm),
        syncRead: true,
      }),
    };
  },
};

/** Threads of the running module; the single-threaded build has no count to ask for. */
function threadsOf(wasm: typeof import("@tensorflow/tfjs-backend-wasm")): number {
  try {
    return Math.max(1, wasm.getThreadsCount());
  } catch {
    return 1;
  }
}
