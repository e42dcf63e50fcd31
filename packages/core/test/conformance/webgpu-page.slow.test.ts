import { browserPath, runInPage, softwareGpu } from "@lab/tooling/page";
import { expect, test } from "vitest";
import { cases } from "./cases.js";

// Slow for the programs that the software adapter compiles; a short run is in device/webgpu-browser.test.ts.
test.skipIf(!browserPath)(
  "in a page on WebGPU, values and gradients are those of double precision",
  async () => {
    const program = `import { init } from "../../src/index.js";
      import { conformanceOutcome } from "./cases.js";
      globalThis.LAB_WEBGPU_SOFTWARE = "1";
      globalThis.result = init({ backend: "webgpu" }).then(async ({ backend }) => ({ backend, exact: await conformanceOutcome() }));`;
    const { backend, exact } = await runInPage<{ backend: string; exact: Record<string, string> }>(program, {
      folder: import.meta.dirname,
      flags: softwareGpu,
    });
    expect(backend).toBe("webgpu");
    expect(exact).toEqual(Object.fromEntries(Object.keys(cases).map((name) => [name, "met"])));
  },
);
