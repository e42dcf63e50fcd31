// Packs every package, installs each as a user would (npm, an empty folder outside the workspace), and runs the first
// example of its README there as an ES module and as CommonJS. Needs the package registry.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";
import { publicPackages } from "./public-packages.mjs";
import { writeReadmeExample } from "./readme-example.mjs";

const only = process.argv.slice(2);
const packages = publicPackages(root).filter(
  ({ name }) => only.length === 0 || only.includes(name) || name === "core",
);
const work = mkdtempSync(join(tmpdir(), "lab-install-"));
const tarballs = Object.fromEntries(packages.map(({ name, folder }) => [name, pack(folder)]));

function pack(folder) {
  const output = execFileSync("pnpm", ["pack", "--pack-destination", work, "--json"], {
    cwd: folder,
    encoding: "utf8",
  });
  return JSON.parse(output).filename;
}

let failures = 0;
function run(name, kind, command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, LAB_BACKEND: "" },
  });
  if (status === 0) {
    console.log(`${name}: ${kind} ok`);
    return;
  }
  failures += 1;
  console.error(`${name}: ${kind} failed\n${stdout}${stderr}`);
}

for (const { name, folder: source } of packages) {
  const folder = join(work, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const needed = name === "cli" ? Object.values(tarballs) : [tarballs.core, tarballs[name]];
  run(
    name,
    "npm install",
    "npm",
    ["install", "--no-audit", "--no-fund", "--prefer-offline", ...new Set(needed)],
    folder,
  );
  if (writeReadmeExample(join(source, "README.md"), folder)) {
    run(name, "README example as ES module", process.execPath, ["example.mjs"], folder);
    run(name, "README example as CommonJS", process.execPath, ["example.cjs"], folder);
  }
  if (name === "cli") run(name, "lab list", "npx", ["lab", "list"], folder);
}
rmSync(work, { recursive: true, force: true });
console.log(
  failures === 0 ? "every package installs alone and runs its example" : `${failures} checks failed`,
);
process.exitCode = failures === 0 ? 0 : 1;
