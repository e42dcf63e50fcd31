import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test.skipIf(!existsSync("dist/index.js"))(
  "a sampler that is killed at any moment goes on with the same samples in another process (skipped where nothing is built)",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
    const { NODE_OPTIONS: _, ...env } = process.env;
    const script = join(import.meta.dirname, "fixture/sample.mjs");
    const whole = execFileSync(process.execPath, [script, join(folder, "whole")], { encoding: "utf8", env });
    const store = join(folder, "killed");
    // Killed between its second and third sample, and again later.
    for (const samples of [2, 5]) {
      const child = spawn(process.execPath, [script, store, "20"], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let seen = 0;
      child.stderr.on("data", (dots: Buffer) => {
        seen += dots.toString().replace(/[^.]/g, "").length;
        if (seen >= samples) setTimeout(() => child.kill("SIGKILL"), 30);
      });
      const [, signal] = await once(child, "exit");
      expect(signal).toBe("SIGKILL");
    }
    const resumed = execFileSync(process.execPath, [script, store], { encoding: "utf8", env });
    expect(JSON.parse(resumed)).toHaveLength(9);
    expect(resumed).toBe(whole);
    rmSync(folder, { recursive: true });
  },
);
