import type { Progress } from "@lab/core";
import { loadLog } from "../log/save-log.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { loadNgsim, type NgsimReport } from "../ngsim/load-ngsim.js";

/** A log of this package by its ending `.npz`, anything else as a trajectory file. */
export async function readLog(
  path: string,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<TrafficLog & { report?: NgsimReport }> {
  return path.endsWith(".npz") ? loadLog(path) : loadNgsim(path, { signal, onProgress });
}
