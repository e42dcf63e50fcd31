import type { Progress } from "@lab/core";
import type { Paper } from "@lab/core/experiment";
import { subsampleLog, type TrafficLog } from "../log/traffic-log.js";
import { simulateTraffic } from "../simulation/simulate-traffic.js";

/** The paper of this package. */
export const PAPER: Paper = {
  title: "Separating the World and Ego Models for Self-Driving",
  authors: "V. Sobal, A. Canziani, N. Carion, K. Cho, Y. LeCun",
  year: 2022,
  arxiv: "2204.07184",
};

/** What the paper's parent reports; the tables of the paper itself could not be read. */
export const PAPER_VALUE =
  "parent (1901.02705): success 74.8 % mean of three seeds, best model 82.0 %, NGSIM I-80; the tables of 2204.07184 were not at hand";

/** Seed of the held-out traffic. */
const TEST_SEED = 1000;
/** Frames from one step of control to the next: 0.2 s. */
const EVERY = 2;

/** How much traffic is simulated. */
export interface RingData {
  /** Roads to learn from. */
  trainScenes: number;
  /** Seconds of each. */
  trainSeconds: number;
  /** Roads to test on. */
  testScenes: number;
  /** Seconds of each. */
  testSeconds: number;
}

/** The size of the spec's protocol. */
export const FULL_DATA: RingData = { trainScenes: 24, trainSeconds: 50, testScenes: 24, testSeconds: 62 };

/** Training and held-out traffic on the ring, in steps of 0.2 s. */
export async function ringLogs(
  data: RingData,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<{ train: TrafficLog; test: TrafficLog }> {
  const common = { signal, onProgress };
  const train = await simulateTraffic({
    scenes: data.trainScenes,
    seconds: data.trainSeconds,
    seed: 0,
    ...common,
  });
  const test = await simulateTraffic({
    scenes: data.testScenes,
    seconds: data.testSeconds,
    seed: TEST_SEED,
    ...common,
  });
  return { train: subsampleLog(train, EVERY), test: subsampleLog(test, EVERY) };
}
