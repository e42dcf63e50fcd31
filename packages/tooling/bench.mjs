// npm run bench: the bars of every package in one table, each measured against its rival in the run that prints it.
//   npm run bench -- [--only hull,rpg] [--json FILE] [--compare OLD.json]
// LAB_PYTHON names a Python with bench-requirements.txt of this folder; rows that need what is missing say so.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { install, pnpm, root } from "./bootstrap.mjs";

/** Changes smaller than this are noise on any machine. */
const QUIET = 0.1;

const { values: flags } = parseArgs({
  options: { only: { type: "string" }, json: { type: "string" }, compare: { type: "string" } },
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
    console.log(`missed: ${name}: ${row.name}: ${row.ratio ?? row.ours} (bar ${show(row.bar)})`);
}
if (flags.json) writeFileSync(flags.json, `${JSON.stringify(reports, null, 1)}\n`);

function show(bar) {
  return typeof bar === "object" && bar !== null ? JSON.stringify(bar) : bar;
}

/** How much worse a row is than before: of the ratio where both runs had the rival, else of the figure itself. */
function changeOf(before, now) {
  const hasRatios = Number.isFinite(before.ratio) && Number.isFinite(now.ratio);
  const change = hasRatios ? now.ratio / before.ratio : now.ours / before.ours;
  return (now.moreIsBetter ?? /\/s$/.test(now.unit ?? "")) ? 1 / change : change;
}

if (flags.compare) {
  const old = new Map(
    read(flags.compare).flatMap((report) =>
      report.rows.map((row) => [`${report.package}: ${row.name}`, row]),
    ),
  );
  for (const { package: name, rows } of reports) {
    for (const row of rows) {
      const before = old.get(`${name}: ${row.name}`);
      if (!before) continue;
      const change = changeOf(before, row);
      const noise = Math.max(QUIET, Math.hypot(before.spread ?? 0, row.spread ?? 0));
      if (!(change > 1 + noise)) continue;
      failures += 1;
      console.log(
        `REGRESSION: ${name}: ${row.name}: ×${change.toFixed(2)}, noise ${Math.round(100 * noise)} %`,
      );
    }
  }
}
process.exitCode = failures === 0 ? 0 : 1;
