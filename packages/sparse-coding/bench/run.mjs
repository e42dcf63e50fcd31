// Sparse coding, inference and learning against scikit-learn and PyTorch (LAB_PYTHON) on the same data, in turns in one run;
// processor time, one thread on both sides. Needs a build.
//   node bench/run.mjs [--only codes-128,inference] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
import { row, runBench } from "@lab/tooling/bench";
import { bundleSize } from "./bundle-size.mjs";
import { codes } from "./lasso.mjs";
import { inference, online, training } from "./learning.mjs";

await runBench(import.meta.url, {
  "codes-128": () => codes({ dim: 784, atoms: 128, bar: 15, alpha: 0.25 }),
  "codes-512": () => codes({ dim: 256, atoms: 512, bar: 170, alpha: 0.3 }),
  inference,
  training,
  online,
  async size() {
    const name = "bundle of /lasso beyond tfjs-core, minified, gzip";
    return { rows: [row({ name, ours: await bundleSize(), unit: "kB", bar: { of: "ours", atMost: 8 } })] };
  },
});
