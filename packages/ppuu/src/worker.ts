/**
 * What other processes need: the task handler of `mapTasks` and `serveTasks`, and policies from their descriptions.
 *
 * @packageDocumentation
 */

export { policyFromSpec } from "./evaluation/build-policy.js";
export { type EpisodeTask, runEpisodes as default } from "./evaluation/episode-task.js";
export type { PackedLog } from "./evaluation/pack-log.js";
