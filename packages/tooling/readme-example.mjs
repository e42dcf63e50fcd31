// The first example of a package's README as programs for a folder in which the package is installed.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

/** TypeScript without its types; a function around it allows `await`. */
function plain(body) {
  const { code } = transformSync(`async () => {\n${body}\n}`, { loader: "ts", target: "node20" });
  return code.replace(/^async \(\) => \{/, "").replace(/\};?\s*$/, "");
}

const toRequire = (line) =>
  line
    .replace(/^import \* as (\w+) from (".+?");?/, "const $1 = require($2);")
    .replace(
      /^import (\{.+?\}) from (".+?");?/,
      (_, bindings, from) => `const ${bindings.replaceAll(" as ", ": ")} = require(${from});`,
    );

/**
 * Writes the example as `example.mjs` and `example.cjs`, with `// => value` turned into checks.
 * @returns {boolean} false when the README has no example
 */
export function writeReadmeExample(readme, folder) {
  const block = /```ts\n([\s\S]*?)```/.exec(readFileSync(readme, "utf8"))?.[1];
  if (!block) return false;
  const lines = block
    .split("\n")
    .map((line) => line.replace(/^(\s*)(.+?);?\s*\/\/ => (.+)$/, "$1assert.deepEqual($2, $3);"));
  const imports = lines.filter((line) => line.startsWith("import "));
  const body = plain(lines.filter((line) => !line.startsWith("import ")).join("\n"));
  writeFileSync(
    join(folder, "example.mjs"),
    `import assert from "node:assert/strict";\n${imports.join("\n")}\n${body}`,
  );
  writeFileSync(
    join(folder, "example.cjs"),
    `const assert = require("node:assert/strict");\n${imports.map(toRequire).join("\n")}\n(async () => {\n${body}\n})().catch((error) => { console.error(error); process.exit(1); });\n`,
  );
  return true;
}
