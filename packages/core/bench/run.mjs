// Every bar of this package in one table, each against a named rival in the same run; needs a build.
//   node bench/run.mjs [--only wasm,linalg] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with torch, numpy and kornia, LAB_TENSORFLOW_DIR a project with the TensorFlow binding;
// rows that need what is missing say so. --compare ends with status 1 when a row is worse than before beyond the noise.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { compareRuns, figureOf, tableOf } from "./report.mjs";
import { node } from "./rows.mjs";

const sections = [
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

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "string" },
    figure: { type: "string" },
    compare: { type: "string" },
    section: { type: "string" },
  },
});

/** One section in a process of its own: backends, memory and compiled code do not meet. */
async function runSection(name) {
  const { rows } = await import(`./${name}.mjs`);
  process.stdout.write(`\n${JSON.stringify(await rows())}\n`);
}

async function runAll() {
  const wanted = flags.only ? flags.only.split(",") : sections;
  const unknown = wanted.find((name) => !sections.includes(name));
  if (unknown) throw new Error(`--only is ${unknown}; ${sections.join(", ")} were expected`);
  const result = {
    package: "@lab/core",
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    versions: { node: process.version, core: version("../package.json"), tfjs: (await tfjs()).version_core },
    rows: [],
    skipped: [],
  };
  for (const section of wanted) {
    process.stderr.write(`${section} ...\n`);
    const { rows, skipped = [] } = node("run.mjs", ["--section", section]);
    result.rows.push(...rows.map((row) => ({ section, ...row })));
    result.skipped.push(...skipped.map((entry) => ({ section, ...entry })));
  }
  console.log(tableOf(result));
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(result, null, 1)}\n`);
  if (flags.figure) writeFileSync(flags.figure, figureOf(result));
  if (flags.compare) {
    const { text, regressions } = compareRuns(JSON.parse(readFileSync(flags.compare, "utf8")), result);
    console.log(`\n${text}`);
    process.exitCode = regressions > 0 ? 1 : 0;
  }
}

const tfjs = () => import("@tensorflow/tfjs-core");
const version = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;

if (flags.section) await runSection(flags.section);
else await runAll();
