import { labPackage } from "@lab/tooling/tsup";

export default labPackage(
  {
    index: "src/index.ts",
    "theory/index": "src/theory/index.ts",
    "datasets/index": "src/datasets/index.ts",
    "experiments/index": "src/experiments/index.ts",
    "commands/index": "src/commands/index.ts",
    worker: "src/worker.ts",
    "on-demand": "src/on-demand.ts",
    "report/index": "src/report/index.ts",
    "verify/index": "src/verify/index.ts",
  },
  { browser: true },
);
