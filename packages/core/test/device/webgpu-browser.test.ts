import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chromium } from "playwright-core";
import { expect, test } from "vitest";
import { bundleProgram } from "./webgpu/bundle.js";
import type { WebgpuReport } from "./webgpu/program.js";

const browserPath = process.env.LAB_CHROMIUM ?? "/usr/bin/chromium";
const quiet = [
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
];
const softwareGpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

test.skipIf(!existsSync(browserPath))("WebGPU computes, differentiates and trains in a browser", async () => {
  const script = await bundleProgram(
    "browser",
    `import { runOnWebgpu } from "./program.js";
     globalThis.LAB_WEBGPU_SOFTWARE = "1";
     globalThis.report = runOnWebgpu();`,
  );
  const server = createServer((request, response) => {
    const isScript = request.url === "/program.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><script src="/program.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-sync", ...quiet, ...softwareGpu],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const report = await page.evaluate(
      () => (globalThis as unknown as { report: Promise<WebgpuReport> }).report,
    );
    expect(report.device).toMatchObject({ backend: "webgpu", syncRead: true });
    expect(report.productError).toBeLessThan(1e-4);
    for (const error of [...report.convolutionErrors, ...report.linalgErrors])
      expect(error).toBeLessThan(1e-3);
    expect(report.losses[1]).toBeLessThan(0.2 * report.losses[0]);
    expect(report.leaked).toBe(0);
  } finally {
    await browser.close();
    server.close();
  }
});
