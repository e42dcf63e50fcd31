import { ArgumentError, DataError } from "@lab/core";
import type { Road } from "./road.js";

/**
 * Recorded or simulated traffic: where every car was in every frame.
 *
 * Arrays are flat; the entry of frame `t`, scene `e`, car `n` is at `(t * scenes + e) * cars + n`. Positions are centres
 * in metres, x along the road and y to the right; on a ring, x is not wrapped.
 */
export interface TrafficLog {
  /** Seconds between frames. */
  dt: number;
  /** Position along the road in metres, `[frames, scenes, cars]`. */
  x: Float32Array;
  /** Position across the road in metres, `[frames, scenes, cars]`. */
  y: Float32Array;
  /** Speed in m/s, `[frames, scenes, cars]`. */
  v: Float32Array;
  /** 1 where the car is there, `[frames, scenes, cars]`. */
  present: Uint8Array;
  /** Frames, scenes, cars of a scene. */
  shape: readonly [frames: number, scenes: number, cars: number];
  /** Lengths in metres, `[scenes, cars]`. */
  length: Float32Array;
  /** Widths in metres, `[scenes, cars]`. */
  width: Float32Array;
  /** The road. */
  road: Road;
  /** Cars that may be controlled, where not all may; see `splitLog`. */
  cars?: readonly number[];
  /** Where it comes from: a file, or the options of the simulation as JSON. */
  source: string;
}

/** Refuses a log whose arrays do not fit its shape. */
export function checkLog(caller: string, log: TrafficLog): TrafficLog {
  const [frames, scenes, cars] = log.shape;
  const all = frames * scenes * cars;
  const sizes = { x: all, y: all, v: all, present: all, length: scenes * cars, width: scenes * cars };
  for (const [name, size] of Object.entries(sizes)) {
    const found = log[name as keyof typeof sizes].length;
    if (found !== size) {
      throw new DataError(
        `${caller}: log.${name} has ${found} numbers; ${size} were expected for ${frames} frames, ${scenes} scenes, ${cars} cars`,
        { path: log.source },
      );
    }
  }
  return log;
}

/** Index of an entry in the arrays of a log. */
export function entryOf(log: TrafficLog, frame: number, scene: number, car: number): number {
  return (frame * log.shape[1] + scene) * log.shape[2] + car;
}

/** Refuses a scene or a car that the log does not hold. */
export function checkCar(caller: string, log: TrafficLog, scene: number, car: number): void {
  const [, scenes, cars] = log.shape;
  const isIn = (value: number, size: number) => Number.isInteger(value) && value >= 0 && value < size;
  if (isIn(scene, scenes) && isIn(car, cars)) return;
  throw new ArgumentError(
    `${caller}: car ${car} of scene ${scene} does not exist; the log holds ${scenes} scenes of ${cars} cars`,
    { argument: "car", value: car },
  );
}

/** Chosen scenes of a log, in this order. */
export function selectScenes(log: TrafficLog, chosen: readonly number[]): TrafficLog {
  const [frames, scenes, cars] = log.shape;
  const pick = <T extends Float32Array | Uint8Array>(values: T, rows: number): T => {
    const out = new (values.constructor as new (n: number) => T)(rows * chosen.length * cars);
    for (let row = 0; row < rows; row++) {
      for (const [to, from] of chosen.entries()) {
        const start = (row * scenes + from) * cars;
        out.set(values.subarray(start, start + cars), (row * chosen.length + to) * cars);
      }
    }
    return out;
  };
  return {
    ...log,
    x: pick(log.x, frames),
    y: pick(log.y, frames),
    v: pick(log.v, frames),
    present: pick(log.present, frames),
    length: pick(log.length, 1),
    width: pick(log.width, 1),
    shape: [frames, chosen.length, cars],
  };
}

/**
 * Every n-th frame of a log.
 *
 * @param log - The log.
 * @param every - Frames from one kept frame to the next.
 * @returns A log with a longer time step; its arrays are new.
 */
export function subsampleLog(log: TrafficLog, every: number): TrafficLog {
  const [frames, scenes, cars] = log.shape;
  const kept = Math.ceil(frames / every);
  const row = scenes * cars;
  const pick = <T extends Float32Array | Uint8Array>(values: T): T => {
    const out = new (values.constructor as new (n: number) => T)(kept * row);
    for (let t = 0; t < kept; t++) out.set(values.subarray(t * every * row, (t * every + 1) * row), t * row);
    return out;
  };
  return {
    ...log,
    dt: log.dt * every,
    x: pick(log.x),
    y: pick(log.y),
    v: pick(log.v),
    present: pick(log.present),
    shape: [kept, scenes, cars],
  };
}
