// npm run audit: known advisories against what users of the packages install. Ends with 2 and says so where the registry
// at hand keeps no advisories: not checked is not clean.
import { spawnSync } from "node:child_process";
import { root } from "./bootstrap.mjs";

const { stdout, stderr } = spawnSync("pnpm", ["audit", "--prod", "--json"], { cwd: root, encoding: "utf8" });
let report;
try {
  report = JSON.parse(stdout);
} catch {
  // Not JSON: the complaint below shows what came instead.
}
const advisories = report?.advisories;
if (advisories === undefined) {
  console.error(`${stdout}${stderr}`.trim());
  console.error("NOT CHECKED: this registry does not answer questions about advisories; ask another one");
  process.exit(2);
}
const found = Object.values(advisories);
for (const { severity, module_name: name, title, findings, url } of found)
  console.error(
    `${severity}: ${name} ${findings.map(({ version }) => version).join(", ")}: ${title} (${url})`,
  );
console.log(`${found.length} advisories on what users install`);
process.exitCode = found.length === 0 ? 0 : 1;
