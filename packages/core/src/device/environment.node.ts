import type { BackendName } from "./types.js";

/** Backends in the order in which `auto` tries them; one that computes on a GPU goes before all that do not. */
export const automaticOrder: readonly BackendName[] = ["tensorflow", "webgpu", "wasm", "cpu"];

/** The backend that the environment variable `LAB_BACKEND` asks for. */
export function backendOverride(): string | undefined {
  return process.env.LAB_BACKEND || undefined;
}
