// Every bar of this package in one table, each against a named rival in the same run; needs a build.
//   node bench/run.mjs [--only wasm,linalg] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with torch, numpy and kornia, LAB_TENSORFLOW_DIR a project with the TensorFlow binding;
// rows that need what is missing say so. full-workers, a sweep over 10, 100 and 1000 workers, runs when it is asked for.
import { runBench } from "@lab/tooling/bench";

const names = [
  "import",
  "wasm",
  "tensorflow",
  "webgpu",
  "linalg",
  "memory",
  "augmentation",
  "safetensors",
  "jobs",
];

const section = (file) => async () => (await import(`./${file}.mjs`)).rows();

await runBench(import.meta.url, {
  ...Object.fromEntries(names.map((name) => [name, section(name)])),
  "full-workers": section("workers"),
});
