/**
 * The task handler behind sweeps, for `mapTasks` and `serveTasks`: trains one arm.
 *
 * @packageDocumentation
 */
export type { Arm, SweepArm } from "./sweep/arm.js";
export { type ArmOutcome, type ArmTask, default } from "./sweep/arm-task.js";
