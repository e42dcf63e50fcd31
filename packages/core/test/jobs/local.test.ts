import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ArgumentError, BackendError } from "../../src/errors/index.js";
import { mapTasks, type Runner, type TaskResult } from "../../src/jobs/index.js";

const handler = new URL("./handlers/square.mjs", import.meta.url).href;
const folder = () => mkdtempSync(join(tmpdir(), "lab-jobs-"));
const tasks = (n: number, more: object = {}) =>
  Array.from({ length: n }, (_, x) => ({ key: `task ${x}`, input: { x, ...more } }));

async function collect<O>(results: AsyncIterable<TaskResult<O>>): Promise<Map<string, O>> {
  const all = new Map<string, O>();
  for await (const { key, output } of results) {
    expect(all.has(key)).toBe(false); // nothing twice
    all.set(key, output);
  }
  return all;
}

const lines = (log: string) => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);
const squares = (n: number) =>
  new Map(Array.from({ length: n }, (_, x) => [`task ${x}`, { square: x * x, name: "squares" }]));
const sorted = <O>(map: Map<string, O>) => new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

test.each(["inline", "threads:2"] as Runner[])("%s: every task gives its result once", async (runner) => {
  const progress: number[] = [];
  const results = await collect(
    mapTasks({
      name: "squares",
      handler,
      inputs: tasks(9),
      runner,
      onProgress: ({ done, total }) => progress.push(done / total!),
    }),
  );
  expect(sorted(results)).toEqual(squares(9));
  expect(progress.length).toBe(9);
  expect(progress[8]).toBe(1);
});

test.each(["inline", "threads:2"] as Runner[])("%s: a stopped sweep goes on where it was", async (runner) => {
  const [store, log] = [folder(), join(folder(), "log")];
  const sweep = { name: "squares", handler, inputs: tasks(8, { log, delayMs: 20 }), runner, store };
  let seen = 0;
  for await (const _ of mapTasks(sweep)) if (++seen === 3) break;
  const numStored = readdirSync(store).length;
  expect(numStored).toBeGreaterThanOrEqual(3);
  expect(numStored).toBeLessThan(8);
  expect(sorted(await collect(mapTasks(sweep)))).toEqual(squares(8));
  expect(readdirSync(store).length).toBe(8);
  // A task that was running when the sweep was left may run again, one that was stored may not.
  expect(lines(log).length).toBeLessThanOrEqual(8 + 2);
  const before = lines(log).length;
  expect(sorted(await collect(mapTasks(sweep)))).toEqual(squares(8));
  expect(lines(log).length).toBe(before);
});

test.each(["inline", "threads:2"] as Runner[])(
  "%s: failing tasks are tried again, poisoned ones named at the end",
  async (runner) => {
    const [store, log] = [folder(), join(folder(), "log")];
    const inputs = tasks(4, { log });
    Object.assign(inputs[1]!.input, { failures: 2 });
    Object.assign(inputs[2]!.input, { poison: true });
    const seen: string[] = [];
    const run = async (retries: number) => {
      for await (const { key } of mapTasks({ name: "squares", handler, inputs, runner, store, retries }))
        seen.push(key);
    };
    const error = await run(2).catch((reason: unknown) => reason as BackendError);
    expect(error).toBeInstanceOf(BackendError);
    expect(error!.message).toMatch(/1 of 4 tasks failed in 3 attempts each.*task 2: no square of 2/);
    expect(((error!.cause as AggregateError).errors[0] as Error).name).toBe("RangeError");
    expect(seen.sort()).toEqual(["task 0", "task 1", "task 3"]);
    expect(lines(log).filter((line) => line.startsWith("task 1")).length).toBe(3);
    expect(lines(log).filter((line) => line.startsWith("task 2")).length).toBe(3);
  },
);

test("a handler that ends its process only loses its task", async () => {
  const inputs = tasks(3);
  Object.assign(inputs[1]!.input, { exit: true });
  const seen: string[] = [];
  const sweep = async () => {
    for await (const { key } of mapTasks({ name: "x", handler, inputs, runner: "threads:2", retries: 0 }))
      seen.push(key);
  };
  await expect(sweep()).rejects.toThrow(/task 1: the handler called process.exit/);
  expect(seen.sort()).toEqual(["task 0", "task 2"]);
});

