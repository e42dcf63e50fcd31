export { type CodeStats, codeStats } from "./code-stats.js";
export { gaugeFactors, type ReviveOptions, rebalance, revive } from "./rebalance.js";
