import { checkChoice, checkInteger, checkNumber, DataError, type Progress } from "@lab/core";
import { LANE_WIDTH, type Road } from "../log/road.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { byteSource } from "./byte-source.js";
import { parseRows } from "./parse-rows.js";
import { type Track, TrackBuilder } from "./tracks.js";

/** Options of {@link loadNgsim}. */
export interface LoadNgsimOptions {
  /** Frames of the centred running mean; 0 for none. @defaultValue 15 */
  smooth?: number;
  /** Numbers of vehicles to leave out. @defaultValue none */
  exclude?: readonly number[];
  /** Lanes to keep, 1 for the leftmost, 7 for the on-ramp. @defaultValue all */
  lanes?: readonly number[];
  /** First Frame_ID to keep. @defaultValue the first */
  from?: number;
  /** Last Frame_ID to keep. @defaultValue the last */
  to?: number;
  /** Units of the file; `auto` takes feet and refuses files that look like metres. @defaultValue `"auto"` */
  units?: "feet" | "metres" | "auto";
  /** Place to keep, where the file has a column `Location`. @defaultValue `"i-80"` */
  location?: string;
  /** Metres along the road that become 0. @defaultValue 72.46 */
  origin?: number;
  /** Receives progress in bytes. */
  onProgress?: (progress: Progress) => void;
  /** Stops the reading. */
  signal?: AbortSignal;
}

/** What was found and done to it. */
export interface NgsimReport {
  /** Cars in the log. */
  vehicles: number;
  /** Frames from the first to the last. */
  frames: number;
  /** Rows that repeated the one before. */
  duplicates: number;
  /** Cars that were present for too few frames. */
  dropped: number;
  /** Interruptions; what follows counts as another car. */
  gaps: number;
  /** Share of accelerations above 3 m/s² as recorded. */
  hardBefore: number;
  /** The same share after smoothing. */
  hardAfter: number;
}

const FOOT = 0.3048;
/** Cars that are present for fewer frames are dropped. */
const FEWEST_FRAMES = 16;
/** A median length above this many units means feet. */
const LONGEST_IN_METRES = 8;
const HARD = 3;
/** Frames times cars of the largest log, 13 GB. */
const MOST_PLACES = 1e9;

const I80: Road = {
  lanes: 6,
  laneWidth: LANE_WIDTH,
  ramp: { y0: 6 * LANE_WIDTH + 8.17, slope: -0.035, end: 233 },
  destination: 251.3,
};

/**
 * Reads a trajectory file of NGSIM I-80: 18 columns separated by white space, or CSV with a header.
 *
 * Axes are swapped so that x runs along the road and y to the right; the recorded front centre becomes the centre; feet
 * become metres; positions are smoothed by a centred running mean, which does not shift time; speed and direction come
 * from the smoothed positions. Each recording of a file becomes a scene.
 *
 * @param source - A path (in Node), a stream or a blob; it is read in chunks.
 * @param options - See {@link LoadNgsimOptions}.
 * @returns The log, with a report of what was found.
 * @throws {@link DataError} with the line number for rows that cannot be used: numbers missing, a vehicle's frames going
 *   back, a file cut short; with the columns found when one is missing; when the units look like metres.
 * @throws The signal's reason after an abort.
 * @see U.S. Department of Transportation (2016), Next Generation Simulation vehicle trajectories, data dictionary.
 */
export async function loadNgsim(
  source: string | ReadableStream<Uint8Array> | Blob,
  options: LoadNgsimOptions = {},
): Promise<TrafficLog & { report: NgsimReport }> {
  const smooth = checkInteger("loadNgsim", "smooth", options.smooth ?? 15, { min: 0 });
  const units = checkChoice("loadNgsim", "units", options.units ?? "auto", [
    "feet",
    "metres",
    "auto",
  ] as const);
  const origin = checkNumber("loadNgsim", "origin", options.origin ?? 72.46);
  const bytes = byteSource(source);
  const builder = new TrackBuilder(bytes.name, {
    exclude: new Set(options.exclude),
    lanes: options.lanes && new Set(options.lanes),
    from: options.from ?? Number.NEGATIVE_INFINITY,
    to: options.to ?? Number.POSITIVE_INFINITY,
  });
  const { onProgress } = options;
  await parseRows(bytes, options.location ?? "i-80", (row, line) => builder.add(row, line), {
    signal: options.signal,
    onBytes:
      onProgress && ((done) => onProgress({ done, ...(bytes.size !== undefined && { total: bytes.size }) })),
  });
  const kept = builder.tracks.filter(({ along }) => along.size >= FEWEST_FRAMES);
  if (kept.length === 0) {
    throw new DataError(
      `loadNgsim: ${bytes.name} holds ${builder.tracks.length} cars and none for ${FEWEST_FRAMES} frames; at least one was expected`,
      { path: bytes.name },
    );
  }
  return assemble(kept, scaleOf(kept, units, bytes.name), { smooth, origin, path: bytes.name }, builder);
}

