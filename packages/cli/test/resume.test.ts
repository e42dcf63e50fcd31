import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { finish, fixtureProject, lab, start } from "./lab.js";

const { folder, remove } = fixtureProject();
afterAll(remove);

const run = ["run", "fixture-steps", "--seeds", "2", "--json"];
const sums = (stdout: string) => JSON.parse(stdout).table.map((row: { sum: number }) => row.sum);

/** Waits until the run has kept at least `steps` steps of a seed. */
async function untilKept(out: string, steps: number): Promise<void> {
  const file = join(folder, out, "fixture-steps", "quick", "seed-1", "partial.json");
  for (;;) {
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).done >= steps) return;
    await wait(5);
  }
}

test("a second run takes the stored seeds and computes nothing", async () => {
  const starts = join(folder, "starts.txt");
  const first = await lab([...run, "--out", "twice"], folder, { FIXTURE_STARTS: starts });
  const second = await lab([...run, "--out", "twice"], folder, { FIXTURE_STARTS: starts });
  expect(second.stdout).toBe(first.stdout);
  expect(readFileSync(starts, "utf8")).toBe("1\n2\n");
  await lab([...run, "--out", "twice", "--fresh"], folder, { FIXTURE_STARTS: starts });
  expect(readFileSync(starts, "utf8")).toBe("1\n2\n1\n2\n");
});

test("killed at five moments, the run ends with the numbers of an undisturbed one", async () => {
  const undisturbed = await lab([...run, "--out", "undisturbed"], folder, { FIXTURE_WAIT_MS: "5" });
  for (const steps of [1, 9, 20, 33, 47]) {
    const child = start([...run, "--out", "killed"], folder, { FIXTURE_WAIT_MS: "5" });
    const ended = finish(child);
    await untilKept("killed", steps);
    child.kill("SIGKILL");
    expect((await ended).code).toBeNull();
  }
  const resumed = await lab([...run, "--out", "killed"], folder, { FIXTURE_WAIT_MS: "5" });
  expect(sums(resumed.stdout)).toEqual(sums(undisturbed.stdout));
  const stored = JSON.parse(readFileSync(join(folder, "killed/fixture-steps/quick/seed-1.json"), "utf8"));
  expect(stored.result.resumedFrom).toBeGreaterThanOrEqual(47);
});

test("lab reproduce --full, killed, goes on and ends with the results and the report of an undisturbed one", async () => {
  const command = ["reproduce", "--full", "--only", "fixture-steps", "--seeds", "2", "--report"];
  const undisturbed = await lab([...command, "--out", "full", "--json"], folder);
  const child = start([...command, "--out", "full-killed"], folder, { FIXTURE_WAIT_MS: "5" });
  const ended = finish(child);
  const file = join(folder, "full-killed", "fixture-steps", "full", "seed-2", "partial.json");
  while (!existsSync(file)) await wait(5);
  child.kill("SIGKILL");
  expect((await ended).code).toBeNull();
  const starts = join(folder, "full-starts.txt");
  const resumed = await lab([...command, "--out", "full-killed", "--json"], folder, {
    FIXTURE_STARTS: starts,
    FIXTURE_WAIT_MS: "5",
  });
  expect(readFileSync(starts, "utf8")).toBe("2\n"); // the first seed was whole
  const tables = [undisturbed, resumed].map(({ stdout }) => JSON.parse(stdout).results[0].table);
  expect(tables[1]).toEqual(tables[0]);
  expect(existsSync(join(folder, "full-killed", "report.html"))).toBe(true);
});

test("Ctrl-C stops cleanly and the next run goes on", async () => {
  const child = start([...run, "--out", "stopped"], folder, { FIXTURE_WAIT_MS: "20" });
  const ended = finish(child);
  await untilKept("stopped", 5);
  child.kill("SIGINT");
  const { code, stdout, stderr } = await ended;
  expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
  expect(stderr).toContain("the same command goes on from there");
  const resumed = await lab([...run, "--out", "stopped"], folder, { FIXTURE_WAIT_MS: "20" });
  expect(resumed.code).toBe(0);
  const files = readdirSync(join(folder, "stopped/fixture-steps/quick")).sort();
  expect(files).toEqual(["figure-1.svg", "seed-1.json", "seed-2.json"]);
});

test("a stored result that is not JSON is named, not used", async () => {
  const path = join(folder, "bad/fixture-steps/quick/seed-1.json");
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, '{"seed": 1');
  const { code, stderr } = await lab([...run, "--out", "bad"], folder);
  expect(code).toBe(1);
  expect(stderr).toContain("seed-1.json is not a stored result");
});
