import { ArgumentError, checkInteger } from "@lab/core";
import { nodeModule } from "@lab/core/io";
import { mapTasks, type Runner } from "@lab/core/jobs";
import type { CostModel } from "../costs/cost-model.js";
import type { Outcome } from "../environment/outcome.js";
import { type DrivingOptions, episodeRules } from "../environment/traffic-env.js";
import type { Policy } from "../policy/policy.js";
import type { Place } from "../scene/scene.js";
import { drawEpisodes } from "./draw-episodes.js";
import type { EpisodeTask } from "./episode-task.js";
import { packLog } from "./pack-log.js";
import { type Report, reportOf } from "./report.js";
import { type EpisodeResult, runGroup } from "./run-group.js";

/** An episode that has ended. */
export interface EpisodeEvent {
  /** `episode`. */
  type: "episode";
  /** Number of the episode. */
  id: number;
  /** How it ended. */
  outcome: Outcome;
  /** Metres until the end. */
  distance: number;
  /** Episodes that have ended so far. */
  done: number;
  /** Episodes in all. */
  total: number;
}

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends DrivingOptions {
  /** Episodes. @defaultValue 144 */
  episodes?: number;
  /** Seed of the draw of episodes, of drivers and of the stress. */
  seed: number;
  /** Chosen places instead of a draw. @defaultValue drawn */
  places?: readonly Place[];
  /** Who runs the episodes; beyond `"inline"` only policies that can be described. @defaultValue `"inline"` */
  runner?: Runner;
  /** Folder of finished groups, from which an interrupted evaluation goes on. @defaultValue none */
  store?: string;
  /** Episodes, from the first on, whose moments are recorded for pictures. @defaultValue 0 */
  keep?: number;
  /** Costs whose parts are reported. @defaultValue none */
  costs?: CostModel;
  /** Stops the evaluation. */
  signal?: AbortSignal;
  /** Receives each episode. */
  on?: (event: EpisodeEvent) => void;
}

/** Episodes that are driven side by side; the same for every runner, so that all give the same numbers. */
const GROUP = 24;

/**
 * Puts a policy in the place of recorded cars and counts what happens.
 *
 * In mode `replay` the others follow the log and do not react; in mode `reactive` they are drivers who see the ego. The
 * same seed gives the same episodes to every policy, so that {@link compare} can pair them.
 *
 * @param policy - The policy.
 * @param options - See {@link EvaluateOptions}.
 * @returns Shares with 95 % Wilson intervals, means, and every episode.
 * @throws {@link ArgumentError} when an option is out of range, or a policy cannot travel to the runner.
 * @throws The signal's reason after an abort.
 */
export async function evaluate(policy: Policy, options: EvaluateOptions): Promise<Report> {
  const seed = checkInteger("evaluate", "seed", options.seed, { min: 0 });
  const keep = checkInteger("evaluate", "keep", options.keep ?? 0, { min: 0 });
  const wanted = checkInteger("evaluate", "episodes", options.episodes ?? 144, { min: 1 });
  const rules = episodeRules("evaluate", options, seed, false);
  const places =
    options.places ?? drawEpisodes(rules.log, wanted, seed, Math.max(1, rules.frames - 1), rules.limit);
  const groups = groupsOf(places, keep);
  const results: EpisodeResult[] = [];
  const take = (group: EpisodeResult[]) => {
    for (const result of group) {
      results.push(result);
      const { id, outcome, distance } = result;
      options.on?.({ type: "episode", id, outcome, distance, done: results.length, total: places.length });
    }
  };
  const { runner = "inline", store, signal } = options;
  if (runner === "inline" && store === undefined) {
    for (const group of groups) {
      const own = { ...rules, keep: group.keep };
      take(await runGroup(policy, own, group.places, group.ids, { costs: options.costs, signal }));
    }
  } else {
    const inputs = await tasksOf(policy, options, rules, groups, seed);
    const outputs = mapTasks<EpisodeTask, EpisodeResult[]>({
      name: "ppuu-episodes",
      handler: handlerFor(runner),
      inputs,
      runner,
      ...(store !== undefined && { store }),
      ...(signal && { signal }),
    });
    for await (const { output } of outputs) take(output);
  }
  results.sort((a, b) => a.id - b.id);
  return reportOf(rules.mode, results);
}

/** Episodes that are driven side by side. */
interface Group {
  /** Numbers of the episodes. */
  ids: number[];
  places: Place[];
  /** Whether moments are recorded. */
  keep: boolean;
}

/** Groups of a fixed size, episodes of one scene next to each other: a task then carries few scenes of the log. */
function groupsOf(places: readonly Place[], keep: number): Group[] {
  const order = places.map((_, id) => id);
  const groups: Group[] = [];
  for (const isKept of [true, false]) {
    const ids = order
      .filter((id) => id < keep === isKept)
      .sort((a, b) => places[a]!.scene - places[b]!.scene || a - b);
    for (let from = 0; from < ids.length; from += GROUP) {
      const own = ids.slice(from, from + GROUP);
      groups.push({ ids: own, places: own.map((id) => places[id]!), keep: isKept });
    }
  }
  return groups;
}

async function tasksOf(
  policy: Policy,
  options: EvaluateOptions,
  rules: ReturnType<typeof episodeRules>,
  groups: readonly Group[],
  seed: number,
): Promise<{ key: string; input: EpisodeTask }[]> {
  const spec = await policy.describe?.();
  if (!spec) {
    throw new ArgumentError(
      "evaluate: policy has no description and runner or store is given; a policy of this package was expected; run other functions inline",
      { argument: "policy", value: undefined },
    );
  }
  if (options.costs && !options.costs.spec) {
    throw new ArgumentError("evaluate: costs have no description; costs of this package were expected", {
      argument: "costs",
      value: undefined,
    });
  }
  const { log, mode, ego, clip, margin, destination, limit, frames, observation, stress } = rules;
  return Promise.all(
    groups.map(async ({ ids, places, keep }) => {
      const scenes = [...new Set(places.map(({ scene }) => scene))].sort((a, b) => a - b);
      const input: EpisodeTask = {
        policy: spec,
        log: packLog(log, scenes),
        places: places.map((place) => ({ ...place, scene: scenes.indexOf(place.scene) })),
        ids,
        scenes,
        rules: { mode, ego: ego.spec, clip, margin, destination, limit, frames, observation, stress, seed },
        keep,
        costs: options.costs?.spec ?? null,
      };
      return { key: `${ids[0]}-${await digest(JSON.stringify(input))}`, input };
    }),
  );
}

/**
 * Address of the task handler: on this machine the built file beside this one, wherever the program was started; other
 * machines find their own by name.
 */
function handlerFor(runner: Runner): string {
  const name = "@lab/ppuu/worker";
  if (typeof runner !== "string") return name;
  const beside = new URL("./worker.js", import.meta.url);
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", "evaluate");
  return beside.protocol === "file:" && existsSync(beside) ? beside.href : name;
}

/** The first 16 hexadecimal digits of a text's SHA-256: policy, log, rules and episodes of a task. */
async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, 16);
}
