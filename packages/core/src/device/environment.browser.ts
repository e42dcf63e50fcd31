import type { BackendName } from "./types.js";

/** Backends in the order in which `auto` tries them; one that computes on a GPU goes before all that do not. */
export const automaticOrder: readonly BackendName[] = ["webgpu", "wasm", "cpu"];

/** A browser has no environment variables. */
export function backendOverride(): string | undefined {
  return undefined;
}
