// Declarations of a package for both module formats: the native compiler takes a twentieth of the time of tsup's.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { compiler } from "./typecheck.mjs";

const RELATIVE = /(from |import\()"(\.{1,2}\/[^"]+)\.js"/g;

/**
 * Writes `name.d.ts` and `name.d.cts` for every source file, and for entry points that are called otherwise than their file.
 * @param {string} outDir Folder that mirrors `src`.
 * @param {string[] | Record<string, string>} entry
 */
export function emitDeclarations(outDir, entry) {
  // Siblings are taken from their builds, so that only this package's sources belong to the program.
  const folder = join(process.cwd(), "node_modules");
  const file = join(folder, ".tsconfig.declarations.json");
  const config = {
    extends: "../tsconfig.json",
    compilerOptions: {
      noEmit: false,
      noCheck: true, // the type check is a task of its own
      declaration: true,
      emitDeclarationOnly: true,
      customConditions: [],
      rootDir: "../src",
      outDir: relative(folder, outDir),
    },
    include: ["../src"],
  };
  writeFileSync(file, JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`declarations: ${stdout}`);
  for (const [name, source] of Object.entries(Array.isArray(entry) ? {} : entry)) {
    const own = source.replace(/^src\/(.+)\.ts$/, "$1");
    if (own !== name) writeFileSync(join(outDir, `${name}.d.ts`), `export * from "./${own}.js";\n`);
  }
  for (const name of readdirSync(outDir, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const text = readFileSync(join(outDir, name), "utf8");
    writeFileSync(join(outDir, name.replace(/ts$/, "cts")), text.replace(RELATIVE, '$1"$2.cjs"'));
  }
}
