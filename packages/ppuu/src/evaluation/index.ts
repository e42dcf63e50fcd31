export { drawEpisodes } from "./draw-episodes.js";
export { type EpisodeEvent, type EvaluateOptions, evaluate } from "./evaluate.js";
export { type Comparison, compare, type Rate, type Report } from "./report.js";
export type { EpisodeResult } from "./run-group.js";
