import type { Progress } from "@lab/core";
import { loadLog } from "../log/save-log.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { loadNgsim, type NgsimReport } from "../ngsim/load-ngsim.js";

/** The option of commands that act less often than was recorded. */
export const EVERY_OPTION = {
  type: "number",
  description: "Frames of the log from one action to the next",
  default: 2,
} as const;

/** A log of this package by its ending `.npz`, anything else as a trajectory file. */
export async function readLog(
  path: string,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<TrafficLog & { report?: NgsimReport }> {
  return path.endsWith(".npz") ? loadLog(path) : loadNgsim(path, { signal, onProgress });
}
