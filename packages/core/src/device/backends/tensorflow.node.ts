import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import util from "node:util";
import * as tf from "@tensorflow/tfjs-core";
import { engineName, type TensorflowBackend } from "../../native/kernels/tensorflow-backend.js";
import { processorName } from "../processor.node.js";
import { projectFolder } from "../project-folder.node.js";
import type { BackendLoader } from "../types.js";

const packages = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"] as const;

/** TensorFlow through the tfjs-node binding of the user's project. */
export const tensorflowLoader: BackendLoader = {
  name: "tensorflow",
  fix: "npx @lab/core tensorflow install",
  async load() {
    if (!tf.engine().registryFactory[engineName]) await loadBinding();
    const backend = tf.findBackend(engineName) as TensorflowBackend;
    return {
      engineName,
      describe: () => {
        const isGpu = backend.binding.isUsingGpuDevice();
        return {
          backend: "tensorflow",
          kind: isGpu ? "gpu" : "cpu",
          name: isGpu ? graphicsName() : processorName(),
          version: backend.binding.TF_Version,
          threads: isGpu ? undefined : threadCount(),
          syncRead: true,
        };
      },
    };
  },
};

async function loadBinding(): Promise<void> {
  const project = projectFolder();
  const from = createRequire(join(project, "package.json"));
  const found = packages.flatMap((name) => {
    try {
      return [from.resolve(name)];
    } catch {
      return [];
    }
  });
  if (found.length === 0) throw new Error(`neither ${packages.join(" nor ")} is installed in ${project}`);
  restoreUtil();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "2"; // TensorFlow greets on standard error
  const restore = keepRegistry();
  try {
    loadFirst(found, from);
    await patchLayers(found); // importing tfjs-layers registers all gradients anew as well
  } finally {
    restore();
  }
  const { registerTensorflowKernels } = await import("../../native/kernels/register.js");
  registerTensorflowKernels();
}

/** Loads the first package that loads; the reasons of all when none does. */
function loadFirst(paths: string[], from: NodeJS.Require): void {
  const reasons: string[] = [];
  for (const path of paths) {
    try {
      from(path);
      if (tf.findBackend(engineName)) return;
      reasons.push("it registered no backend");
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw new Error(reasons.join("; "));
}

/** The binding's errors fill a page; the first line says what is wrong. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/tfjs_binding\.node\) can not/.test(text))
    return "the package is there, but its native binding is not built";
  return text.split("\n")[0]!.trim();
}

/** Node 23 took two functions away that the binding's JavaScript calls. */
function restoreUtil(): void {
  const shim = util as unknown as Record<string, unknown>;
  try {
    shim.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
    shim.isArray ??= Array.isArray;
  } catch {
    // A frozen module: the binding then says itself what it misses.
  }
}

/**
 * tfjs-node brings the whole engine along, which registers all gradients and the plain kernels anew; what was there
 * before stays.
 */
function keepRegistry(): () => void {
  const names = Object.values<unknown>(tf).filter((value) => typeof value === "string");
  const gradients = names.flatMap((name) => tf.getGradient(name) ?? []);
  const kernels = ["cpu", "wasm", "webgpu"].flatMap((name) => tf.getKernelsForBackend(name));
  return () => {
    for (const gradient of gradients) tf.registerGradient(gradient);
    for (const kernel of kernels) {
      const { kernelName, backendName } = kernel;
      if (tf.getKernel(kernelName, backendName) === kernel) continue;
      tf.unregisterKernel(kernelName, backendName);
      tf.registerKernel(kernel);
    }
  };
}

/** The layer of core's own tfjs-layers and that of the copy which tfjs-node brings; often they are one. */
async function patchLayers(paths: string[]): Promise<void> {
  const { patchBatchNormLayer } = await import("../../native/kernels/batch-norm-layer.js");
  patchBatchNormLayer(await import("@tensorflow/tfjs-layers"));
  for (const path of paths) {
    try {
      patchBatchNormLayer(createRequire(path)("@tensorflow/tfjs") as never);
    } catch {
      // A layout in which the copy cannot be reached: its layers then train as they ship.
    }
  }
}

function threadCount(): number {
  return Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
}

/** Model of the first NVIDIA card, as the driver tells it. */
function graphicsName(): string {
  const folder = "/proc/driver/nvidia/gpus";
  try {
    const first = existsSync(folder) ? readdirSync(folder)[0] : undefined;
    const text = first ? readFileSync(join(folder, first, "information"), "utf8") : "";
    return /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? "GPU";
  } catch {
    return "GPU";
  }
}
