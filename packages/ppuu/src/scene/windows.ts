import { ArgumentError, checkNumber, DataError } from "@lab/core";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { recordedState, recordedStates } from "../log/recorded-states.js";
import { shortWay } from "../log/road.js";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import { laneOf } from "./features-operation.js";
import type { History, Place } from "./scene.js";
import { NUM_TRACKED, trackedCars } from "./tracked-cars.js";

/** Rounds of draws after which so few places are accepted that none may ever be. */
const MAX_ATTEMPTS = 1000;

/** First frame and one after the last of a stretch in which a car is present. */
interface Stretch {
  scene: number;
  car: number;
  from: number;
  to: number;
}

const stretchesOfLog = new WeakMap<TrafficLog, Stretch[]>();

/** All stretches in which a car that may be controlled is present. */
function stretches(log: TrafficLog): Stretch[] {
  const known = stretchesOfLog.get(log);
  if (known) return known;
  const [frames, scenes, cars] = log.shape;
  const allowed = log.cars && new Set(log.cars);
  const found: Stretch[] = [];
  for (let scene = 0; scene < scenes; scene++) {
    for (let car = 0; car < cars; car++) {
      if (allowed && !allowed.has(car)) continue;
      let from = -1;
      for (let t = 0; t <= frames; t++) {
        const isThere = t < frames && log.present[entryOf(log, t, scene, car)] === 1;
        if (isThere && from < 0) from = t;
        if (!isThere && from >= 0) {
          found.push({ scene, car, from, to: t });
          from = -1;
        }
      }
    }
  }
  stretchesOfLog.set(log, found);
  return found;
}

/**
 * Random places of a log at which a car has been and will be present.
 *
 * @param log - The log.
 * @param count - How many.
 * @param past - Frames before the present that must be there.
 * @param future - Frames after the present that must be there.
 * @param generator - Draws; every place that qualifies is equally likely.
 * @param accepts - Which places qualify; all by default.
 * @throws {@link DataError} when no car is present for long enough, or hardly any place is accepted.
 */
export function samplePlaces(
  log: TrafficLog,
  count: number,
  past: number,
  future: number,
  generator: Generator,
  accepts?: (place: Place) => boolean,
): Place[] {
  const usable = stretches(log).filter(({ from, to }) => to - from > past + future);
  const sizes = usable.map(({ from, to }) => to - from - past - future);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) {
    throw new DataError(
      `samplePlaces: no car of ${log.source} is present for ${past + future + 1} frames; a longer log was expected`,
      { path: log.source },
    );
  }
  const ends: number[] = [];
  sizes.reduce((sum, size, i) => {
    ends[i] = sum + size;
    return ends[i];
  }, 0);
  const placeOf = (u: number): Place => {
    const at = Math.min(total - 1, Math.floor(u * total));
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! > at) high = middle;
      else low = middle + 1;
    }
    const { scene, car, from } = usable[low]!;
    return { scene, car, frame: from + past + at - (ends[low]! - sizes[low]!) };
  };
  const places: Place[] = [];
  for (let attempt = 0; places.length < count; attempt++) {
    if (attempt === MAX_ATTEMPTS) {
      throw new DataError(
        `samplePlaces: ${places.length} of ${attempt * count} places of ${log.source} are accepted; ${count} were expected, so accept more of them`,
        { path: log.source },
      );
    }
    const drawn = Array.from(generator.float64(count), placeOf);
    places.push(...(accepts ? drawn.filter(accepts) : drawn));
  }
  return places.slice(0, count);
}

/**
 * Tells the places at which a car drives along the middle of its lane from those in the midst of a lane change.
 *
 * A future that begins in a lane change begins up to half a lane beside the middle, which perturbs the start by itself;
 * pass this as `starts` of `trainPolicy` where that is not wanted.
 *
 * @param log - The log.
 * @param tolerance - Metres beside the middle that are still in it, in the place's frame and in the next one.
 * @returns A function of a place.
 * @throws {@link ArgumentError} when the tolerance is negative.
 */
export function keepsLane(log: TrafficLog, tolerance = 0.01): (place: Place) => boolean {
  checkNumber("keepsLane", "tolerance", tolerance, { min: 0 });
  const { lanes, laneWidth } = log.road;
  const isInMiddle = (y: number) =>
    Math.abs(y - (laneOf(y, laneWidth, lanes) + 0.5) * laneWidth) <= tolerance;
  return ({ scene, car, frame }) => {
    const next = Math.min(frame + 1, log.shape[0] - 1);
    return [frame, next].every((t) => isInMiddle(log.y[entryOf(log, t, scene, car)]!));
  };
}

