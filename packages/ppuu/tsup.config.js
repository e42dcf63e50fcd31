import { labPackage } from "@lab/tooling/tsup";

export default labPackage({
  index: "src/index.ts",
  evaluation: "src/evaluation.ts",
  images: "src/images.ts",
  ngsim: "src/ngsim/index.ts",
  pictures: "src/pictures.ts",
  planning: "src/planning/index.ts",
  "experiments/index": "src/experiments/index.ts",
  "commands/index": "src/commands/index.ts",
  worker: "src/worker.ts",
});
