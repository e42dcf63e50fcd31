// Size of the smallest useful import, as a bundler of a page makes it.
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Kilobytes of `/lasso`, minified and gzipped, without tfjs-core. */
export async function bundleSize() {
  const tooling = createRequire(createRequire(import.meta.url).resolve("@lab/tooling/vitest"));
  const { build } = tooling("esbuild");
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../dist/lasso/index.js", import.meta.url))],
    ...{
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      logLevel: "error",
      external: ["@tensorflow/*"],
    },
  });
  return Number((gzipSync(outputFiles[0].contents, { level: 9 }).length / 1000).toFixed(2));
}
