#!/usr/bin/env node
// Turns the `ts` blocks of README.md and of doc comments into tests; `expr; // => value` becomes an assertion.
// A block whose fence reads `ts no-test` is not run (it needs a browser, a server or hours).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const sources = readdirSync("src", { recursive: true })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => `src/${file}`);
const extra = process.argv.slice(2);
rmSync(".examples", { recursive: true, force: true });
mkdirSync(".examples");
let count = 0;
for (const file of ["README.md", ...sources, ...extra].filter((name) => existsSync(name))) {
  const raw = readFileSync(file, "utf8");
  const text = file.endsWith(".ts") ? raw.replace(/^\s*\* ?/gm, "") : raw;
  for (const block of text.matchAll(/```ts\n([\s\S]*?)```/g)) {
    const name = `${file}:${text.slice(0, block.index).split("\n").length}`;
    const lines = block[1].split("\n");
    const isImport = (line) => line.startsWith("import ");
    const body = lines
      .filter((line) => !isImport(line))
      .map((line) => line.replace(/^(\s*)(.+?);?\s*\/\/ => (.+)$/, "$1expect($2).toEqual($3);"));
    count += 1;
    writeFileSync(
      `.examples/${count}.test.ts`,
      `import { expect, test } from "vitest";\n${lines.filter(isImport).join("\n")}\n` +
        `test(${JSON.stringify(`example ${name}`)}, async () => {\n${body.join("\n")}\n  expect(true).toBe(true);\n});\n`,
    );
  }
}
console.log(`doc-examples: ${count}`);
