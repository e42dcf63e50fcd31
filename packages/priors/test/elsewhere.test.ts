import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mlp, parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { browserPath, runInPage } from "@lab/tooling/page";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SwagCollector, savePrior } from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
const file = join(folder, "digits.prior.safetensors");
let here: number;

// The same few lines everywhere: load the file, scale it, take the density of a network with a new head.
const density = (load: string) => `
  const model = mlp({ sizes: [4, 6, 2], generator: new Generator(3) });
  const prior = (await loadPrior(${load}, model)).scale(1e3, { floor: 0.01 });
  const backbone = new Map([...parameters(model)].filter(([name]) => name.startsWith("0/")));
  const value = (await prior.logProb(backbone).data())[0];`;

beforeAll(async () => {
  const model = mlp({ sizes: [4, 6, 3], generator: new Generator(1) });
  const collector = new SwagCollector(model, { rank: 2, every: 1, select: (name) => name.startsWith("0/") });
  for (let step = 0; step < 4; step++) {
    for (const variable of parameters(model).values())
      (variable as tf.Variable).assign(tf.tidy(() => tf.mul(variable, 1.01)));
    collector.collect();
  }
  const prior = collector.prior();
  await savePrior(file, prior);
  const own = mlp({ sizes: [4, 6, 2], generator: new Generator(3) });
  const backbone = new Map([...parameters(own)].filter(([name]) => name.startsWith("0/")));
  here = (await prior.scale(1e3, { floor: 0.01 }).logProb(backbone).data())[0]!;
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a prior made here is the same prior in another process", () => {
  const program = `
    import { init } from "@lab/core";
    import { mlp, parameters } from "@lab/core/nn";
    import { Generator } from "@lab/core/random";
    import { loadPrior } from "@lab/priors";
    await init({ backend: "wasm" });
    ${density(JSON.stringify(file))}
    process.stdout.write(String(value));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: join(import.meta.dirname, ".."),
    encoding: "utf8",
  });
  expect(Number(output)).toBeCloseTo(here, 4);
});

describe.skipIf(!browserPath)("in a page (skipped where no Chromium is installed)", () => {
  test("a prior made here is the same prior in a page", async () => {
    const program = `
      import { init } from "@lab/core";
      import { mlp, parameters } from "@lab/core/nn";
      import { Generator } from "@lab/core/random";
      import { loadPrior } from "../src/index.js";
      globalThis.result = (async () => {
        const { backend } = await init({ backend: "wasm" });
        const bytes = new Uint8Array(await (await fetch("/prior")).arrayBuffer());
        ${density("bytes")}
        return { backend, value };
      })();`;
    const files = { prior: readFileSync(file) };
    const there = await runInPage(program, { folder: import.meta.dirname, files });
    expect(there).toEqual({ backend: "wasm", value: expect.closeTo(here, 4) });
  });
});
