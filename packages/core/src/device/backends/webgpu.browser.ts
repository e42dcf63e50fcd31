import * as tf from "@tensorflow/tfjs-core";
import {
  type AdapterDescription,
  adapterName,
  type ChosenAdapter,
  chooseAdapter,
  type GpuEntry,
  isSoftware,
} from "../software-adapter.js";
import type { BackendLoader } from "../types.js";

let chosen: ChosenAdapter | undefined;

/** WebGPU of the browser. */
export const webgpuLoader: BackendLoader = {
  name: "webgpu",
  fix: "use a browser with WebGPU on a page from https or localhost, and install @tensorflow/tfjs-backend-webgpu",
  async load() {
    if (chosen === undefined) chosen = await connect();
    const { info } = chosen;
    return {
      engineName: "webgpu",
      describe: () => ({
        backend: "webgpu",
        kind: isSoftware(info) ? "cpu" : "gpu",
        name: adapterName(info),
        version: tf.version_core, // the backend is published in step with the engine
        threads: undefined,
        syncRead: true,
      }),
    };
  },
};

async function connect(): Promise<ChosenAdapter> {
  const { gpu } = globalThis.navigator as unknown as {
    gpu?: GpuEntry<{ readonly info: AdapterDescription }>;
  };
  if (gpu === undefined) throw new Error("this browser has no navigator.gpu");
  // A page asks for a software adapter by this name, where Node has an environment variable.
  const allowSoftware = (globalThis as { LAB_WEBGPU_SOFTWARE?: unknown }).LAB_WEBGPU_SOFTWARE === "1";
  const adapter = await chooseAdapter(gpu, allowSoftware);
  await import("@tensorflow/tfjs-backend-webgpu");
  return adapter;
}
