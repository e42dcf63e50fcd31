import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { threadId } from "node:worker_threads";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BackendError } from "../../src/errors/index.js";
import { mapTasks, serveTasks, type TaskResult } from "../../src/jobs/index.js";
import { hasRedis, selfSigned, TestRedis } from "./redis-server.js";

const handler = new URL("./handlers/square.mjs", import.meta.url).href;
const die = new URL("./handlers/die.mjs", import.meta.url).href;
const folder = () => mkdtempSync(join(tmpdir(), "lab-jobs-"));
const tasks = (n: number, more: object = {}) =>
  Array.from({ length: n }, (_, x) => ({ key: `task ${x}`, input: { x, ...more } }));
const lines = (log: string) => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []);

async function collect<O>(results: AsyncIterable<TaskResult<O>>): Promise<Map<string, O>> {
  const all = new Map<string, O>();
  for await (const { key, output } of results) {
    expect(all.has(key)).toBe(false); // nothing twice
    all.set(key, output);
  }
  return all;
}

const squareOf = (results: Map<string, unknown>, x: number) =>
  (results.get(`task ${x}`) as { square: number } | undefined)?.square;

function expectSquares(results: Map<string, unknown>, n: number): void {
  expect(results.size).toBe(n); // nothing lost
  for (let x = 0; x < n; x++) expect(squareOf(results, x)).toBe(x * x);
}

