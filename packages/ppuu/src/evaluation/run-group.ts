import { checkAborted, yieldToEvents } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { CostModel } from "../costs/cost-model.js";
import {
  disposeObservation,
  type EpisodeFrame,
  type EpisodeRules,
  EpisodeRun,
  observationOf,
} from "../environment/episodes.js";
import type { Outcome } from "../environment/outcome.js";
import type { Road } from "../log/road.js";
import type { Policy } from "../policy/policy.js";
import type { Place } from "../scene/scene.js";

/** What happened in one episode; plain JSON. */
export interface EpisodeResult {
  /** Number within the evaluation. */
  id: number;
  /** Where it began. */
  place: Place;
  /** How it ended. */
  outcome: Outcome;
  /** Whether it arrived without any collision. */
  success: boolean;
  /** Whether it arrived without hitting anyone in front; who is hit from behind drives on. */
  successAhead: boolean;
  /** Metres until the end. */
  distance: number;
  /** Seconds until the end. */
  time: number;
  /** Root mean square of the change of acceleration, m/s³. */
  jerk: number;
  /** Shortest time to collision with a car ahead in s; `null` when there was none. */
  minTimeToCollision: number | null;
  /** Mean of each part of the costs, where costs were given. */
  costs: Record<string, number>;
  /** Index of the car that was touched, else −1. */
  touched: number;
  /** Road, sizes and moments, for pictures, where they were kept. */
  recording?: { road: Road; size: [number, number]; dt: number; frames: EpisodeFrame[] };
}

/** Drives a group of episodes to their ends, all rows at once. */
export async function runGroup(
  policy: Policy,
  rules: EpisodeRules,
  places: readonly Place[],
  ids: readonly number[],
  options: { costs?: CostModel | undefined; signal?: AbortSignal | undefined } = {},
): Promise<EpisodeResult[]> {
  const runs = places.map((place, row) => new EpisodeRun(rules, place, String(ids[row])));
  const sums: Record<string, number>[] = runs.map(() => ({}));
  policy.reset?.();
  while (runs.some(({ outcomeAhead }) => !outcomeAhead)) {
    await yieldToEvents();
    checkAborted(options.signal);
    const observation = observationOf(runs);
    const action = await policy(observation);
    const values = await action.data();
    if (options.costs) await addCosts(options.costs, observation, action, runs, sums);
    tf.dispose(action);
    disposeObservation(observation);
    for (const [row, run] of runs.entries()) {
      if (!run.outcomeAhead) run.step([values[2 * row]!, values[2 * row + 1]!]);
    }
  }
  policy.reset?.();
  return runs.map((run, row) => resultOf(run, ids[row]!, sums[row]!));
}

async function addCosts(
  costs: CostModel,
  { ego, scene, car }: Parameters<Policy>[0],
  action: tf.Tensor2D,
  runs: readonly EpisodeRun[],
  sums: Record<string, number>[],
): Promise<void> {
  const { parts } = tf.tidy(() => ({ parts: costs({ ego, scene, car, action }).parts }));
  for (const [name, part] of Object.entries(parts)) {
    const values = await part.data();
    part.dispose();
    for (const [row, run] of runs.entries()) {
      if (!run.outcome) sums[row]![name] = (sums[row]![name] ?? 0) + values[row]!;
    }
  }
}

function resultOf(run: EpisodeRun, id: number, sums: Record<string, number>): EpisodeResult {
  const { log } = run.rules;
  const steps = run.stepsAtEnd;
  const outcome = run.outcome!;
  return {
    id,
    place: run.place,
    outcome,
    success: outcome === "arrived",
    successAhead: run.outcomeAhead === "arrived",
    distance: run.distance,
    time: steps * log.dt,
    jerk: Math.sqrt(run.jerkSquares / Math.max(1, steps - 1)),
    minTimeToCollision: Number.isFinite(run.minTimeToCollision) ? run.minTimeToCollision : null,
    costs: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(1, steps)])),
    touched: run.touched,
    ...(run.rules.keep && {
      recording: { road: log.road, size: [...run.size], dt: log.dt, frames: run.frames },
    }),
  };
}
