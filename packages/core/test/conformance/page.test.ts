import { browserPath, runInPage } from "@lab/tooling/page";
import { expect, test } from "vitest";
import { cases } from "./cases.js";
import { EXCLUDED, type Outcome, specsPlugin } from "./engine-specs.js";

// WebGPU in a page: webgpu-page.slow.test.ts and device/webgpu-browser.test.ts.
test.skipIf(!browserPath)(
  "in a page on wasm the whole suite is met: double precision, and the engine's own specifications",
  async () => {
    const program = `import jasmineRequire from "jasmine-core/lib/jasmine-core/jasmine.js";
      import { init } from "../../src/index.js";
      import { conformanceOutcome } from "./cases.js";
      import { runSpecs } from "./specs.mjs";
      async function run() {
        await init({ backend: "wasm" });
        const exact = await conformanceOutcome();
        return { exact, specs: await runSpecs("wasm", jasmineRequire) };
      }
      globalThis.result = run();`;
    const { specs, exact } = await runInPage<{ specs: Outcome; exact: Record<string, string> }>(program, {
      folder: import.meta.dirname,
      bundle: {
        plugins: [specsPlugin],
        ignoreAnnotations: true, // the engine calls its specifications free of side effects
        define: { global: "globalThis" },
      },
    });
    expect(exact).toEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, "met"])));
    expect(specs.failed.map(({ name }) => name).sort()).toEqual(Object.keys(EXCLUDED.wasm!).sort());
    expect(specs.passed).toBeGreaterThan(250);
  },
  120_000,
);
