import { checkChoice } from "../check/index.js";
import {
  automaticOrder,
  type BackendName,
  backendOverride,
  type DeviceInfo,
  loaders,
  startBackend,
} from "../device/index.js";
import { BackendUnavailableError, NotInitializedError } from "../errors/index.js";
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

function wanted(backend: InitOptions["backend"]): readonly BackendName[] {
  const known = loaders.map((loader) => loader.name);
  if (backend === undefined || backend === "auto") {
    const override = backendOverride();
    if (override === undefined) return automaticOrder;
    return [checkChoice("init", "LAB_BACKEND", override, known)];
  }
  const list = typeof backend === "string" ? [backend] : backend;
  return list.map((name) => checkChoice("init", "backend", name, known));
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
  const names = wanted(options.backend);
  const answers: string[] = [];
  for (const name of names) {
    const loader = loaders.find((candidate) => candidate.name === name)!;
    try {
      const info = await startBackend(loader);
      await registerKernels(info.backend);
      options.logger?.(`init: ${name} on ${info.name}`);
      current = info;
      return info;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      options.logger?.(`init: ${name} cannot be used: ${reason}`);
      answers.push(`${name} cannot be used: ${reason}; to have it: ${loader.fix}`);
    }
  }
  throw new BackendUnavailableError(`init: ${answers.join(" | ")}`, { backend: names[0]! });
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
