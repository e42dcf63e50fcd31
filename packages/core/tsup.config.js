import { labPackage } from "@lab/tooling/tsup";

export default labPackage(
  {
    index: "src/index.ts",
    bin: "src/bin/index.ts",
    "device/gradients": "src/device/gradients.ts",
    "linalg/index": "src/linalg/index.ts",
    "random/index": "src/random/index.ts",
    "image/index": "src/image/index.ts",
    "nn/index": "src/nn/index.ts",
    "optim/index": "src/optim/index.ts",
    "train/index": "src/train/index.ts",
    "data/index": "src/data/index.ts",
    "io/index": "src/io/index.ts",
    "metrics/index": "src/metrics/index.ts",
    "host-kernel/index": "src/host-kernel/index.ts",
    "jobs/index": "src/jobs/index.ts",
    "plot/index": "src/plot/index.ts",
    "experiment/index": "src/experiment/index.ts",
    "experiments/index": "src/experiments/index.ts",
    "testing/index": "src/testing/index.ts",
  },
  { browser: true },
);
