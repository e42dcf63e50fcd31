import { build, type Plugin } from "esbuild";
import manifest from "../../../package.json" with { type: "json" };

const here = import.meta.dirname;

/** In Node core's own packages stay outside, but for the one file that Node cannot load as it is published. */
const packagesOutside: Plugin = {
  name: "packages-outside",
  setup({ onResolve }) {
    const { dependencies, peerDependencies } = manifest;
    const outside = new Set([...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
    onResolve({ filter: /^[^./]/ }, ({ path }) => (outside.has(path) ? { path, external: true } : undefined));
  },
};

/** A program that imports core's sources as one script for Node, with packages left out. */
export async function bundleProgram(entry: string, outfile: string): Promise<void> {
  await build({
    stdin: { contents: entry, resolveDir: here, loader: "ts" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    conditions: ["@lab/source"],
    logLevel: "error",
    outfile,
    plugins: [packagesOutside],
  });
}
