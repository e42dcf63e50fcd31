#!/usr/bin/env node
// `lab-typecheck` in a package: its type check by the native compiler. What needs the compiler's API uses `typescript`.
import { spawnSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The native compiler's program. */
export const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript-native/package.json")),
  "bin",
  "tsc",
);

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.exitCode = spawnSync(process.execPath, [compiler, "--noEmit"], { stdio: "inherit" }).status ?? 1;
}
