import { copyFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "esbuild";

// Parts of the packages that nothing in the page calls; without them it is two thirds of its size.
const unused = {
  name: "unused",
  setup({ onResolve, onLoad }) {
    const filter = /^(highs|@observablehq\/plot|@tensorflow\/tfjs-backend-webgpu)$/;
    onResolve({ filter }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: /./, namespace: "unused" }, () => ({ contents: "export {};" }));
  },
};

/** The playground's program from the published entry points, with the engine's wasm files beside it. */
export async function bundlePlayground(folder) {
  await build({
    entryPoints: [join(import.meta.dirname, "playground", "main.ts")],
    outfile: join(folder, "program.js"),
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    target: "es2022",
    plugins: [unused],
    logLevel: "error",
    logOverride: { "empty-import-meta": "silent", "ignored-bare-import": "silent" },
  });
  const core = createRequire(import.meta.url).resolve("@lab/core/package.json");
  const engine = dirname(createRequire(core).resolve("@tensorflow/tfjs-backend-wasm"));
  for (const name of readdirSync(engine).filter((file) => file.endsWith(".wasm")))
    copyFileSync(join(engine, name), join(folder, name));
}
