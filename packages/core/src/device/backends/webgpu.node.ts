import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { projectFolder } from "../project-folder.node.js";
import {
  type AdapterDescription,
  adapterName,
  type ChosenAdapter,
  chooseAdapter,
  isSoftware,
} from "../software-adapter.js";
import type { BackendLoader } from "../types.js";
import { Unusable } from "../unusable.js";

const ENGINE_NAME = "webgpu";

/** Dawn's module. */
interface Dawn {
  create(options: string[]): DawnGpu;
  globals: Record<string, unknown>;
}
interface DawnGpu {
  requestAdapter(options?: object): Promise<{ readonly info: AdapterDescription } | null>;
  getPreferredCanvasFormat(): string;
}

let chosen: ChosenAdapter | undefined;

/** WebGPU through Dawn's npm package. */
export const webgpuLoader: BackendLoader = {
  name: "webgpu",
  fix: "npm install webgpu @tensorflow/tfjs-backend-webgpu",
  async load() {
    if (chosen === undefined) chosen = await connect();
    const { info } = chosen;
    return {
      engineName: ENGINE_NAME,
      describe: () => ({
        backend: "webgpu",
        kind: isSoftware(info) ? "cpu" : "gpu",
        name: adapterName(info),
        version: tf.version_core, // the backend is published in step with the engine
        threads: undefined,
        syncRead: false, // reading synchronously needs a canvas, which Node has not
      }),
    };
  },
};

async function connect(): Promise<ChosenAdapter> {
  const allowSoftware = process.env.LAB_WEBGPU_SOFTWARE === "1";
  if (!allowSoftware && !hasGraphicsDevice())
    throw new Unusable(
      "this machine has no graphics device (/dev/dri/renderD*, /dev/nvidia0 and /dev/dxg are absent)",
      "use a machine with a graphics card, or a software adapter with LAB_WEBGPU_SOFTWARE=1",
    );
  const { create, globals } = (await importOptional("webgpu")) as Dawn;
  const gpu = create([]);
  const adapter = await chooseAdapter(gpu, allowSoftware);
  // The engine's backend looks for these at import and asks for the adapter by itself.
  Object.assign(globalThis, globals);
  const entry = {
    requestAdapter: () => gpu.requestAdapter(adapter.options),
    getPreferredCanvasFormat: () => gpu.getPreferredCanvasFormat(),
  };
  if (globalThis.navigator === undefined)
    Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true, writable: true });
  Object.defineProperty(globalThis.navigator, "gpu", { value: entry, configurable: true });
  await importOptional("@tensorflow/tfjs-backend-webgpu");
  if (!tf.engine().registryFactory[ENGINE_NAME])
    throw new Error(
      "@tensorflow/tfjs-backend-webgpu was imported before WebGPU was there; let init import it",
    );
  return adapter;
}

/** Imports an optional package from beside core, else from the user's project. */
async function importOptional(name: string): Promise<unknown> {
  try {
    return await import(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    try {
      const path = createRequire(join(projectFolder(), "package.json")).resolve(name);
      return await import(pathToFileURL(path).href);
    } catch {
      throw new Error(`the package ${name} is not installed`, { cause: error });
    }
  }
}

/** Whether Linux shows a graphics device; without one Dawn need not be loaded. Elsewhere only Dawn can tell. */
function hasGraphicsDevice(): boolean {
  if (process.platform !== "linux") return true;
  if (existsSync("/dev/nvidia0") || existsSync("/dev/dxg")) return true;
  return existsSync("/dev/dri") && readdirSync("/dev/dri").some((name) => name.startsWith("renderD"));
}
