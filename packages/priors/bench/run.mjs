// Prior files, and the prior of a ResNet-18 beside that network's own training step, on each backend; needs a build.
//   node bench/run.mjs [--only file,wasm,tensorflow] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with torch, whose distribution is a rival of the same run; LAB_TENSORFLOW_DIR a project with the
// TensorFlow binding. What is missing is named as left out.
import { runBench } from "@lab/tooling/bench";
import { fileRows } from "./file-rows.mjs";
import { priorRows } from "./prior-rows.mjs";

await runBench(import.meta.url, {
  file: fileRows,
  // Twenty deviations of all 11 million parameters and their temporaries exceed the 2 GiB of the wasm heap.
  wasm: () => priorRows("wasm", { width: 32, batch: 32 }),
  tensorflow: () => priorRows("tensorflow", { width: 64, batch: 128 }),
});
