import { labPackage } from "@lab/tooling/tsup";

export default labPackage({
  index: "src/index.ts",
  "experiments/index": "src/experiments/index.ts",
  "commands/index": "src/commands/index.ts",
  worker: "src/worker.ts",
});
