export { compareRuns, figureOf, tableOf } from "./report.mjs";
export { node, python, rivalEnvironment } from "./rivals.mjs";
export {
  defaultClock,
  exponentOf,
  inTurns,
  median,
  processorClock,
  repeatsOr,
  row,
  sample,
} from "./rows.mjs";
export { runBench } from "./run-bench.mjs";
