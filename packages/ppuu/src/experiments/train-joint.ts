import type { ExperimentContext } from "@lab/core/experiment";
import type { TrafficLog } from "../log/traffic-log.js";
import { jointWorldModel } from "../world/joint-world.js";
import { trainWorldModel } from "../world/train-world-model.js";
import type { LearnedWorldModel } from "../world/world-model.js";

/** The joint model of the comparisons, trained as the protocol says: 5 steps, 128 windows, Adam at 1e-3. */
export function trainJointModel(
  { seed, store, signal, onProgress }: ExperimentContext<unknown>,
  log: TrafficLog,
  updates: number,
): Promise<LearnedWorldModel> {
  return trainWorldModel(log, {
    world: jointWorldModel({ seed }),
    updates,
    batch: 128,
    horizon: 5,
    learningRate: 1e-3,
    seed,
    checkpoint: `${store}/joint.ckpt`,
    signal,
    on: ({ step, loss }) =>
      onProgress({ done: step, total: updates, message: "training the joint model", metrics: { loss } }),
  });
}
