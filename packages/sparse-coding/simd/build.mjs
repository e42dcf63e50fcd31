// Writes the WebAssembly of the loops into src. Run: node simd/build.mjs
import { writeFileSync } from "node:fs";
import { moduleOf } from "./assembler.mjs";
import { rowFunctions } from "./rows.mjs";
import { stepFunctions } from "./step.mjs";

for (const [path, name, functions] of [
  ["../src/lasso/row-module.ts", "ROW_MODULE", rowFunctions],
  ["../src/inference/step-module.ts", "STEP_MODULE", stepFunctions],
]) {
  const source = `/** WebAssembly made by simd/build.mjs: do not edit. */\nexport const ${name} =\n  "${moduleOf(functions)}";\n`;
  writeFileSync(new URL(path, import.meta.url), source);
}
