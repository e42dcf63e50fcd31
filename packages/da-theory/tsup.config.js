import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { labPackage } from "@lab/tooling/tsup";
import { defineConfig } from "tsup";

const core = dirname(createRequire(import.meta.url).resolve("@lab/core/package.json"));

const main = labPackage({
  index: "src/index.ts",
  "experiments/index": "src/experiments/index.ts",
  "commands/index": "src/commands/index.ts",
  worker: "src/sweep/sweep-task.ts",
});

// Core's entry brings the engine along; an audit reads numbers and needs its errors and checks only.
const errorsAndChecks = {
  name: "errors-and-checks",
  setup(build) {
    build.onResolve({ filter: /^@lab\/core$/ }, () => ({ path: "@lab/core", namespace: "ground" }));
    build.onLoad({ filter: /./, namespace: "ground" }, () => ({
      contents: 'export * from "./errors/index.ts"; export * from "./check/index.ts";',
      resolveDir: join(core, "src"),
      loader: "ts",
    }));
  },
};

const audit = {
  ...labPackage({ "audit/index": "src/audit/index.ts" }),
  clean: false,
  noExternal: ["@lab/core"],
  esbuildPlugins: [errorsAndChecks],
};

export default defineConfig([main, audit]);
