// node src/collect-results.mjs OUT NAME: what `lab reproduce --out OUT` computed, as docs/results/NAME.json for the site.
// Pictures stay out: they are megabytes, and everyone can compute them again by the command that each result names.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [out, name] = process.argv.slice(2);
if (!out || !name) throw new Error("collect-results: OUT and NAME were expected");
const root = join(import.meta.dirname, "..", "..", "..");
const lab = join(root, "packages", "cli", "dist", "bin.js");
const file = join(tmpdir(), "lab-collected.html");
const output = execFileSync(process.execPath, [lab, "report", "--out", out, "--file", file, "--json"], {
  encoding: "utf8",
  maxBuffer: 2 ** 28,
});
const results = JSON.parse(output)
  .results.filter(({ isMain }) => isMain)
  .map(({ figures, ...result }) => {
    const folder = join(out, result.experiment.replaceAll("/", "-"), result.mode);
    const runs = readdirSync(folder)
      .filter((entry) => /^seed-\d+\.json$/.test(entry))
      .map((entry) => JSON.parse(readFileSync(join(folder, entry), "utf8")));
    const { device, versions } = runs[0];
    return {
      ...result,
      figures: figures.filter(({ kind }) => kind !== "image"),
      seconds: Math.round(runs.reduce((sum, { seconds }) => sum + seconds, 0)),
      backend: `${device.backend} ${device.version}`,
      machine: device.name,
      versions,
      command: `lab run ${result.experiment} --${result.mode} --seeds ${result.seeds}`,
    };
  });
writeFileSync(join(root, "docs", "results", `${name}.json`), `${JSON.stringify(results, null, 1)}\n`);
