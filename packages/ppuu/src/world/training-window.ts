import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { inferActionsHost } from "../ego/infer-actions.js";
import { recordedStates } from "../log/recorded-states.js";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Place } from "../scene/scene.js";
import { NUM_TRACKED } from "../scene/tracked-cars.js";
import { carsAround, historyFromLog, samplePlaces, writeCars } from "../scene/windows.js";
import type { TrainingWindow } from "./world-model.js";

/** What happened before and after some places of a log. */
export function trainingWindow(
  log: TrafficLog,
  places: readonly Place[],
  frames: number,
  steps: number,
): TrainingWindow {
  const batch = places.length;
  const ego = new Float32Array(batch * steps * 5);
  const actions = new Float32Array(batch * steps * 2);
  const cars = new Float32Array(batch * steps * NUM_TRACKED * 5);
  const mask = new Float32Array(batch * steps * NUM_TRACKED);
  for (const [b, { scene, car, frame }] of places.entries()) {
    const from = frame - frames + 1;
    const states = recordedStates(log, scene, car, from, frame + steps + 1).subarray(5 * (frames - 1));
    ego.set(states.subarray(5), b * steps * 5);
    actions.set(inferActionsHost(states, log.dt), b * steps * 2);
    const around = carsAround(log, places[b]!);
    const egoX = log.x[entryOf(log, frame, scene, car)]!;
    for (let t = 0; t < steps; t++) {
      writeCars(log, scene, frame + 1 + t, around, egoX, cars, mask, b * steps + t);
    }
  }
  return {
    history: historyFromLog(log, places, frames),
    ego: tf.tensor3d(ego, [batch, steps, 5]),
    actions: tf.tensor3d(actions, [batch, steps, 2]),
    cars: tf.tensor4d(cars, [batch, steps, NUM_TRACKED, 5]),
    mask: tf.tensor3d(mask, [batch, steps, NUM_TRACKED]),
  };
}

/** A random window of a log. */
export function sampleWindow(
  log: TrafficLog,
  batch: number,
  frames: number,
  steps: number,
  generator: Generator,
): TrainingWindow {
  return trainingWindow(log, samplePlaces(log, batch, frames - 1, steps + 1, generator), frames, steps);
}
