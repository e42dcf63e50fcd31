import { defineProject } from "vitest/config";

/** Test project of a package; `overrides.test` is merged over the house's settings. */
export const labProject = (overrides = {}) =>
  defineProject({
    resolve: { conditions: ["@lab/source"] },
    ssr: { resolve: { conditions: ["@lab/source"] } },
    test: {
      include: process.env.LAB_SLOW
        ? ["test/**/*.slow.test.ts"]
        : ["test/**/*.test.ts", ".examples/**/*.test.ts"],
      exclude: process.env.LAB_SLOW ? [] : ["test/**/*.slow.test.ts"],
      setupFiles: ["@lab/tooling/vitest-setup"],
      reporters: ["default", ["json", { outputFile: ".test-results/results.json" }]],
      testTimeout: process.env.LAB_SLOW ? 3_600_000 : 60_000,
      hookTimeout: 60_000,
      // Loaded as a dependency its address would get a query, beside which it does not find its threads' program.
      server: { deps: { inline: ["tinypool"] } },
      // Pre-bundled once and cached: inlining those ~150 files instead costs 2.5-10 s per run.
      deps: {
        optimizer: {
          ssr: { enabled: true, include: ["@tensorflow/tfjs-core/dist/register_all_gradients.js"] },
        },
      },
      benchmark: { include: ["bench/**/*.bench.ts"] },
      ...overrides,
    },
  });
