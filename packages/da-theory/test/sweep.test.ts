import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveTasks } from "@lab/core/jobs";
import { Generator } from "@lab/core/random";
import { hasRedis, startRedis } from "@lab/tooling/redis-server";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, test } from "vitest";
import { auditClasses } from "../src/audit/index.js";
import { classSweep } from "../src/sweep/class-sweep.js";
import { loadSweep } from "../src/sweep/load-sweep.js";
import { cnnNetwork, mlpNetwork } from "../src/sweep/networks.js";
import { sweepHandler } from "../src/sweep/sweep-handler.js";
import { drawViews, type Pictures, type TransformSpec } from "../src/sweep/transform-spec.js";

const folder = mkdtempSync(join(tmpdir(), "lab-sweep-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const handler = new URL("./fixture/counting-task.mjs", import.meta.url).href;
const settings = [{ name: "none" }, { name: "crop" }, { name: "decay 5" }];
const seeds = [1, 2, 3];

test("a sweep that is stopped again and again ends with the same predictions, each trained once", async () => {
  const straight = await classSweep({ settings, seeds, handler, store: join(folder, "straight") });
  const log = join(folder, "log");
  const store = join(folder, "stopped");
  const hold = join(folder, "hold");
  const options = { log, hold };
  let stops = 0;
  let called = 0;
  for (const most of [1, 2, 0, 3, 1]) {
    called = Math.max(called, most + 1);
    writeFileSync(hold, String(called));
    const stop = new AbortController();
    let fresh = 0;
    const sweep = classSweep({
      settings,
      seeds,
      handler,
      store,
      options,
      signal: stop.signal,
      onProgress: () => {
        if (++fresh > most) stop.abort(new Error("stopped"));
      },
    });
    await sweep.catch(() => stops++);
  }
  expect(stops).toBe(5);
  writeFileSync(hold, "9");
  const resumed = await classSweep({ settings, seeds, handler, store, options });
  expect(resumed).toEqual(straight);
  const lines = readFileSync(log, "utf8").trim().split("\n");
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  expect(counts.size).toBe(9);
  const before = lines.length;
  const loaded = await loadSweep(store);
  await classSweep({ settings, seeds, handler, store, options });
  expect(readFileSync(log, "utf8").trim().split("\n")).toHaveLength(before);
  const effects = (input: Parameters<typeof auditClasses>[0]) =>
    auditClasses(input, { reference: "none", draws: 20 }).effects.map(({ setting, delta }) => [
      setting,
      delta,
    ]);
  expect(new Map(effects(loaded).map(([s, d]) => [s, d]))).toEqual(
    new Map(effects(straight).map(([s, d]) => [s, d])),
  );
});

test("threads give what this process gives", async () => {
  const one = await classSweep({ settings, seeds, handler, store: join(folder, "inline") });
  const two = await classSweep({
    settings,
    seeds,
    handler,
    store: join(folder, "threads"),
    runner: "threads:2",
  });
  expect(two).toEqual(one);
});

test.skipIf(!hasRedis)("two workers of a queue give the same, each training once", async () => {
  const redis = await startRedis();
  const stop = new AbortController();
  const log = join(folder, "queue-log");
  const serve = () =>
    serveTasks({ redis: redis.url, queue: "sweep", allow: [handler], threads: false, signal: stop.signal });
  const workers = [serve(), serve()];
  try {
    const one = await classSweep({ settings, seeds, handler, store: join(folder, "inline") });
    const runner = { redis: redis.url, queue: "sweep" };
    const two = await classSweep({
      settings,
      seeds,
      handler,
      store: join(folder, "queue"),
      runner,
      options: { log },
    });
    expect(two).toEqual(one);
    expect(readFileSync(log, "utf8").trim().split("\n")).toHaveLength(9);
    expect((await loadSweep(join(folder, "queue"))).runs).toHaveLength(9);
  } finally {
    stop.abort();
    await Promise.allSettled(workers);
    await redis.stop();
  }
});

test("another seed, option, transform or version is another task", async () => {
  const log = join(folder, "log2");
  const run = (more: object) =>
    classSweep({
      settings: settings.slice(0, 1),
      seeds: [1],
      handler,
      store: join(folder, "keys"),
      options: { log },
      ...more,
    });
  await run({});
  await run({ version: 2 });
  await run({ options: { log, steps: 3 } });
  await run({ settings: [{ name: "none", weightDecay: 1 }] });
  await run({});
  expect(readFileSync(log, "utf8").trim().split("\n")).toHaveLength(4);
  await expect(loadSweep(join(folder, "keys"))).rejects.toThrow(
    "holds two trainings of setting none, seed 1",
  );
});

test("loadSweep: damaged files are passed over, empty folders refused", async () => {
  const store = join(folder, "damaged");
  await classSweep({ settings, seeds: [1], handler, store });
  const [first] = readdirSync(store);
  writeFileSync(join(store, first!), "{");
  expect((await loadSweep(store)).runs).toHaveLength(2);
  await expect(loadSweep(folder)).rejects.toThrow("holds no finished training");
  await expect(loadSweep(join(folder, "nowhere"))).rejects.toThrow("cannot be read");
});

test.each<[object, string]>([
  [{ settings: [] }, "classSweep: settings is empty; one setting at least was expected"],
  [
    { settings: [{ name: 1 }, { name: "1" }] },
    "classSweep: settings has '1' twice; names that differ were expected",
  ],
  [{ seeds: [1, 1] }, "classSweep: seeds has 1 twice; seeds that differ were expected"],
  [
    { settings: [{ name: "a", transform: { turn: 3 } }] },
    "classSweep: transform has the part 'turn'; crop, rotate, translate, flip or boundary was expected",
  ],
  [{ settings: [{ name: "a", transform: { crop: { scale: [0, 1] } } }] }, "transform.crop.scale[0]"],
])("refuses %j", async (more, message) => {
  await expect(classSweep({ settings, seeds, handler, store: folder, ...more })).rejects.toThrow(message);
});

test("sweepHandler passes setting, seed and options", async () => {
  const train = sweepHandler((setting, seed, { options, key }) => ({
    labels: [0],
    predictions: [seed + (options.add as number) + String(setting.name).length + key.length],
  }));
  const task = { setting: { name: "abc" }, seed: 1, options: { add: 10 }, training: "" };
  const context = { name: "", key: "k", attempt: 0, signal: new AbortController().signal };
  expect(await train(task, context)).toEqual({ labels: [0], predictions: [15] });
});

describe("views", () => {
  const [H, W] = [7, 6];
  const x = Float32Array.from({ length: H * W }, (_, at) =>
    Math.sin(1.7 * Math.floor(at / W) + 0.9 * (at % W)),
  );
  const images: Pictures = { x, labels: Int32Array.of(0), shape: [H, W, 1] };
  const view = (spec: TransformSpec, seed = 0) => drawViews(images, [0], spec, new Generator(seed));

  test("nothing, a whole crop and no turn copy; a sure flip mirrors", () => {
    for (const spec of [{}, { crop: { scale: [1, 1], ratio: [1, 1] } } as const, { rotate: 0, flip: 0 }])
      view(spec).forEach((v, i) => {
        expect(v).toBeCloseTo(x[i]!, 6);
      });
    view({ flip: 1 }).forEach((v, at) => {
      expect(v).toBeCloseTo(x[at - (at % W) + W - 1 - (at % W)]!, 6);
    });
  });

  test.each<[string, TransformSpec, Record<number, number>]>([
    // Exact means of the first paper's rules, 7 × 6, zero boundary.
    ["rotation", { rotate: 15 }, { [1 * W + 2]: -0.329164, [5 * W + 1]: 0.020609 }],
  ])("the mean of many %ss is the exact one", (_, spec, expected) => {
    const count = 20_000;
    const views = drawViews(images, new Int32Array(count), spec, new Generator(3));
    for (const [at, mean] of Object.entries(expected)) {
      let [sum, squares] = [0, 0];
      for (let n = 0; n < count; n++) {
        const v = views[n * H * W + Number(at)]!;
        sum += v;
        squares += v * v;
      }
      const sd = Math.sqrt(squares / count - (sum / count) ** 2);
      expect(Math.abs(sum / count - mean)).toBeLessThan((5 * sd) / Math.sqrt(count));
    }
  });

  test("content moves down and right with the shift that is drawn", () => {
    const spot: Pictures = { x: new Float32Array(81), labels: Int32Array.of(0), shape: [9, 9, 1] };
    spot.x[4 * 9 + 4] = 1;
    const u = new Generator(5).float64(8);
    const out = drawViews(spot, [0], { translate: 3 }, new Generator(5));
    let [row, column] = [0, 0];
    out.forEach((v, at) => {
      row += v * Math.floor(at / 9);
      column += v * (at % 9);
    });
    expect(row - 4).toBeCloseTo(6 * u[1]! - 3, 5);
    expect(column - 4).toBeCloseTo(6 * u[2]! - 3, 5);
  });

  test("a crop reads a rectangle of the drawn area", () => {
    const ramp: Pictures = {
      x: Float32Array.from({ length: 400 }, (_, at) => at % 20),
      labels: Int32Array.of(0),
      shape: [20, 20, 1],
    };
    const out = drawViews(ramp, [0], { crop: { scale: [0.25, 0.25], ratio: [1, 1] } }, new Generator(1));
    expect(out[10]! - out[9]!).toBeCloseTo(0.5, 5); // half the side spans the whole width
    const left = 20 * 0.5 * new Generator(1).float64(8)[7]!;
    expect(out[10]!).toBeCloseTo(left + 0.5 * 10.5 - 0.5, 4);
  });
});

test("networks: shapes, and the same seed gives the same weights", async () => {
  const build = () =>
    [mlpNetwork(12, 5, 3, new Generator(1)), cnnNetwork([8, 8, 3], 4, new Generator(1))] as const;
  const [mlp, cnn] = build();
  expect(mlp.apply(tf.zeros([2, 2, 2, 3])).shape).toEqual([2, 3]);
  expect(cnn.apply(tf.zeros([2, 8, 8, 3])).shape).toEqual([2, 4]);
  const again = build()[1].apply(tf.ones([1, 8, 8, 3]));
  expect(Array.from(await again.data())).toEqual(Array.from(await cnn.apply(tf.ones([1, 8, 8, 3])).data()));
});
