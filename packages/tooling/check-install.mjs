// Packs every package, installs each as a user would (npm, an empty folder outside the workspace), and runs the first
// example of its README there as an ES module and as CommonJS. Needs the package registry.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { transformSync } from "esbuild";

const packages = join(import.meta.dirname, "..");
const only = process.argv.slice(2);
const names = readdirSync(packages).filter((name) => {
  const manifest = JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"));
  return !manifest.private && (only.length === 0 || only.includes(name) || name === "core");
});
const work = mkdtempSync(join(tmpdir(), "lab-install-"));
const tarballs = Object.fromEntries(names.map((name) => [name, pack(name)]));

function pack(name) {
  const output = execFileSync("pnpm", ["pack", "--pack-destination", work, "--json"], {
    cwd: join(packages, name),
    encoding: "utf8",
  });
  return JSON.parse(output).filename;
}

/** TypeScript without its types; a function around it allows `await`. */
function plain(body) {
  const { code } = transformSync(`async () => {\n${body}\n}`, { loader: "ts", target: "node20" });
  return code.replace(/^async \(\) => \{/, "").replace(/\};?\s*$/, "");
}

/** The first ts block of the README with `// => value` turned into checks. */
function example(name) {
  const readme = readFileSync(join(packages, name, "README.md"), "utf8");
  const block = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (!block) return undefined;
  const lines = block
    .split("\n")
    .map((line) => line.replace(/^(\s*)(.+?);?\s*\/\/ => (.+)$/, "$1assert.deepEqual($2, $3);"));
  return {
    imports: lines.filter((line) => line.startsWith("import ")),
    body: plain(lines.filter((line) => !line.startsWith("import ")).join("\n")),
  };
}

const toRequire = (line) =>
  line
    .replace(/^import \* as (\w+) from (".+?");?/, "const $1 = require($2);")
    .replace(
      /^import (\{.+?\}) from (".+?");?/,
      (_, bindings, from) => `const ${bindings.replaceAll(" as ", ": ")} = require(${from});`,
    );

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

for (const name of names) {
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
  const found = example(name);
  if (found) {
    writeFileSync(
      join(folder, "example.mjs"),
      `import assert from "node:assert/strict";\n${found.imports.join("\n")}\n${found.body}`,
    );
    writeFileSync(
      join(folder, "example.cjs"),
      `const assert = require("node:assert/strict");\n${found.imports.map(toRequire).join("\n")}\n(async () => {\n${found.body}\n})().catch((error) => { console.error(error); process.exit(1); });\n`,
    );
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
