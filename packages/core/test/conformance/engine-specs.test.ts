import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";

// Specifications that tfjs-core ships, of every kernel that core adds or replaces.
const SPECS = [
  "batchnorm",
  "conv1d",
  "conv2d",
  "conv2d_separable",
  "conv2d_transpose",
  "depthwise_conv2d",
  "einsum",
  "fused/fused_conv2d",
  "fused/fused_mat_mul",
  "gather",
  "mat_mul",
  "mean",
  "moments",
  "sum",
  "unsorted_segment_sum",
];

interface Outcome {
  passed: number;
  pending: number;
  failed: { name: string; message: string }[];
}

const folder = mkdtempSync(join(tmpdir(), "lab-specs-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function outcome(): Promise<Outcome> {
  const require = createRequire(import.meta.url);
  const engine = dirname(require.resolve("@tensorflow/tfjs-core/package.json"));
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
      {
        name: "specs",
        setup(bundle) {
          bundle.onResolve({ filter: /^lab:specs$/ }, ({ path }) => ({ path, namespace: "specs" }));
          bundle.onLoad({ filter: /.*/, namespace: "specs" }, () => ({
            contents: SPECS.map(
              (name) => `import ${JSON.stringify(join(engine, "dist", "ops", `${name}_test.js`))};`,
            ).join("\n"),
            resolveDir: import.meta.dirname,
          }));
          // Inside the bundle the engine is its ES modules, as for its specifications.
          bundle.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({
            path: join(engine, "dist", "index.js"),
          }));
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
    LAB_BACKEND: process.env.LAB_BACKEND ?? "wasm",
    LAB_REQUIRE_FROM: import.meta.filename,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { env, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Outcome;
}

test("the engine's own specifications of the kernels that core adds or replaces pass", async () => {
  const { passed, failed } = await outcome();
  expect(failed).toEqual([]);
  expect(passed).toBeGreaterThan(250);
}, 120_000);
