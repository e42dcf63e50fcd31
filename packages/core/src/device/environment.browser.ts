import type { BackendName } from "./types.js";

/** Backends in the order in which `auto` tries them. */
export const automaticOrder: readonly BackendName[] = ["wasm", "cpu"];

/** A browser has no environment variables. */
export function backendOverride(): string | undefined {
  return undefined;
}
