import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Place } from "../scene/scene.js";
import { carsAround, writeCars } from "../scene/windows.js";
import type { WorldModel } from "./world-model.js";

interface ReplayState {
  places: readonly Place[];
  cars: readonly Int32Array[];
  steps: number;
}

/**
 * The recorded future: the others do what they did, whatever the ego does.
 *
 * The cars around the ego at the start are followed; beyond the end of the log they stay where they were.
 *
 * @param log - The log from which histories are taken.
 * @returns A world model without parameters, of kind `replay`.
 */
export function replayWorld(log: TrafficLog): WorldModel {
  return {
    kind: "replay",
    predictsEgo: false,
    reset(history) {
      const { places } = history;
      if (!places) {
        throw new ArgumentError(
          "replayWorld: history has no places; a history made from the log was expected",
          { argument: "history", value: undefined },
        );
      }
      return { places, cars: places.map((place) => carsAround(log, place)), steps: 0 };
    },
    step: (state) => ({ ...state, steps: (state as unknown as ReplayState).steps + 1 }),
    scene(given) {
      const { places, cars, steps } = given as unknown as ReplayState;
      const numCars = cars[0]!.length;
      const values = new Float32Array(places.length * numCars * 5);
      const mask = new Float32Array(places.length * numCars);
      for (const [row, { scene, car, frame }] of places.entries()) {
        const egoX = log.x[entryOf(log, frame, scene, car)]!;
        writeCars(log, scene, frame + steps, cars[row]!, egoX, values, mask, row);
      }
      return {
        cars: tf.tensor3d(values, [places.length, numCars, 5]),
        mask: tf.tensor2d(mask, [places.length, numCars]),
        road: log.road,
      };
    },
  };
}
