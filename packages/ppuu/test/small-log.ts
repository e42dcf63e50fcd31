import { simulateTraffic, subsampleLog, type TrafficLog } from "../src/index.js";

let made: Promise<TrafficLog> | undefined;

/** Two ring roads for 14 s in steps of 0.2 s; made once. */
export function smallLog(): Promise<TrafficLog> {
  made ??= simulateTraffic({ seconds: 14, scenes: 2, seed: 11, warmup: 15 }).then((log) =>
    subsampleLog(log, 2),
  );
  return made;
}
