/**
 * The task handler behind `tuneScale`, for `mapTasks` and `serveTasks`: one fit with a scaled prior.
 *
 * @packageDocumentation
 */
export { default, type ScaleTask } from "./scale/scale-task.js";
