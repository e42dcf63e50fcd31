export { compareRuns, figureOf, tableOf } from "./report.mjs";
export { node, python, rivalEnvironment } from "./rivals.mjs";
export { inTurns, median, processorClock, repeatsOr, row, sample, spreadOf, wallClock } from "./rows.mjs";
export { runBench } from "./run-bench.mjs";
