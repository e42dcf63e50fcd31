// Every bar of this package in one table, each against a named rival in the same run; needs a build.
//   node bench/run.mjs [--only generation,index,file,wasm,tensorflow] [--json FILE]
// LAB_PYTHON names a Python with torch and LAB_TENSORFLOW_DIR a project with the TensorFlow binding; rows that need what
// is missing are named as skipped.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tableOf } from "./rows.mjs";

const SECTIONS = ["generation", "index", "file", "wasm", "tensorflow"];
const { values: flags } = parseArgs({
  options: { only: { type: "string" }, json: { type: "string" }, section: { type: "string" } },
});
const pairs = Number(process.env.LAB_BENCH_REPEATS ?? 15);

/** What PyTorch takes, or why it is not known. */
function torch() {
  if (!process.env.LAB_PYTHON) return { missing: "LAB_PYTHON names no Python" };
  // Some machines tell OpenBLAS the wrong processor.
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...env } = process.env;
  const script = join(import.meta.dirname, "torch-rival.py");
  const { status, stdout, stderr } = spawnSync(process.env.LAB_PYTHON, [script], { encoding: "utf8", env });
  return status === 0 ? JSON.parse(stdout) : { missing: stderr.trim().split("\n").at(-1) };
}

/** One section, in a process of its own so that backends do not meet. */
async function section(name) {
  const { init } = await import("@lab/core");
  const skipped = [];
  if (name === "tensorflow") {
    const { stepRows } = await import("./steps.mjs");
    if (!process.env.LAB_TENSORFLOW_DIR) {
      return {
        rows: [],
        skipped: [{ name: "steps on tensorflow", why: "LAB_TENSORFLOW_DIR names no project" }],
      };
    }
    process.chdir(process.env.LAB_TENSORFLOW_DIR);
    await init({ backend: "tensorflow" });
    return { rows: await stepRows("tensorflow", () => 1.1, pairs), skipped };
  }
  await init({ backend: "wasm" });
  if (name === "wasm") {
    const { stepRows } = await import("./steps.mjs");
    return { rows: await stepRows("wasm", (net) => (net.startsWith("MLP") ? 1.1 : 1.05), pairs), skipped };
  }
  const { fileRows, generationRows, indexRows } = await import("./generation.mjs");
  if (name === "index") return { rows: await indexRows(5), skipped };
  if (name === "file") return { rows: await fileRows(pairs), skipped };
  const rival = torch();
  if (rival.missing) skipped.push({ name: "rows against PyTorch", why: rival.missing });
  return { rows: await generationRows(pairs, rival.missing ? undefined : rival), skipped };
}

if (flags.section) {
  process.stdout.write(`\n${JSON.stringify(await section(flags.section))}\n`);
} else {
  const version = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version;
  const { version_core: tfjs } = await import("@tensorflow/tfjs-core");
  const result = {
    package: "@lab/rpg",
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    versions: { node: process.version, rpg: version, tfjs },
    rows: [],
    skipped: [],
  };
  for (const name of flags.only ? flags.only.split(",") : SECTIONS) {
    if (!SECTIONS.includes(name)) throw new Error(`--only is ${name}; ${SECTIONS.join(", ")} were expected`);
    process.stderr.write(`${name} ...\n`);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [import.meta.filename, "--section", name],
      {
        encoding: "utf8",
      },
    );
    if (status !== 0) throw new Error(`${name}: ${stderr.trim().slice(-2000)}`);
    const { rows, skipped } = JSON.parse(stdout.trim().split("\n").at(-1));
    result.rows.push(...rows);
    result.skipped.push(...skipped);
  }
  process.stdout.write(`${tableOf(result.rows)}\n`);
  for (const { name, why } of result.skipped) process.stdout.write(`skipped: ${name} (${why})\n`);
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(result, null, 1)}\n`);
}
