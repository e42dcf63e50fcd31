/**
 * Training: an asynchronous loop with events, evaluation, early stopping, atomic checkpoints and exact resume.
 *
 * @packageDocumentation
 */
export type { CheckpointStore } from "./checkpoint-store.js";
export type { Event, History, HistoryRow } from "./event.js";
export { fit } from "./fit.js";
export type { BatchSource, Every, FitOptions, NamedResult, StepResult, Stopping } from "./options.js";