describe.skipIf(!hasRedis)("tasks on Redis (skipped where there is no redis-server)", () => {
  let redis: TestRedis;
  let bundle: string;
  const stops: (() => Promise<unknown> | unknown)[] = [];
  let queueNumber = 0;
  const nextQueue = () => `q${queueNumber++}`;

  beforeAll(async () => {
    redis = await TestRedis.start();
    // Workers that are processes of their own need JavaScript.
    bundle = join(process.cwd(), "node_modules", ".lab-test", `jobs-${process.pid}.mjs`);
    await build({
      entryPoints: [fileURLToPath(new URL("../../src/jobs/index.ts", import.meta.url))],
      outfile: bundle,
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      logLevel: "silent",
    });
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });
  afterAll(async () => {
    rmSync(bundle, { force: true });
    await redis.down("SIGKILL");
  });

  /** A worker in this process. */
  function worker(queue: string, options: Partial<Parameters<typeof serveTasks>[0]> = {}): string[] {
    const controller = new AbortController();
    const warnings: string[] = [];
    const served = serveTasks({
      redis: redis.url,
      queue,
      allow: [handler],
      signal: controller.signal,
      onWarning: (message) => warnings.push(message),
      ...options,
    });
    stops.push(() => {
      controller.abort();
      return served;
    });
    return warnings;
  }

  /** A worker as a process of its own. */
  function workerProcess(queue: string, allow: readonly string[], url = redis.url): ChildProcess {
    const options = { redis: url, queue, allow, leaseMs: 400, concurrency: 1 };
    const program = fileURLToPath(new URL("./handlers/serve.mjs", import.meta.url));
    const child = spawn(process.execPath, [program, bundle, JSON.stringify(options)], { stdio: "ignore" });
    stops.push(() => child.kill("SIGKILL"));
    return child;
  }

  test("results come back, are stored, and are not computed again", async () => {
    const [queue, store, log] = [nextQueue(), folder(), join(folder(), "log")];
    worker(queue, { concurrency: 2 });
    const sweep = {
      name: "s",
      handler,
      inputs: tasks(20, { log }),
      store,
      runner: { redis: redis.url, queue },
    };
    expectSquares(await collect(mapTasks(sweep)), 20);
    expect(readdirSync(store).length).toBe(20);
    expectSquares(await collect(mapTasks({ ...sweep, runner: "inline" })), 20); // another runner resumes it
    expect(lines(log).length).toBe(20);
  });

  test("a worker that is killed in the middle of a task loses nothing", async () => {
    const [queue, flag, log] = [nextQueue(), join(folder(), "flag"), join(folder(), "log")];
    workerProcess(queue, [handler, die]);
    const victims = mapTasks({
      name: "s",
      handler: die,
      inputs: [{ key: "victim", input: { flag } }],
      runner: { redis: redis.url, queue },
    });
    const rest = mapTasks({
      name: "s",
      handler,
      inputs: tasks(6, { log }),
      runner: { redis: redis.url, queue },
    });
    const both = Promise.all([collect(victims), collect(rest)]);
    while (!existsSync(flag)) await new Promise((resolve) => setTimeout(resolve, 20));
    workerProcess(queue, [handler, die]);
    const [survivors, results] = await both;
    expect(survivors.get("victim")).toBe("survived");
    expectSquares(results, 6);
    expect(lines(log).length).toBe(6);
  });

  test("a server that restarts, with or without its memory, loses nothing", async () => {
    for (const persist of [true, false]) {
      const own = await TestRedis.start({ persist });
      stops.push(() => own.down("SIGKILL"));
      const queue = nextQueue();
      const store = folder();
      worker(queue, { redis: own.url, leaseMs: 3000 }); // a task cut off by the restart comes again soon
      const inputs = tasks(30, { delayMs: 20 });
      const seen = new Map<string, unknown>();
      for await (const { key, output } of mapTasks({
        name: "s",
        handler,
        inputs,
        store,
        runner: { redis: own.url, queue },
      })) {
        expect(seen.has(key)).toBe(false);
        seen.set(key, output);
        if (seen.size === 5) {
          await own.down("SIGKILL");
          await own.up();
        }
      }
      expectSquares(seen, 30);
      expect(readdirSync(store).length).toBe(30);
      for (const stop of stops.splice(0).reverse()) await stop();
    }
  });

  test("a poisoned task fails by itself and can be tried again later", async () => {
    const [queue, log] = [nextQueue(), join(folder(), "log")];
    const warnings = worker(queue);
    const inputs = tasks(4, { log });
    Object.assign(inputs[2]!.input, { poison: true });
    const sweep = { name: "s", handler, inputs, retries: 1, runner: { redis: redis.url, queue } };
    const seen: string[] = [];
    const run = async () => {
      for await (const { key } of mapTasks(sweep)) seen.push(key);
    };
    await expect(run()).rejects.toThrow(/1 of 4 tasks failed in 2 attempts each.*task 2: no square of 2/);
    expect(seen.sort()).toEqual(["task 0", "task 1", "task 3"]);
    expect(lines(log).filter((line) => line.startsWith("task 2")).length).toBe(2);
    expect(warnings.some((warning) => warning.includes("no square of 2"))).toBe(true);
    await expect(run()).rejects.toThrow(/no square/); // not an old failure: it was tried two more times
    expect(lines(log).filter((line) => line.startsWith("task 2")).length).toBe(4);
  });

  test("a task that kills every worker fails in the end", async () => {
    const [queue, flag] = [nextQueue(), join(folder(), "flag")];
    let stopped = false;
    const respawn = () => {
      if (!stopped) workerProcess(queue, [die]).once("exit", respawn);
    };
    respawn();
    stops.push(() => {
      stopped = true;
    });
    const inputs = [{ key: "killer", input: { flag, always: true } }];
    const sweep = collect(mapTasks({ name: "s", handler: die, inputs, runner: { redis: redis.url, queue } }));
    await expect(sweep).rejects.toThrow(/killer: job stalled/);
    stopped = true;
  });

  test("two coordinators of one sweep share its tasks", async () => {
    const [queue, log] = [nextQueue(), join(folder(), "log")];
    const sweep = {
      name: "s",
      handler,
      inputs: tasks(40, { log, delayMs: 5 }),
      runner: { redis: redis.url, queue },
    };
    const coordinators = [folder(), folder()].map((store) => collect(mapTasks({ ...sweep, store })));
    worker(queue, { concurrency: 2 });
    for (const results of await Promise.all(coordinators)) expectSquares(results, 40);
    expect(lines(log).length).toBe(40);
  });

  test("a coordinator that leaves takes back what nobody has begun", async () => {
    const queue = nextQueue();
    const controller = new AbortController();
    const inputs = tasks(10);
    const runner = { redis: redis.url, queue };
    const sweep = collect(mapTasks({ name: "s", handler, inputs, runner, signal: controller.signal }));
    setTimeout(() => controller.abort(new RangeError("enough")), 300);
    await expect(sweep).rejects.toThrow("enough");
    const log: number[] = [];
    worker(queue, { onProgress: ({ done }) => log.push(done) });
    expectSquares(await collect(mapTasks({ name: "other", handler, inputs: tasks(1), runner })), 1);
    expect(log).toEqual([1]);
  });

  test("a handler that is not on the list is refused", async () => {
    const queue = nextQueue();
    worker(queue, { allow: [die] });
    const sweep = mapTasks({ name: "s", handler, inputs: tasks(1), runner: { redis: redis.url, queue } });
    await expect(collect(sweep)).rejects.toThrow(/is not on this worker's list/);
  });

  test("without threads handlers run in the worker itself", async () => {
    const [queue, log] = [nextQueue(), join(folder(), "log")];
    worker(queue, { threads: false });
    const sweep = mapTasks({
      name: "s",
      handler,
      inputs: tasks(3, { log }),
      runner: { redis: redis.url, queue },
    });
    expectSquares(await collect(sweep), 3);
    for (const line of lines(log)) expect(line).toContain(` ${process.pid}.${threadId}`);
  });

  const tls = hasRedis ? selfSigned() : undefined;

  test.skipIf(!tls)("tasks and results travel encrypted under rediss://", async () => {
    const own = await TestRedis.start({ tls: tls! });
    stops.push(() => own.down("SIGKILL"));
    const program = fileURLToPath(new URL("./handlers/both.mjs", import.meta.url));
    const run = (env: NodeJS.ProcessEnv) =>
      promisify(execFile)(process.execPath, [program, bundle, own.url, handler], { env });
    const { stdout } = await run({ ...process.env, NODE_EXTRA_CA_CERTS: tls!.cert });
    expect(JSON.parse(stdout)).toEqual([1, 4, 9]);
    await expect(run(process.env)).rejects.toThrow(/does not answer \(self-signed certificate/);
  });

  test("a wrong password and a missing server are told without the password", async () => {
    for (const url of [redis.url.replace("secret", "guess"), "redis://:guess@127.0.0.1:1"]) {
      const sweep = mapTasks({ name: "s", handler, inputs: tasks(1), runner: { redis: url } });
      const error = await collect(sweep).catch((reason: unknown) => reason as BackendError);
      expect(error).toBeInstanceOf(BackendError);
      expect((error as BackendError).message).toMatch(/does not answer \(.+\)/);
      expect((error as BackendError).message).not.toContain("guess");
    }
  }, 40_000);
});