/** Refuses a place whose car is not present from `past` frames before to `future` frames after. */
export function checkPlace(
  caller: string,
  log: TrafficLog,
  place: Place,
  past: number,
  future: number,
): void {
  const [frames] = log.shape;
  let first = place.frame;
  const isThere = (t: number) =>
    t >= 0 && t < frames && log.present[entryOf(log, t, place.scene, place.car)] === 1;
  while (isThere(first - 1)) first--;
  let last = place.frame;
  while (isThere(last + 1)) last++;
  if (isThere(place.frame) && place.frame - first >= past && last - place.frame >= future) return;
  throw new ArgumentError(
    `${caller}: car ${place.car} of scene ${place.scene} is present for ${isThere(place.frame) ? place.frame - first + 1 : 0} frames up to frame ${place.frame} and ${last - place.frame} after it; ${past} before it and ${future} after it were expected`,
    { argument: "car", value: place.car },
  );
}

/** Cars that are followed from a place on: indices in its scene. */
export function carsAround(log: TrafficLog, place: Place): Int32Array {
  const from = entryOf(log, place.frame, place.scene, 0);
  const here = from + place.car;
  const positions = { x: log.x, y: log.y, present: log.present, from, cars: log.shape[2] };
  return trackedCars(positions, log.road, log.x[here]!, log.y[here]!, place.car);
}

/** Writes `x, y, v, length, width` of chosen cars into `out`; answers nothing, marks missing cars in `mask`. */
export function writeCars(
  log: TrafficLog,
  scene: number,
  frame: number,
  cars: Int32Array,
  egoX: number,
  out: Float32Array,
  mask: Float32Array,
  row: number,
): void {
  const t = Math.min(Math.max(frame, 0), log.shape[0] - 1);
  for (let k = 0; k < cars.length; k++) {
    const car = cars[k]!;
    const at = (row * cars.length + k) * 5;
    const entry = car < 0 ? -1 : entryOf(log, t, scene, car);
    const isThere = entry >= 0 && log.present[entry] === 1;
    mask[row * cars.length + k] = isThere ? 1 : 0;
    if (!isThere) {
      out[at] = egoX;
      continue;
    }
    const sizeAt = scene * log.shape[2] + car;
    out[at] = egoX + shortWay(log.road, log.x[entry]! - egoX);
    out[at + 1] = log.y[entry]!;
    out[at + 2] = log.v[entry]!;
    out[at + 3] = log.length[sizeAt]!;
    out[at + 4] = log.width[sizeAt]!;
  }
}

/**
 * What the controlled cars of some places have seen.
 *
 * @param log - The log.
 * @param places - Scene, car and present frame of each row.
 * @param frames - Frames of the history, the present included.
 * @returns A history whose tensors belong to the caller.
 * @throws {@link ArgumentError} when a car is not present for all frames.
 */
export function historyFromLog(log: TrafficLog, places: readonly Place[], frames = 2): History {
  const batch = places.length;
  const ego = new Float32Array(batch * frames * 5);
  const cars = new Float32Array(batch * frames * NUM_TRACKED * 5);
  const mask = new Float32Array(batch * NUM_TRACKED);
  const unused = new Float32Array(batch * frames * NUM_TRACKED);
  const size = new Float32Array(batch * 2);
  for (const [b, place] of places.entries()) {
    checkPlace("historyFromLog", log, place, frames - 1, 0);
    const { scene, car, frame } = place;
    const first = frame - frames + 1;
    ego.set(recordedStates(log, scene, car, first, frame), b * frames * 5);
    const present = recordedState(log, scene, car, frame);
    ego.set(present, (b * frames + frames - 1) * 5);
    const around = carsAround(log, place);
    for (let t = 0; t < frames; t++) {
      writeCars(log, scene, first + t, around, present[0]!, cars, unused, b * frames + t);
    }
    for (let k = 0; k < NUM_TRACKED; k++) mask[b * NUM_TRACKED + k] = around[k]! < 0 ? 0 : 1;
    size[2 * b] = log.length[scene * log.shape[2] + car]!;
    size[2 * b + 1] = log.width[scene * log.shape[2] + car]!;
  }
  return {
    ego: tf.tensor3d(ego, [batch, frames, 5]),
    cars: tf.tensor4d(cars, [batch, frames, NUM_TRACKED, 5]),
    mask: tf.tensor2d(mask, [batch, NUM_TRACKED]),
    car: tf.tensor2d(size, [batch, 2]),
    road: log.road,
    dt: log.dt,
    places,
  };
}

/** Frees the tensors of a history. */
export function disposeHistory({ ego, cars, mask, car }: History): void {
  tf.dispose([ego, cars, mask, car]);
}
