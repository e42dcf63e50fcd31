import { version_core } from "@tensorflow/tfjs-core";
import { processorName } from "../processor.node.js";
import type { BackendLoader } from "../types.js";

/** The engine's plain JavaScript backend. */
export const cpuLoader: BackendLoader = {
  name: "cpu",
  fix: "npm install @tensorflow/tfjs-backend-cpu",
  async load() {
    await import("@tensorflow/tfjs-backend-cpu");
    return {
      engineName: "cpu",
      describe: () => ({
        backend: "cpu",
        kind: "cpu",
        name: processorName(),
        version: version_core,
        threads: 1,
        syncRead: true,
      }),
    };
  },
};
