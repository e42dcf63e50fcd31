import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { atomicWrite } from "@lab/core/io";
import { mlp } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import type * as tf from "@tensorflow/tfjs-core";
import { build, type Plugin } from "esbuild";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Compressed, compress, saveArtifact } from "../src/index.js";

const fixture = (name: string) => fileURLToPath(new URL(`./fixture/${name}`, import.meta.url));

/** Runs a script on the built package, without the condition that reads sources. */
async function plainNode(script: string, ...args: string[]): Promise<unknown> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [fixture(script), ...args], { env });
  return JSON.parse(stdout);
}

let folder: string;
let net: Compressed;
let bytes: Uint8Array;
let expected: number[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lab-rpg-"));
  net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), {
    parameters: 4000,
    seed: "release-7",
  });
  bytes = await saveArtifact(net, { key: "withhold" });
  const x = new Generator(4).normal([5, 784]);
  expected = Array.from(await (net.model.predict(x) as tf.Tensor).data());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!existsSync("dist/worker.js"))("the built package", () => {
  test("a file of at most 6 kB on disk gives a fresh process the same predictions under its key only", async () => {
    const file = join(folder, "net.rpg");
    await atomicWrite(file, await saveArtifact(net, { bits: 8 }));
    expect(statSync(file).size).toBeLessThanOrEqual(6000);
    await atomicWrite(file, bytes);
    const right = (await plainNode("fresh-process.mjs", file, "release-7")) as Record<string, number[]>;
    expect(right.compressed).toEqual(expected);
    expect(right.plain).toEqual(expected);
    const wrong = (await plainNode("fresh-process.mjs", file, "release-8")) as Record<string, number[]>;
    expect(wrong.compressed).not.toEqual(expected);
  });

  test("threads give what this process gives, and a stopped sweep goes on from its store", async () => {
    const store = join(folder, "store");
    const { inline, threads, reason, numKept } = (await plainNode("threads.mjs", store)) as Record<
      string,
      never
    >;
    expect(reason).toBe("stopped");
    expect(numKept).toBeGreaterThan(0);
    expect(threads).toEqual(inline);
  });
});

/** In a page every `name.node.ts` gives way to its twin, as in the browser build. */
const browserTwins: Plugin = {
  name: "browser-twins",
  setup({ onResolve }) {
    onResolve({ filter: /\.node\.js$/ }, ({ path, importer }) => {
      const twin = join(dirname(importer), path.replace(/\.node\.js$/, ".browser.ts"));
      return existsSync(twin) ? { path: twin } : undefined;
    });
  },
};

const page = `
import { init } from "@lab/core";
import { Generator } from "@lab/core/random";
import { exportModel, loadArtifact } from "@lab/rpg";
globalThis.predictions = (async () => {
  const { backend } = await init({ backend: "cpu" });
  const bytes = new Uint8Array(await (await fetch("/net.rpg")).arrayBuffer());
  const net = await loadArtifact(bytes, { key: "release-7" });
  const x = new Generator(4).normal([5, 784]);
  const outputs = await Promise.all([net.model, exportModel(net)].map((model) => model.predict(x).data()));
  return { backend, outputs: outputs.map((output) => Array.from(output)) };
})();`;

const browser = process.env.LAB_CHROMIUM ?? "/usr/bin/chromium";

test.skipIf(!existsSync(browser))("a page loads the file and predicts the same", async () => {
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    write: false,
    platform: "browser",
    format: "iife",
    target: "es2022",
    conditions: ["@lab/source"],
    logLevel: "error",
    external: ["node:*"],
    plugins: [browserTwins],
  });
  const answers: Record<string, [type: string, body: string | Uint8Array]> = {
    "/": ["text/html", '<!doctype html><script src="/program.js"></script>'],
    "/program.js": ["text/javascript", outputFiles[0]!.text],
    "/net.rpg": ["application/octet-stream", bytes],
  };
  const server = createServer((request, response) => {
    const [type, body] = answers[request.url!] ?? ["text/plain", ""];
    response.setHeader("content-type", type);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"];
  const launched = await chromium.launch({
    executablePath: browser,
    args: ["--no-sandbox", "--disable-component-update", ...quiet],
  });
  try {
    const tab = await launched.newPage();
    await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const { backend, outputs } = await tab.evaluate(
      () =>
        (globalThis as unknown as { predictions: Promise<{ backend: string; outputs: number[][] }> })
          .predictions,
    );
    expect(backend).toBe("cpu");
    expect(outputs[1]).toEqual(outputs[0]);
    // Another backend adds in another order; the kernels are the same bit for bit.
    await expectClose(outputs[0]!, expected, { relative: 1e-4, absolute: 1e-4 });
  } finally {
    await launched.close();
    server.close();
  }
});
