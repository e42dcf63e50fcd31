import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";
import manifest from "../../../package.json" with { type: "json" };

const here = import.meta.dirname;

/** In a page every `name.node.ts` gives way to its twin, as in the browser build. */
const browserTwins: Plugin = {
  name: "browser-twins",
  setup({ onResolve }) {
    onResolve({ filter: /\.node\.js$/ }, ({ path, importer }) => {
      const twin = join(dirname(importer), path.replace(/\.node\.js$/, ".browser.ts"));
      return existsSync(twin) ? { path: twin } : undefined;
    });
  },
};

/** In Node core's own packages stay outside, but for the one file that Node cannot load as it is published. */
const packagesOutside: Plugin = {
  name: "packages-outside",
  setup({ onResolve }) {
    const { dependencies, peerDependencies } = manifest;
    const outside = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    onResolve({ filter: /^[^./]/ }, ({ path }) => (outside.has(path) ? { path, external: true } : undefined));
  },
};

/** The program as one script: for Node with packages left out, for a page with everything in it. */
export async function bundleProgram(
  platform: "node" | "browser",
  entry: string,
  outfile?: string,
): Promise<string> {
  const result = await build({
    stdin: { contents: entry, resolveDir: here, loader: "ts" },
    bundle: true,
    write: outfile !== undefined,
    platform,
    format: platform === "node" ? "esm" : "iife",
    target: "es2022",
    conditions: ["@lab/source"],
    logLevel: "error",
    ...(outfile === undefined ? {} : { outfile }),
    plugins: [platform === "node" ? packagesOutside : browserTwins],
  });
  return result.outputFiles?.[0]?.text ?? "";
}
