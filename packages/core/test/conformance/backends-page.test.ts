import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { init } from "../../src/index.js";

const programs = join(import.meta.dirname, "../../bench");
const { stated } = (await import(join(programs, "backends-page.mjs"))) as {
  stated(text: string): Record<string, Record<string, string>>;
};
const { kernelCases } = (await import(join(programs, "kernel-cases.mjs"))) as {
  kernelCases(): Promise<Record<string, () => tf.TensorContainer>>;
};
const page = join(import.meta.dirname, "../../../../docs/guides/backends.md");

test.each(["wasm", "cpu"] as const)(
  "the page of kernels says what %s has; if not: pnpm --filter @lab/core build && pnpm --filter @lab/core docs:backends",
  async (backend) => {
    await init({ backend: "wasm" });
    // What is registered when it is first used, it is for both backends.
    for (const [name, run] of Object.entries(await kernelCases()))
      if (/^Lab(Grid|Batch|Resized|Flip|Adjust|Gray|Blur)/.test(name)) tf.dispose(run());
    await init({ backend });
    const shipped = JSON.parse(
      execFileSync(process.execPath, [join(programs, "backends.mjs"), "--shipped", backend], {
        encoding: "utf8",
      }),
    ) as Record<string, string>;
    const now: Record<string, string> = {};
    for (const { kernelName, kernelFunc } of tf.getKernelsForBackend(backend)) {
      const digest = createHash("sha1").update(kernelFunc.toString()).digest("hex");
      now[kernelName] = shipped[kernelName] === digest ? "engine" : "ours";
    }
    const said = stated(readFileSync(page, "utf8"))[backend]!;
    expect(Object.fromEntries(Object.entries(said).filter(([, kind]) => kind !== "–"))).toEqual(now);
  },
);
