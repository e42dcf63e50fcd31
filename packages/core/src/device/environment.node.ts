import type { BackendName } from "./types.js";

/** Backends in the order in which `auto` tries them. */
export const automaticOrder: readonly BackendName[] = ["wasm", "cpu"];

/** The backend that the environment variable `LAB_BACKEND` asks for. */
export function backendOverride(): string | undefined {
  return process.env.LAB_BACKEND || undefined;
}
