import { join } from "node:path";
import { browserPath, runInPage, softwareGpu } from "@lab/tooling/page";
import { expect, test } from "vitest";
import type { WebgpuReport } from "./webgpu/program.js";

test.skipIf(!browserPath)("WebGPU computes, differentiates and trains in a browser", async () => {
  const program = `import { runOnWebgpu } from "./program.js";
    globalThis.LAB_WEBGPU_SOFTWARE = "1";
    globalThis.result = runOnWebgpu();`;
  const folder = join(import.meta.dirname, "webgpu");
  const report = await runInPage<WebgpuReport>(program, { folder, flags: softwareGpu });
  expect(report.device).toMatchObject({ backend: "webgpu", syncRead: true });
  expect(report.productError).toBeLessThan(1e-4);
  for (const error of [...report.convolutionErrors, ...report.linalgErrors]) expect(error).toBeLessThan(1e-3);
  expect(report.losses[1]).toBeLessThan(0.2 * report.losses[0]);
  expect(report.leaked).toBe(0);
});
