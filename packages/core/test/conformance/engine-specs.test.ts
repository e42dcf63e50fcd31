import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, expect, test } from "vitest";

// Specifications that tfjs-core ships, of every kernel that core adds or replaces.
const SPECS = [
  "avg_pool",
  "batchnorm",
  "conv1d",
  "conv2d",
  "conv2d_separable",
  "conv2d_transpose",
  "depthwise_conv2d",
  "einsum",
  "fused/fused_conv2d",
  "fused/fused_depthwise_conv2d",
  "fused/fused_mat_mul",
  "gather",
  "mat_mul",
  "max_pool",
  "mean",
  "moments",
  "one_hot",
  "pool",
  "sum",
  "unsorted_segment_sum",
];

// Specifications that are not met, by backend, each with its reason.
const EXCLUDED: Record<string, Record<string, string>> = {
  wasm: {
    "avgPool wasm {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit":
      "expects slopes over the size of the window where the forward pass divides by the places that it covers",
    "depthwiseConv2d gradients wasm {} throws error on dilations > 1":
      "expects an error where core gives the gradient",
  },
  tensorflow: {
    "avgPool tensorflow {} gradient x=[3,3,1] f=[3,3] s=1 p=explicit":
      "expects slopes over the size of the window where the forward pass divides by the places that it covers",
    "conv2dTranspose tensorflow {} input=8x8x8,output=4x4x8,f=8,s=1,inDepth=8,p=same vec4":
      "oneDNN has no program for a filter larger than the image",
    "depthwiseConv2d gradients tensorflow {} throws error on dilations > 1":
      "expects an error where core gives the gradient",
    "einsum tensorflow {} 2d matrix calculate trace: duplicate axes not implemented yet":
      "expects an error where TensorFlow computes the trace",
    "einsum tensorflow {} nonexistent dimension throws error":
      "expects an error where TensorFlow repeats the values",
  },
};

interface Outcome {
  passed: number;
  pending: number;
  failed: { name: string; message: string }[];
}

// Beside the packages, which the bundle imports from where it lies.
const cache = join(import.meta.dirname, "../../node_modules/.cache");
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, "lab-specs-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function outcome(backend: string): Promise<Outcome> {
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
