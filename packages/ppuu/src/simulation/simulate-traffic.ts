import { checkAborted, checkNumber, type Progress } from "@lab/core";
import type { TrafficLog } from "../log/traffic-log.js";
import type { SimulationOptions } from "./options.js";
import { TrafficSimulation, type TrafficSnapshot } from "./traffic-simulation.js";

/** Options of {@link simulateTraffic}. */
export interface SimulateTrafficOptions extends SimulationOptions {
  /** Seconds to record; one frame a step, without the end. */
  seconds: number;
  /** Seconds to drive before recording. @defaultValue 30 */
  warmup?: number;
  /** Stops the simulation. */
  signal?: AbortSignal;
  /** Receives progress in frames. */
  onProgress?: (progress: Progress) => void;
}

/** Frames between looks at the event loop. */
const FRAMES_PER_TURN = 50;

/**
 * Records seeded traffic.
 *
 * @param options - See {@link SimulateTrafficOptions}.
 * @returns The log; the same options give the same bytes on every platform and backend.
 * @throws {@link ArgumentError} when an option is out of range.
 * @throws The signal's reason after an abort.
 * @remarks About 3 million steps of a car a second on one core. On the open road a car has its own column of the log.
 * @example
 * ```ts
 * import { simulateTraffic } from "@lab/ppuu";
 *
 * const log = await simulateTraffic({ seconds: 2, scenes: 3, seed: 0, warmup: 1 });
 * log.shape; // => [20, 3, 60]
 * ```
 */
export async function simulateTraffic(options: SimulateTrafficOptions): Promise<TrafficLog> {
  const { signal, onProgress, seconds, warmup = 30, ...simulated } = options;
  checkNumber("simulateTraffic", "seconds", seconds, { above: 0 });
  checkNumber("simulateTraffic", "warmup", warmup, { min: 0 });
  const simulation = new TrafficSimulation(simulated);
  const skipped = Math.round(warmup / simulation.dt);
  const frames = Math.max(1, Math.round(seconds / simulation.dt));
  const recorded: TrafficSnapshot[] = [];
  for (let t = 0; t < skipped + frames; t++) {
    if (t % FRAMES_PER_TURN === 0) {
      checkAborted(signal);
      onProgress?.({ done: Math.max(0, t - skipped), total: frames, message: "simulating traffic" });
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (t >= skipped) recorded.push(simulation.state());
    simulation.step();
  }
  onProgress?.({ done: frames, total: frames, message: "simulating traffic" });
  const source = `simulateTraffic(${JSON.stringify({ ...simulated, seconds, warmup })})`;
  return assemble(recorded, simulation, source);
}

/** What a simulation does in its next frames, the present first; it is stepped. */
export function recordTraffic(simulation: TrafficSimulation, frames: number, source: string): TrafficLog {
  const recorded: TrafficSnapshot[] = [];
  for (let t = 0; t < frames; t++) {
    recorded.push(simulation.state());
    simulation.step();
  }
  return assemble(recorded, simulation, source);
}

/** Gives every car a column of its own. */
function assemble(recorded: TrafficSnapshot[], simulation: TrafficSimulation, source: string): TrafficLog {
  const [scenes, slots] = recorded[0]!.shape;
  const columns: Map<number, number>[] = Array.from({ length: scenes }, () => new Map());
  for (const frame of recorded) {
    for (let i = 0; i < scenes * slots; i++) {
      if (frame.present[i] === 0) continue;
      const seen = columns[Math.floor(i / slots)]!;
      const id = frame.id[i]!;
      if (!seen.has(id)) seen.set(id, seen.size);
    }
  }
  const cars = Math.max(1, ...columns.map((seen) => seen.size));
  const all = recorded.length * scenes * cars;
  const log: TrafficLog = {
    dt: simulation.dt,
    x: new Float32Array(all),
    y: new Float32Array(all),
    v: new Float32Array(all),
    present: new Uint8Array(all),
    shape: [recorded.length, scenes, cars],
    length: new Float32Array(scenes * cars),
    width: new Float32Array(scenes * cars),
    road: simulation.road,
    source,
  };
  for (const [t, frame] of recorded.entries()) {
    for (let i = 0; i < scenes * slots; i++) {
      if (frame.present[i] === 0) continue;
      const scene = Math.floor(i / slots);
      const column = scene * cars + columns[scene]!.get(frame.id[i]!)!;
      const entry = t * scenes * cars + column;
      log.x[entry] = frame.x[i]!;
      log.y[entry] = frame.y[i]!;
      log.v[entry] = frame.v[i]!;
      log.present[entry] = 1;
      log.length[column] = frame.length[i]!;
      log.width[column] = frame.width[i]!;
    }
  }
  return log;
}
