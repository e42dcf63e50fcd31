import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";
import { EXCLUDED, type Outcome, specsPlugin } from "./engine-specs.js";

// Beside the packages, which the bundle imports from where it lies.
const cache = join(import.meta.dirname, "../../node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lab-specs-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function outcome(backend: string): Promise<Outcome> {
  const require = createRequire(import.meta.url);
  const outfile = join(folder, "specs.mjs");
  await build({
    entryPoints: [join(import.meta.dirname, "run-specs.mjs")],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    logLevel: "error",
    ignoreAnnotations: true, // the engine calls its specifications free of side effects
    // What has native or wasm files stays a package; one engine is shared through the process.
    external: [
      "@tensorflow/tfjs-backend-*",
      "@tensorflow/tfjs-layers",
      "@observablehq/plot",
      "linkedom",
      "@resvg/resvg-js",
      "webgpu",
    ],
    banner: {
      js: `import { createRequire as make } from "node:module"; const require = make(${JSON.stringify(import.meta.url)});`,
    },
    plugins: [
      specsPlugin,
      {
        name: "backends",
        setup(bundle) {
          bundle.onResolve({ filter: /^@tensorflow\/tfjs-backend-/ }, ({ path }) => ({
            path: require.resolve(path),
            external: true,
          }));
        },
      },
    ],
  });
  const env = {
    ...process.env,
    LAB_BACKEND: backend,
    LAB_REQUIRE_FROM: import.meta.filename,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Outcome;
}

const backends = ["wasm", ...(process.env.LAB_TENSORFLOW_DIR ? ["tensorflow"] : [])];

test.each(backends)(
  "the engine's own specifications of the kernels that core adds or replaces pass on %s",
  async (backend) => {
    const { passed, failed } = await outcome(backend);
    const excluded = EXCLUDED[backend]!;
    expect(failed.filter(({ name }) => !(name in excluded))).toEqual([]);
    expect(failed).toHaveLength(Object.keys(excluded).length); // one that is met again leaves the list
    expect(passed).toBeGreaterThan(250);
  },
  120_000,
);
