// npm run bench: the bars of every package in one table, each measured against its rival in the run that prints it.
//   npm run bench -- [--only hull,rpg] [--json FILE] [--figure FILE.svg] [--compare OLD.json]
// LAB_PYTHON names a Python with bench-requirements.txt of this folder; rows that need what is missing say so.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compareRuns, figureOf } from "./bench/index.mjs";
import { install, pnpm, root } from "./bootstrap.mjs";

const { values: flags } = parseArgs({
  options: Object.fromEntries(
    ["only", "json", "figure", "compare"].map((name) => [name, { type: "string" }]),
  ),
});
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const manifestOf = (name) => join(root, "packages", name, "package.json");
const all = readdirSync(join(root, "packages")).filter(
  (name) => existsSync(manifestOf(name)) && read(manifestOf(name)).scripts?.bench,
);
const wanted = flags.only?.split(",") ?? all;
const unknown = wanted.find((name) => !all.includes(name));
if (unknown) throw new Error(`--only is ${unknown}; ${all.join(", ")} were expected`);

await install();
if ((await pnpm(["exec", "turbo", "run", "build", "--concurrency=2"])) !== 0) process.exit(1);

const folder = mkdtempSync(join(tmpdir(), "lab-bench-"));
const reports = [];
let failures = 0;
for (const name of wanted) {
  console.log(`\n${name}`);
  const file = join(folder, `${name}.json`);
  const [command, ...args] = read(manifestOf(name)).scripts.bench.split(" ");
  const { status } = spawnSync(command === "node" ? process.execPath : command, [...args, "--json", file], {
    cwd: join(root, "packages", name),
    stdio: "inherit",
  });
  if (status === 0 && existsSync(file)) reports.push(read(file));
  else {
    failures += 1;
    console.error(`${name}: its bench ended with status ${status}`);
  }
}
rmSync(folder, { recursive: true });

const judged = reports.flatMap((report) => report.rows.filter((row) => typeof row.met === "boolean"));
console.log(`\n${judged.filter((row) => row.met).length} of ${judged.length} bars met`);
for (const { package: name, rows } of reports) {
  for (const row of rows.filter(({ met }) => met === false))
    console.log(`missed: ${name}: ${row.name}: ${row.ratio ?? row.ours} (bar ${row.bar})`);
}
if (flags.json) writeFileSync(flags.json, `${JSON.stringify(reports, null, 1)}\n`);
if (flags.figure) writeFileSync(flags.figure, figureOf(reports));
if (flags.compare) {
  const { text, regressions } = compareRuns(read(flags.compare), reports);
  console.log(`\n${text}`);
  failures += regressions;
}
process.exitCode = failures === 0 ? 0 : 1;
