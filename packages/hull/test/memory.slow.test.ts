import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { isBuilt } from "./task-processes.js";

test.skipIf(!isBuilt)("4 GB of rows made on the fly stay below the budget (needs the build)", async () => {
  const program = fileURLToPath(new URL("./programs/large.mjs", import.meta.url));
  const env = { ...process.env, NODE_OPTIONS: "" };
  const { stdout } = await promisify(execFile)(process.execPath, [program], { env });
  const { bytes, status, refused, growth } = JSON.parse(stdout);
  expect(bytes).toBeGreaterThan(4e9);
  expect(status).toEqual(["outside", "outside", "inside", "inside"]);
  expect(refused).toBe(0);
  // Memory beyond that of the empty process, against 4 GB of points.
  expect(growth).toBeLessThan(3e8);
});
