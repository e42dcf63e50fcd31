import * as tf from "@tensorflow/tfjs-core";
import { checkChoice } from "../check/index.js";
import {
  automaticOrder,
  type BackendName,
  backendOverride,
  type DeviceInfo,
  explain,
  loaders,
  startBackend,
} from "../device/index.js";
import { ArgumentError, BackendUnavailableError, NotInitializedError } from "../errors/index.js";
import { registerKernels } from "../kernels/index.js";

/** Options of {@link init}. */
export interface InitOptions {
  /**
   * A backend by name, a list in order of preference, or `auto`: the fastest that this machine has.
   * The environment variable `LAB_BACKEND` overrides `auto`.
   * @defaultValue `"auto"`
   */
  backend?: BackendName | readonly BackendName[] | "auto";
  /** Receives one line for every backend that was tried. */
  logger?: (line: string) => void;
}

let current: DeviceInfo | undefined;

interface Wanted {
  /** Backends in the order in which they are tried. */
  names: readonly BackendName[];
  /** Whether one that computes on the processor waits until no later one computes on a GPU. */
  preferGpu: boolean;
}

function wanted(backend: InitOptions["backend"]): Wanted {
  const known = loaders.map((loader) => loader.name);
  if (backend === undefined || backend === "auto") {
    const override = backendOverride();
    if (override === undefined) return { names: automaticOrder, preferGpu: true };
    return { names: [checkChoice("init", "LAB_BACKEND", override, known)], preferGpu: false };
  }
  const list = typeof backend === "string" ? [backend] : backend;
  if (list.length === 0) {
    throw new ArgumentError("init: backend is an empty list; at least one backend was expected", {
      argument: "backend",
      value: backend,
    });
  }
  return { names: list.map((name) => checkChoice("init", "backend", name, known)), preferGpu: false };
}

/** Backends of which one may compute on a GPU; those after it in the order of `auto` never do. */
const mayUseGpu: readonly BackendName[] = ["tensorflow", "webgpu"];

/** WebGPU on a software adapter is slower than wasm: only for those who ask for it by name. */
function isSoftwareGpu({ backend, kind }: DeviceInfo): boolean {
  return backend === "webgpu" && kind === "cpu";
}

/**
 * Starts a backend, registers gradients and the kernels that the backend lacks, and says what computes.
 *
 * `auto` takes, in Node, a TensorFlow that sees a GPU, then WebGPU on a hardware adapter, then TensorFlow on the
 * processor, then wasm, then cpu; in a browser WebGPU, wasm, cpu. A backend asked for by name is started or refused,
 * never replaced by another.
 *
 * @param options - See {@link InitOptions}.
 * @returns The device that computes from now on.
 * @throws {@link BackendUnavailableError} when none of the backends asked for can be started: what was tried, what
 *   each answered, and the command that fixes it.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 *
 * const { backend } = await init({ backend: "wasm" });
 * backend; // => "wasm"
 * ```
 */
export async function init(options: InitOptions = {}): Promise<DeviceInfo> {
  const { names, preferGpu } = wanted(options.backend);
  const answers: string[] = [];
  const start = async (name: BackendName): Promise<DeviceInfo | undefined> => {
    const loader = loaders.find((candidate) => candidate.name === name)!;
    try {
      return await startBackend(loader);
    } catch (error) {
      const { reason, fix } = explain(error, loader.fix);
      options.logger?.(`init: ${name} cannot be used: ${reason}`);
      answers.push(`${name} cannot be used: ${reason}; to have it: ${fix}`);
      return undefined;
    }
  };
  let found: DeviceInfo | undefined;
  for (const name of names) {
    // Only a GPU can still displace a backend that has started.
    if (found !== undefined && !mayUseGpu.includes(name)) break;
    const started = await start(name);
    if (started === undefined || (preferGpu && isSoftwareGpu(started))) continue;
    if (found === undefined || started.kind === "gpu") found = started;
    if (!preferGpu || found.kind === "gpu") break;
  }
  if (found === undefined)
    throw new BackendUnavailableError(`init: ${answers.join(" | ")}`, { backend: names[0]! });
  // A later attempt may have taken the engine's place and failed.
  await tf.setBackend(found.backend); // the engine knows every backend by the same name
  await registerKernels(found.backend);
  const { registerLinalg } = await import("../linalg/register.js"); // not before: importing core is to be quick
  await registerLinalg(found.backend);
  options.logger?.(`init: ${found.backend} on ${found.name}`);
  current = found;
  return found;
}

/**
 * The device that {@link init} started.
 *
 * @throws {@link NotInitializedError} before the first `await init()`.
 */
export function device(): DeviceInfo {
  if (current) return current;
  throw new NotInitializedError("device: no backend is started; call `await init()` from @lab/core first", {
    backend: "none",
  });
}
