/**
 * Independent tasks in this process, on threads, or on other machines.
 *
 * @packageDocumentation
 */
export { mapTasks } from "./map-tasks.node.js";
export { serveTasks } from "./serve-tasks.node.js";
export type {
  MapTasksOptions,
  Runner,
  ServeTasksOptions,
  TaskContext,
  TaskHandler,
  TaskInput,
  TaskResult,
} from "./types.js";
