import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { plainNode } from "./fixture/plain-node.js";

interface Found {
  inline: unknown;
  threads: unknown;
  reason: string;
  numKept: number;
  alone: unknown;
  parallel: unknown;
  arms: [unknown, unknown];
}

test.skipIf(!existsSync("dist/worker.js"))(
  "sweeps, experiments and data-parallel steps on threads give what one process gives, and go on from a store",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "lab-rpg-"));
    const { inline, threads, reason, numKept, alone, parallel, arms } = await plainNode<Found>(
      "threads.mjs",
      join(folder, "store"),
    );
    expect(reason).toBe("stopped");
    expect(numKept).toBeGreaterThan(0);
    expect(threads).toEqual(inline);
    expect(parallel).toEqual(alone);
    expect(arms[1]).toEqual(arms[0]);
    await rm(folder, { recursive: true });
  },
);
