import { device, init } from "@lab/core";
import type { CostSpec } from "../costs/cost-model.js";
import type { EgoModelSpec } from "../ego/ego-model.js";
import type { ObservationKind } from "../environment/episodes.js";
import type { Stress } from "../environment/stress.js";
import { episodeRules } from "../environment/traffic-env.js";
import type { PolicySpec } from "../policy/policy.js";
import type { Place } from "../scene/scene.js";
import { costsFromSpec, egoFromSpec, policyFromSpec } from "./build-policy.js";
import { type PackedLog, unpackLog } from "./pack-log.js";
import { type EpisodeResult, runGroup } from "./run-group.js";

/** A group of episodes for another process; plain JSON. */
export interface EpisodeTask {
  /** The policy. */
  policy: PolicySpec;
  /** The scenes that are needed. */
  log: PackedLog;
  /** Where the episodes begin; scenes are counted in the packed log. */
  places: Place[];
  /** Numbers of the episodes. */
  ids: number[];
  /** Scenes in the whole log of the packed scenes. */
  scenes: number[];
  /** Rules. */
  rules: {
    /** Whether the others follow the log or react. */
    mode: "replay" | "reactive";
    /** The ego model. */
    ego: EgoModelSpec;
    /** Whether actions are kept within the model's limits. */
    clip: boolean;
    /** Forgiven overlap in m. */
    margin: number;
    /** Metres to go on a ring, position on an open road. */
    destination: number;
    /** Longest episode in steps. */
    limit: number;
    /** Frames of history that are seen. */
    frames: number;
    /** Whether scenes hold cars, an image, or both. */
    observation: ObservationKind;
    /** What makes it harder. */
    stress: Stress;
    /** Seed of the evaluation. */
    seed: number;
  };
  /** Whether moments are recorded. */
  keep: boolean;
  /** Costs to report. */
  costs: CostSpec | null;
}

/**
 * Drives a group of episodes; the handler of `mapTasks` for evaluations.
 *
 * @param task - The group.
 * @param context - Its signal stops the group.
 * @returns One result for each episode.
 */
export async function runEpisodes(
  task: EpisodeTask,
  context?: { signal?: AbortSignal },
): Promise<EpisodeResult[]> {
  try {
    device();
  } catch {
    await init({ backend: ["wasm", "cpu"] });
  }
  const log = unpackLog(task.log);
  const { limit, ...rest } = task.rules;
  const rules = episodeRules(
    "evaluate",
    { ...rest, log, ego: egoFromSpec(task.rules.ego), limit: limit * log.dt },
    task.rules.seed,
    task.keep,
  );
  const policy = policyFromSpec(task.policy, log);
  const costs = task.costs ? costsFromSpec(task.costs) : undefined;
  try {
    const results = await runGroup(policy, rules, task.places, task.ids, {
      costs,
      signal: context?.signal,
    });
    return results.map((result) => ({
      ...result,
      place: { ...result.place, scene: task.scenes[result.place.scene]! },
    }));
  } finally {
    (policy as { dispose?: () => void }).dispose?.();
  }
}
