import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test.skipIf(!existsSync("dist/worker.js"))(
  "a tuning on threads gives what one process gives, and goes on from its store (skipped where nothing is built)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
    const { NODE_OPTIONS: _, ...env } = process.env;
    const script = join(import.meta.dirname, "fixture/tune-scale.mjs");
    const output = execFileSync(process.execPath, [script, join(folder, "store")], { encoding: "utf8", env });
    const found = JSON.parse(output);
    expect(found.reason).toBe("stopped");
    expect(found.numKept).toBeGreaterThan(0);
    expect(found.numKept).toBeLessThan(8);
    expect(found.threads).toEqual(found.inline);
    // At the mean the density is -4 log(2π s); the tightest prior diverges in this fit.
    expect(found.inline.curve[0].objective).toBeNull();
    expect(found.bests).toEqual([1, 0.1]);
    rmSync(folder, { recursive: true });
  },
);
