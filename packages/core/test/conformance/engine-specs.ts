import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";

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
export const EXCLUDED: Record<string, Record<string, string>> = {
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

/** What became of them. */
export interface Outcome {
  passed: number;
  pending: number;
  failed: { name: string; message: string }[];
}

const require = createRequire(import.meta.url);
const engine = dirname(require.resolve("@tensorflow/tfjs-core/package.json"));

/** Brings the specifications as `lab:specs`, with the engine as its ES modules, as for its specifications. */
export const specsPlugin: Plugin = {
  name: "specs",
  setup(bundle) {
    bundle.onResolve({ filter: /^lab:specs$/ }, ({ path }) => ({ path, namespace: "specs" }));
    bundle.onLoad({ filter: /.*/, namespace: "specs" }, () => ({
      contents: SPECS.map(
        (name) => `import ${JSON.stringify(join(engine, "dist", "ops", `${name}_test.js`))};`,
      ).join("\n"),
      resolveDir: import.meta.dirname,
    }));
    bundle.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({
      path: join(engine, "dist", "index.js"),
    }));
  },
};
