// Writes the WebAssembly of the loops into src. Run: node simd/build.mjs
import { writeFileSync } from "node:fs";
import { moduleOf } from "./assembler.mjs";
import { rowFunctions } from "./rows.mjs";

for (const [path, name, functions] of [["../src/lasso/row-module.ts", "ROW_MODULE", rowFunctions]]) {
  const source = `/** WebAssembly made by simd/build.mjs: do not edit. */\nexport const ${name} =\n  "${moduleOf(functions)}";\n`;
  writeFileSync(new URL(path, import.meta.url), source);
}
