export type { SweepArm } from "./arm.js";
export { dofPlot } from "./dof-plot.js";
export {
  type DofSweepOptions,
  dofSweep,
  type SweepEvent,
  type SweepResult,
  type SweepRow,
} from "./dof-sweep.js";
export type { SweepData, SweepModule, SweepProblem, SweepRows, SweepTraining } from "./problem.js";
