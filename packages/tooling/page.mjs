// Runs a program in the system's Chromium: bundled with everything in it, on a page of a server of its own.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { browserTwins } from "./browser-twins.mjs";

/** The browser, or `undefined` where none is installed: the test then skips and says so. */
export const browserPath = [
  process.env.LAB_CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

/** A TypeScript program and the workspace's sources that it imports, as one script for a page. */
async function bundleForPage(contents, resolveDir, { plugins = [], ...settings } = {}) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir, loader: "ts" },
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2022",
    conditions: ["@lab/source"],
    logLevel: "error",
    plugins: [browserTwins, ...plugins],
    ...settings,
  });
  return outputFiles[0].text;
}

const types = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const isEngine = /^tfjs-[\w-]+\.wasm$/;
const quiet = [
  "--no-sandbox",
  "--disable-sync",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
];

/** Flags for WebGPU on the browser's software adapter. */
export const softwareGpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** Starts the browser; the caller closes it. */
export const launchBrowser = (flags = []) =>
  chromium.launch({ executablePath: browserPath, args: [...quiet, ...flags] });

/**
 * What the promise `globalThis.result` of a program resolves to in a page; plain JSON.
 * @param {string} program TypeScript; the wasm files of the engine lie beside the page.
 * @param {{ folder: string, files?: Record<string, Uint8Array>, flags?: string[], bundle?: import("esbuild").BuildOptions }} options
 *   `folder` from which imports are resolved, `files` that the page can fetch, `bundle` for further settings of the bundler.
 */
export async function runInPage(program, { folder, files = {}, flags = [], bundle = {} }) {
  const script = await bundleForPage(program, folder, bundle);
  const engine = dirname(createRequire(join(folder, "page.js")).resolve("@lab/core/package.json"));
  const wasm = dirname(createRequire(join(engine, "page.js")).resolve("@tensorflow/tfjs-backend-wasm"));
  const served = {
    "index.html": '<!doctype html><meta charset="utf-8"><script src="/program.js"></script>',
    "program.js": script,
    ...files,
  };
  const server = createServer(({ url }, response) => {
    const name = url === "/" ? "index.html" : url.slice(1);
    const body = served[name] ?? (isEngine.test(name) ? readFileSync(join(wasm, name)) : undefined);
    const type = types[extname(name)] ?? "application/octet-stream";
    response.writeHead(body === undefined ? 404 : 200, { "content-type": type });
    response.end(body ?? "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launchBrowser(flags);
  try {
    const page = await browser.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    if (complaints.length > 0) throw new Error(complaints.join("\n"));
    return await page.evaluate(() => globalThis.result);
  } finally {
    await browser.close();
    server.close();
  }
}
