import { labPackage } from "@lab/tooling/tsup";

export default labPackage({
  index: "src/index.ts",
  "lasso/index": "src/lasso/index.ts",
  "host/index": "src/host/index.ts",
  "data/index": "src/data/index.ts",
  "report/index": "src/report/index.ts",
  "experiments/index": "src/experiments/index.ts",
  "commands/index": "src/commands/index.ts",
});
