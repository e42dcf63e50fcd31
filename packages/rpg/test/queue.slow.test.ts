import { existsSync } from "node:fs";
import { hasRedis } from "@lab/tooling/redis-server";
import { expect, test } from "vitest";
import { plainNode } from "./fixture/plain-node.js";

test.skipIf(!hasRedis || !existsSync("dist/worker.js"))(
  "a sweep by two workers on a queue gives byte for byte what one process gives (needs redis-server and a build)",
  async () => {
    const found = await plainNode<{ inline: string; queued: string; done: number[] }>("queue.mjs");
    expect(found.queued).toBe(found.inline);
    // Both worked: two sizes of three arms and one dense network, for two seeds.
    expect(found.done.reduce((sum, count) => sum + count, 0)).toBe(14);
    expect(Math.min(...found.done)).toBeGreaterThan(0);
  },
);