test.each(["inline", "threads:2"] as Runner[])("%s: a signal stops the sweep at once", async (runner) => {
  const controller = new AbortController();
  const inputs = tasks(50, { delayMs: 60 });
  const sweep = collect(mapTasks({ name: "x", handler, inputs, runner, signal: controller.signal }));
  setTimeout(() => controller.abort(new RangeError("enough")), 150);
  await expect(sweep).rejects.toThrow("enough");
  const aborted = mapTasks({
    name: "x",
    handler,
    inputs,
    signal: AbortSignal.abort(new RangeError("never")),
  });
  await expect(collect(aborted)).rejects.toThrow("never");
});

test("threads work side by side", async () => {
  const meet = new URL("./handlers/meet.mjs", import.meta.url).href;
  const input = { folder: folder() };
  const inputs = ["a", "b"].map((key) => ({ key, input }));
  expect((await collect(mapTasks({ name: "x", handler: meet, inputs, runner: "threads:2" }))).size).toBe(2);
});

test("threads stay warm for the next sweep, and for each of two at a time", async () => {
  const counter = new URL("./handlers/counter.mjs", import.meta.url).href;
  const sweep = (name: string) => ({
    name,
    handler: counter,
    inputs: tasks(1),
    runner: "threads:1" as const,
  });
  const first = (await collect<{ thread: number; calls: number }>(mapTasks(sweep("a")))).get("task 0")!;
  const second = (await collect<{ thread: number; calls: number }>(mapTasks(sweep("b")))).get("task 0")!;
  expect(second).toEqual({ thread: first.thread, calls: first.calls + 1 });
  const both = await Promise.all(
    ["c", "d"].map((name) => collect<{ thread: number }>(mapTasks(sweep(name)))),
  );
  const [c, d] = both.map((results) => results.get("task 0")!.thread);
  expect(c).not.toBe(d);
});

test("sweeps of different names share a store without mixing", async () => {
  const store = folder();
  const sweep = { handler, inputs: tasks(2), store };
  expect((await collect(mapTasks({ name: "a", ...sweep }))).get("task 1")).toEqual({ square: 1, name: "a" });
  expect((await collect(mapTasks({ name: "b", ...sweep }))).get("task 1")).toEqual({ square: 1, name: "b" });
  expect(readdirSync(store).length).toBe(4);
});

test("keys of any characters are kept apart, a damaged result is computed again", async () => {
  const store = folder();
  const inputs = ["a/b", "a_b", "../a", "ä", "x".repeat(500)].map((key, x) => ({ key, input: { x } }));
  const first = await collect(mapTasks({ name: "k", handler, inputs, store }));
  expect(first.size).toBe(5);
  for (const file of readdirSync(store)) writeFileSync(join(store, file), '{"name":"k"');
  expect(await collect(mapTasks({ name: "k", handler, inputs, store }))).toEqual(first);
});

test("handlers are found by path and by package", async () => {
  const path = `./${relative(process.cwd(), fileURLToPath(handler))}`;
  const results = await collect(mapTasks({ name: "squares", handler: path, inputs: tasks(1) }));
  expect(results.get("task 0")).toEqual({ square: 0, name: "squares" });
  await expect(
    collect(mapTasks({ name: "x", handler: "@lab/none/worker", inputs: tasks(1) })),
  ).rejects.toThrow(/@lab\/none\/worker.*was expected/);
  const nothing = new URL("./handlers/nothing.mjs", import.meta.url).href;
  await expect(collect(mapTasks({ name: "x", handler: nothing, inputs: tasks(1) }))).rejects.toThrow(
    /no default export/,
  );
});

test("wrong options are refused before anything runs", () => {
  const inputs = tasks(2);
  expect(() => mapTasks({ name: "x", handler, inputs: [inputs[0]!, inputs[0]!] })).toThrow(
    /"task 0" as an earlier one/,
  );
  expect(() => mapTasks({ name: "x", handler, inputs, runner: "threads:0" })).toThrow(ArgumentError);
  expect(() => mapTasks({ name: "x", handler, inputs, runner: { redis: "http://x" } })).toThrow(/redis:\/\//);
  expect(() => mapTasks({ name: "", handler, inputs })).toThrow(/name is ""/);
  expect(() => mapTasks({ name: "x", handler, inputs, retries: -1 })).toThrow(/retries is -1/);
});
