import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { bundleProgram } from "./webgpu/bundle.js";
import type { WebgpuReport } from "./webgpu/program.js";

// Chromium brings SwiftShader, a Vulkan driver in software, and the Vulkan loader; without it this is skipped.
const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
const script = join(import.meta.dirname, "../../node_modules/.cache/lab-test/webgpu-program.mjs");

function run(environment: Record<string, string>) {
  return spawnSync(process.execPath, [script], {
    encoding: "utf8",
    env: { ...process.env, LAB_BACKEND: "", ...environment },
    timeout: 100_000,
  });
}

test.skipIf(!existsSync(driver))(
  "WebGPU computes, differentiates and trains in Node on a software adapter",
  async () => {
    mkdirSync(dirname(script), { recursive: true });
    await bundleProgram(
      `import { runOnWebgpu } from "./program.js";
     import { init } from "../../../src/index.js";
     console.log(JSON.stringify(process.env.LAB_TEST_AUTO ? { auto: (await init()).backend } : await runOnWebgpu()));`,
      script,
    );
    const software = { LD_LIBRARY_PATH: dirname(driver), VK_DRIVER_FILES: driver };
    const asked = run({ ...software, LAB_WEBGPU_SOFTWARE: "1" });
    expect(asked.status, asked.stderr).toBe(0);
    const report = JSON.parse(asked.stdout.trim().split("\n").at(-1)!) as WebgpuReport;
    expect(report.device).toMatchObject({ backend: "webgpu", kind: "cpu", syncRead: false });
    expect(report.device.name).toContain("SwiftShader");
    expect(report.productError).toBeLessThan(1e-4);
    for (const error of [...report.convolutionErrors, ...report.linalgErrors])
      expect(error).toBeLessThan(1e-3);
    expect(report.losses[1]).toBeLessThan(0.2 * report.losses[0]);
    expect(report.leaked).toBe(0);

    const unasked = run(software);
    expect(unasked.status).not.toBe(0);
    expect(unasked.stderr).toContain("init: webgpu cannot be used:");

    // `auto` never takes a software adapter, also not when one may be asked for by name.
    const auto = run({ ...software, LAB_WEBGPU_SOFTWARE: "1", LAB_TEST_AUTO: "1" });
    expect(auto.stdout, auto.stderr).toContain('{"auto":"wasm"}');
  },
  120_000, // three programs, each with its kernels to compile
);
