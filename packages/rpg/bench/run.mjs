// Every bar of this package in one table, each against a named rival in the same run; needs a build.
//   node bench/run.mjs [--only generation,index,file,wasm,tensorflow] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with torch and LAB_TENSORFLOW_DIR a project with the TensorFlow binding; rows that need what
// is missing are named as left out.
import { init } from "@lab/core";
import { python, repeatsOr, runBench } from "@lab/tooling/bench";
import { fileRows, generationRows, indexRows } from "./generation.mjs";
import { stepRows } from "./steps.mjs";

const pairs = repeatsOr(15);
const onWasm = (rows) => async () => {
  await init({ backend: "wasm" });
  return { rows: await rows() };
};

await runBench(import.meta.url, {
  async generation() {
    await init({ backend: "wasm" });
    const torch = python(new URL("torch-rival.py", import.meta.url));
    const { missing } = torch;
    return {
      rows: await generationRows(pairs, missing ? undefined : torch),
      skipped: missing ? [{ name: "rows against PyTorch", reason: missing }] : [],
    };
  },
  index: onWasm(() => indexRows(5)),
  file: onWasm(() => fileRows(pairs)),
  wasm: onWasm(() => stepRows("wasm", (net) => (net.startsWith("MLP") ? 1.1 : 1.05), pairs)),
  async tensorflow() {
    const project = process.env.LAB_TENSORFLOW_DIR;
    if (!project) {
      const reason = "LAB_TENSORFLOW_DIR names no project";
      return { rows: [], skipped: [{ name: "steps on tensorflow", reason }] };
    }
    process.chdir(project);
    await init({ backend: "tensorflow" });
    return { rows: await stepRows("tensorflow", () => 1.1, pairs) };
  },
});
