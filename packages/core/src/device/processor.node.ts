import { cpus } from "node:os";

/** Model name of the processor. */
export function processorName(): string {
  return cpus()[0]?.model.trim() || "processor";
}
