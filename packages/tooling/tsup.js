import { defineConfig } from "tsup";
import { browserTwins } from "./browser-twins.mjs";
import { emitDeclarations } from "./declarations.mjs";

const shared = {
  target: "node20",
  platform: "neutral",
  sourcemap: true,
  clean: true,
  splitting: true, // one chunk per format: a class stays one class
  removeNodeProtocol: false,
  noExternal: [/^@tensorflow\/tfjs-core\/dist\//], // the one deep import, see docs/decisions
};

/**
 * Build of a package: ESM, CJS and types in `dist`.
 * With `browser`, a second ESM build without Node's modules goes to `dist/browser`.
 * @param {string[] | Record<string, string>} entry
 * @param {{ browser?: boolean }} [options]
 */
export const labPackage = (entry, { browser = false } = {}) => {
  const outDir = browser ? "dist/node" : "dist";
  const node = {
    ...shared,
    entry,
    format: ["esm", "cjs"],
    outDir,
    external: [/^node:/],
    shims: true, // import.meta.url in the CJS build
    dts: false,
    onSuccess: async () => emitDeclarations(outDir, entry),
  };
  if (!browser) return defineConfig(node);
  const page = {
    ...shared,
    entry,
    format: ["esm"],
    outDir: "dist/browser",
    dts: false,
    target: "es2022",
    esbuildPlugins: [browserTwins],
  };
  return defineConfig([node, page]);
};

/** Build of a program: ESM only, a Node shebang, no types. */
export const labProgram = (entry) =>
  defineConfig({
    ...shared,
    entry,
    format: ["esm"],
    platform: "node",
    banner: { js: "#!/usr/bin/env node" },
    dts: false,
  });