function scaleOf(tracks: readonly Track[], units: "feet" | "metres" | "auto", path: string): number {
  if (units !== "auto") return units === "feet" ? FOOT : 1;
  const lengths = tracks.map(({ length }) => length).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)]!;
  if (median > LONGEST_IN_METRES) return FOOT;
  throw new DataError(`loadNgsim: units of ${path} look like metres (median length ${median}); pass units`, {
    path,
  });
}

function assemble(
  tracks: readonly Track[],
  scale: number,
  { smooth, origin, path }: { smooth: number; origin: number; path: string },
  { duplicates, gaps, tracks: all }: TrackBuilder,
): TrafficLog & { report: NgsimReport } {
  const first = Math.min(...tracks.map(({ from }) => from));
  const frames = Math.max(...tracks.map(({ from, along }) => from + along.size)) - first;
  const bySlot = new Map<number, Track[]>();
  for (const track of tracks) bySlot.set(track.slot, [...(bySlot.get(track.slot) ?? []), track]);
  const scenes = bySlot.size;
  const cars = Math.max(...[...bySlot.values()].map((list) => list.length));
  const size = frames * scenes * cars;
  if (size > MOST_PLACES) {
    throw new DataError(
      `loadNgsim: frames ${first} to ${first + frames - 1} of ${path} with ${cars * scenes} cars make a log of ${Math.round(size / 1e9)} billion places; at most 1 were expected, so pass from and to`,
      { path },
    );
  }
  const log: TrafficLog = {
    dt: 0.1,
    x: new Float32Array(size),
    y: new Float32Array(size),
    v: new Float32Array(size),
    present: new Uint8Array(size),
    shape: [frames, scenes, cars],
    length: new Float32Array(scenes * cars),
    width: new Float32Array(scenes * cars),
    road: { ...I80 },
    source: path,
  };
  let [hardBefore, hardAfter, total] = [0, 0, 0];
  for (const [scene, list] of [...bySlot.values()].entries()) {
    for (const [car, track] of list.entries()) {
      const count = track.along.size;
      const raw = {
        x: track.along.values.subarray(0, count).map((value) => value * scale - origin),
        y: track.across.values.subarray(0, count).map((value) => value * scale),
      };
      const x = runningMean(raw.x, smooth);
      const y = runningMean(raw.y, smooth);
      hardBefore += countHard(raw.x, raw.y, log.dt);
      hardAfter += countHard(x, y, log.dt);
      total += Math.max(0, count - 2);
      const length = track.length * scale;
      log.length[scene * cars + car] = length;
      log.width[scene * cars + car] = track.width * scale;
      let direction: [number, number] = [1, 0];
      for (let i = 0; i < count; i++) {
        const [a, b] = i + 1 < count ? [i, i + 1] : [i - 1, i];
        const [dx, dy] = [x[b]! - x[a]!, y[b]! - y[a]!];
        const step = Math.hypot(dx, dy);
        if (step > 1e-6) direction = [dx / step, dy / step];
        const entry = ((track.from - first + i) * scenes + scene) * cars + car;
        log.x[entry] = x[i]! - (length / 2) * direction[0];
        log.y[entry] = y[i]! - (length / 2) * direction[1];
        log.v[entry] = step / log.dt;
        log.present[entry] = 1;
      }
    }
  }
  return {
    ...log,
    report: {
      vehicles: tracks.length,
      frames,
      duplicates,
      dropped: all.length - tracks.length,
      gaps,
      hardBefore: total > 0 ? hardBefore / total : 0,
      hardAfter: total > 0 ? hardAfter / total : 0,
    },
  };
}

/** Centred running mean over `window` values; near the ends the window shrinks on both sides alike. */
function runningMean(values: Float32Array, window: number): Float64Array {
  const half = Math.floor(window / 2);
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  return Float64Array.from(values, (_, i) => {
    const reach = Math.min(half, i, values.length - 1 - i);
    return (sums[i + reach + 1]! - sums[i - reach]!) / (2 * reach + 1);
  });
}

function countHard(x: ArrayLike<number>, y: ArrayLike<number>, dt: number): number {
  let count = 0;
  let before = Number.NaN;
  for (let i = 1; i < x.length; i++) {
    const speed = Math.hypot(x[i]! - x[i - 1]!, y[i]! - y[i - 1]!) / dt;
    if (Math.abs(speed - before) / dt > HARD) count++;
    before = speed;
  }
  return count;
}
