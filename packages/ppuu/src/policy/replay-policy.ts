import { ArgumentError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { inferActionsHost } from "../ego/infer-actions.js";
import { recordedStates } from "../log/recorded-states.js";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Policy } from "./policy.js";

/**
 * The recorded actions, without looking: what the car of the log did in this frame.
 *
 * @param log - The log that the episodes come from.
 * @returns A policy that needs observations with a history from the log.
 */
export function replayPolicy(log: TrafficLog): Policy {
  return ({ ego, history }) => {
    const places = history?.places;
    if (!places) {
      throw new ArgumentError(
        "replayPolicy: history has no places; an observation from the log was expected",
        {
          argument: "observation",
          value: undefined,
        },
      );
    }
    const actions = new Float32Array(2 * ego.shape[0]);
    for (const [row, { scene, car, frame }] of places.entries()) {
      if (frame + 1 >= log.shape[0] || log.present[entryOf(log, frame + 1, scene, car)] === 0) continue;
      // Some frames before give a standing car its direction.
      let from = frame;
      while (from > 0 && frame - from < 10 && log.present[entryOf(log, from - 1, scene, car)] === 1) from--;
      let to = frame + 2;
      if (to < log.shape[0] && log.present[entryOf(log, to, scene, car)] === 1) to++;
      const inferred = inferActionsHost(recordedStates(log, scene, car, from, to), log.dt);
      actions.set(inferred.subarray(2 * (frame - from), 2 * (frame - from) + 2), 2 * row);
    }
    return tf.tensor2d(actions, [ego.shape[0], 2]);
  };
}
