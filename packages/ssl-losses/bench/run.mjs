// Losses with gradients against the textbook composition of stock operations, in turns in one process, and against PyTorch
// in the same run where LAB_PYTHON names a Python that has it; needs a build.
//   node bench/run.mjs [--only wasm,tensorflow] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_TENSORFLOW_DIR names a project with the TensorFlow binding. What is missing is named as left out.
import { runBench } from "@lab/tooling/bench";
import { lossRows } from "./loss-rows.mjs";

await runBench(import.meta.url, {
  wasm: () => lossRows("wasm"),
  tensorflow: () => lossRows("tensorflow"),
});
