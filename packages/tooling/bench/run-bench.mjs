import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { compareRuns, figureOf, tableOf } from "./report.mjs";
import { node } from "./rivals.mjs";

/**
 * The bench of a package: its sections one after the other, each in a process of its own, so that backends, memory and
 * compiled code do not meet; a table for people, and files where they are asked for.
 *
 * Flags: `--only A,B` (sections), `--json FILE`, `--figure FILE.svg`, `--compare OLD.json` (status 1 when a row is worse
 * than before beyond the noise).
 *
 * @param url - `import.meta.url` of the package's `bench/run.mjs`.
 * @param sections - By name, functions that answer `{ rows, skipped?: [{ name, reason }], versions? }`. A name that starts
 * with `full-` only runs when it is asked for.
 */
export async function runBench(url, sections) {
  const { values: flags } = parseArgs({
    options: Object.fromEntries(
      ["only", "json", "figure", "compare", "section"].map((name) => [name, { type: "string" }]),
    ),
  });
  if (flags.section) {
    const { rows, skipped = [], versions = {} } = await sections[flags.section]();
    // Kilobytes, since this process began.
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    process.stdout.write(`\n${JSON.stringify({ rows, skipped, versions, peak })}\n`);
    return;
  }
  const names = Object.keys(sections);
  const wanted = flags.only?.split(",") ?? names.filter((name) => !name.startsWith("full-"));
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown) throw new Error(`--only is ${unknown}; ${names.join(", ")} were expected`);

  const manifest = JSON.parse(readFileSync(new URL("../package.json", url), "utf8"));
  const tfjs = createRequire(url)("@tensorflow/tfjs-core/package.json");
  const result = {
    package: manifest.name,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim()}`,
    versions: { node: process.version, [manifest.name]: manifest.version, tfjs: tfjs.version },
    rows: [],
    skipped: [],
    peakMegabytes: {},
  };
  for (const section of wanted) {
    process.stderr.write(`${section} ...\n`);
    const { rows, skipped, versions, peak } = node(url, ["--section", section]);
    result.rows.push(...rows.map((row) => ({ section, ...row })));
    result.skipped.push(...skipped.map((entry) => ({ section, ...entry })));
    result.peakMegabytes[section] = peak;
    Object.assign(result.versions, versions);
  }
  console.log(tableOf(result));
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(result, null, 1)}\n`);
  if (flags.figure) writeFileSync(flags.figure, figureOf([result]));
  if (flags.compare) {
    const { text, regressions } = compareRuns([JSON.parse(readFileSync(flags.compare, "utf8"))], [result]);
    console.log(`\n${text}`);
    process.exitCode = regressions > 0 ? 1 : 0;
  }
}
