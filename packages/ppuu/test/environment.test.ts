import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ArgumentError } from "@lab/core";
import { hasRedis } from "@lab/tooling/redis-server";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compare,
  disposeObservation,
  evaluate,
  type ObservationKind,
  overlaps,
  type Report,
  TrafficEnv,
} from "../src/evaluation.js";
import { renderContext } from "../src/images.js";
import {
  idmPolicy,
  noAction,
  replayPolicy,
  simulateTraffic,
  TrafficSimulation,
  unicycle,
  vectorCosts,
} from "../src/index.js";
import { smallLog } from "./small-log.js";

const log = await smallLog();

describe("overlaps", () => {
  const car = fc.record({
    x: fc.double({ min: -5, max: 5, noNaN: true }),
    y: fc.double({ min: -3, max: 3, noNaN: true }),
    length: fc.double({ min: 1, max: 6, noNaN: true }),
    width: fc.double({ min: 1, max: 3, noNaN: true }),
  });
  test("is symmetric, true for a car itself, and less with a margin", () => {
    fc.assert(
      fc.property(car, car, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(overlaps(a, a)).toBe(true);
        if (overlaps(a, b, 1)) expect(overlaps(a, b)).toBe(true);
      }),
      { seed: 2 },
    );
  });
});

describe("TrafficEnv", () => {
  test.each(["replay", "reactive"] as const)("drives in a simulation that is given, %s", async (mode) => {
    const simulation = new TrafficSimulation({ seed: 4, scenes: 2, dt: 0.2 });
    const before = JSON.stringify(simulation.toJSON());
    const env = new TrafficEnv({ simulation, mode, limit: 2 });
    const [first] = env.reset({ seed: 1, car: { scene: 1, id: 7, frame: 1 } });
    expect(JSON.stringify(simulation.toJSON())).toBe(before);
    simulation.step();
    const { x } = simulation.state();
    expect((await first.ego.data())[0]).toBeCloseTo(x[60 + 7]!, 4);
    expect(env.step([0, 0])[1]).toHaveLength(1);
  });

  test("a tensor of actions does what the numbers do; one source of traffic is needed", async () => {
    const [one, two] = [0, 1].map(() => new TrafficEnv({ log, mode: "replay", batch: 2 }));
    one!.reset({ seed: 3 });
    two!.reset({ seed: 3 });
    const action = tf.tensor2d([0.5, 0, -1, 0.01], [2, 2]);
    const [seen, ...rest] = await two!.step(action);
    expect(action.isDisposed).toBe(false);
    const [other, ...same] = one!.step(await action.data());
    expect(rest).toEqual(same);
    expect(await seen.ego.data()).toEqual(await other.ego.data());
    expect(() => new TrafficEnv({ mode: "replay" })).toThrow("log and simulation are left out");
    const simulation = new TrafficSimulation({ seed: 4 });
    expect(() => new TrafficEnv({ log, simulation, mode: "replay" })).toThrow("are both given");
  });

  test("gives observations, rewards and two kinds of end, and the same for a seed", () => {
    const env = new TrafficEnv({ log, mode: "reactive", batch: 2, limit: 2 });
    const trace = () => {
      const [first, info] = env.reset({ seed: 5 });
      expect(first.ego.shape).toEqual([2, 5]);
      expect(info.seed).toBe(5);
      const rows: unknown[] = [];
      for (let t = 0; t < 10; t++) {
        const [observation, reward, terminated, truncated, { outcome, distance }] = env.step([
          0.5, 0, 0.5, 0,
        ]);
        expect(observation.scene.cars.shape).toEqual([2, 12, 5]);
        expect([...reward].every(Number.isFinite)).toBe(true);
        for (let row = 0; row < 2; row++) expect(terminated[row]! * truncated[row]!).toBe(0);
        rows.push([[...reward], outcome, distance]);
        if (outcome.every(Boolean)) break;
      }
      return rows;
    };
    const first = trace();
    expect(trace()).toEqual(first);
    expect(() => env.step([0, 0, 0, 0])).toThrow("all episodes have ended; call reset first");
    env.close();
    expect(() => env.step([0, 0, 0, 0])).toThrow("no episode has begun");
  });

  test("starts at a named car, draws it, and refuses one that is not there", () => {
    const env = new TrafficEnv({ log, mode: "replay" });
    const [, { places }] = env.reset({ car: { scene: 1, id: 7, frame: 10 } });
    expect(places[0]).toEqual({ scene: 1, car: 7, frame: 10 });
    const { width, height, data } = env.render({ width: 100 });
    expect(data).toHaveLength(4 * width * height);
    expect(() => env.reset({ car: { scene: 1, id: 7, frame: 0 } })).toThrow(
      "car 7 of scene 1 is present for 1 frames up to frame 0",
    );
    expect(() => new TrafficEnv({ log, mode: "replay", ego: unicycle({ dt: 0.1 }) })).toThrow(
      "equal steps were expected",
    );
  });

  test("steps leave no tensors but the observation's", () => {
    const env = new TrafficEnv({ log, mode: "replay" });
    const free = ([seen]: ReturnType<TrafficEnv["step"]>) => disposeObservation(seen);
    env.reset({ seed: 0 });
    free(env.step([0, 0]));
    const before = tf.memory().numTensors;
    for (let t = 0; t < 3; t++) free(env.step([0, 0]));
    expect(tf.memory().numTensors).toBe(before);
  });
});

test("an environment shows cars, their image in the ego's frame, or both", async () => {
  const before = tf.memory().numTensors;
  const see = (observation: ObservationKind) =>
    new TrafficEnv({ log, mode: "replay", observation }).reset({ seed: 5 })[0];
  const [numbers, pixels, both] = [see("vector"), see("image"), see("both")];
  expect(numbers.scene.image).toBeUndefined();
  expect(pixels.scene.cars.shape).toEqual([1, 0, 5]);
  expect(pixels.scene.image!.shape).toEqual([1, 117, 24, 3]);
  const drawn = renderContext(numbers.scene, { reference: numbers.ego });
  for (const { scene } of [pixels, both]) {
    expect(await scene.image!.data()).toEqual(await drawn.data());
    expect(await scene.reference!.data()).toEqual(await numbers.ego.data());
  }
  expect(await both.scene.cars.data()).toEqual(await numbers.scene.cars.data());
  drawn.dispose();
  for (const seen of [numbers, pixels, both]) disposeObservation(seen);
  expect(tf.memory().numTensors).toBe(before);
  expect(() => see("sound" as ObservationKind)).toThrow("observation");
});

describe("evaluate", () => {
  const short = { log, episodes: 12, seed: 3, limit: 9, destination: 40 } as const;

  test("recorded actions, exactly inverted, arrive without a collision", async () => {
    const full = await simulateTraffic({ seconds: 40, scenes: 2, seed: 21 });
    const report = await evaluate(replayPolicy(full), {
      log: full,
      mode: "replay",
      episodes: 40,
      seed: 0,
      clip: false,
      limit: 30,
      destination: 100,
      ego: unicycle({ minSpeed: null }),
    });
    expect(report.outcomes.ahead.mean + report.outcomes.behind.mean + report.outcomes.offroad.mean).toBe(0);
    expect(report.success.mean).toBeGreaterThanOrEqual(0.99);
  });

  test("counts outcomes that add up, with intervals around them, in the same order for every policy", async () => {
    const seen: string[] = [];
    const report = await evaluate(idmPolicy(), {
      ...short,
      mode: "replay",
      keep: 2,
      costs: vectorCosts(),
      on: ({ outcome }) => seen.push(outcome),
    });
    expect(seen).toHaveLength(12);
    const total = Object.values(report.outcomes).reduce((sum, { mean }) => sum + mean, 0);
    expect(total).toBeCloseTo(1, 9);
    expect(report.success.interval[0]).toBeLessThanOrEqual(report.success.mean);
    expect(report.success.interval[1]).toBeGreaterThanOrEqual(report.success.mean);
    expect(report.successAhead.mean).toBeGreaterThanOrEqual(report.success.mean);
    expect(report.episodes.map(({ id }) => id)).toEqual([...Array(12).keys()]);
    expect(report.episodes.filter(({ recording }) => recording)).toHaveLength(2);
    expect(report.costs.proximity!).toBeGreaterThan(0);
    const none = await evaluate(noAction(), { ...short, mode: "replay" });
    expect(none.episodes.map(({ place }) => place)).toEqual(report.episodes.map(({ place }) => place));
    const { difference, interval, mcnemar } = compare(report, none);
    expect(difference).toBeCloseTo(report.success.mean - none.success.mean, 9);
    expect(interval[0]).toBeLessThanOrEqual(difference);
    expect(mcnemar.p).toBeGreaterThan(0);
    expect(mcnemar.p).toBeLessThanOrEqual(1);
    expect(compare(report, report).mcnemar.p).toBe(1);
    const other = await evaluate(noAction(), { ...short, seed: 4, mode: "replay" });
    expect(() => compare(report, other)).toThrow("the same episodes in the same mode were expected");
  });

  test("others that react avoid a car that does nothing more often than others that cannot see it", async () => {
    const long = { log, episodes: 40, seed: 1, limit: 11, destination: 500 };
    const replay = await evaluate(noAction(), { ...long, mode: "replay" });
    const reactive = await evaluate(noAction(), { ...long, mode: "reactive" });
    expect(reactive.outcomes.behind.mean).toBeLessThan(replay.outcomes.behind.mean);
  });

  test("stress makes it harder and is repeatable; sudden braking needs others that react", async () => {
    const stress = { noise: { action: 1, position: 1 }, delay: 5, startOffset: { y: 0.8, heading: 0.05 } };
    const calm = await evaluate(idmPolicy(), { ...short, mode: "reactive", episodes: 24 });
    const hard = await evaluate(idmPolicy(), { ...short, mode: "reactive", episodes: 24, stress });
    expect(hard.success.mean).toBeLessThan(calm.success.mean);
    const again = await evaluate(idmPolicy(), { ...short, mode: "reactive", episodes: 24, stress });
    expect(again.episodes).toEqual(hard.episodes);
    const braking = await evaluate(noAction(), {
      ...short,
      mode: "reactive",
      episodes: 24,
      stress: { brake: { rate: 5, strength: 6 }, cutIn: { gap: 2 }, density: 0.7 },
    });
    expect(braking.outcomes.ahead.mean).toBeGreaterThan(0);
    await expect(
      evaluate(noAction(), { ...short, mode: "replay", stress: { brake: { rate: 1, strength: 4 } } }),
    ).rejects.toThrow('mode "reactive" was expected');
  });

  test("a policy without a description stays in this process, and a signal stops the evaluation", async () => {
    const own = Object.assign(() => tf.zeros<tf.Rank.R2>([12, 2]), {});
    await expect(evaluate(own, { ...short, mode: "replay", runner: "threads:2" })).rejects.toThrow(
      ArgumentError,
    );
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(evaluate(noAction(), { ...short, mode: "replay", signal })).rejects.toThrow("enough");
    // Also one that comes from a timer or a key, while nothing in the evaluation waits for anything.
    const late = new AbortController();
    setImmediate(() => late.abort(new Error("Ctrl-C")));
    await expect(evaluate(noAction(), { ...short, mode: "replay", signal: late.signal })).rejects.toThrow(
      "Ctrl-C",
    );
    await expect(evaluate(noAction(), { ...short, mode: "replay", episodes: 500 })).rejects.toThrow(
      "at most 120 were expected",
    );
  });

  const isBuilt = existsSync("dist/worker.js");
  let reports: Promise<Record<"inline" | "threads" | "again" | "redis", Report> & { numFiles: number }>;
  /** The reports of one process for all runners: threads load the built package, not its sources. */
  const runners = () => {
    reports ??= (async () => {
      const folder = await mkdtemp(join(tmpdir(), "lab-ppuu-jobs-"));
      try {
        const { NODE_OPTIONS: _, ...env } = process.env;
        const script = fileURLToPath(new URL("./run-on-runners.mjs", import.meta.url));
        const options = { env, maxBuffer: 1 << 26 };
        const { stdout } = await promisify(execFile)(process.execPath, [script, folder], options);
        return JSON.parse(stdout);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    })();
    return reports;
  };

  test.skipIf(!isBuilt)(
    "threads give the numbers of this process, and finished groups are not driven again (needs a build)",
    async () => {
      const { inline, threads, again, numFiles } = await runners();
      expect(inline.episodes).toHaveLength(30);
      expect(inline.episodes.map(({ id }) => id)).toEqual(Array.from({ length: 30 }, (_, id) => id));
      expect(threads).toEqual(inline);
      expect(again).toEqual(inline);
      expect(numFiles).toBe(2);
    },
  );

  test.skipIf(!isBuilt || !hasRedis)(
    "workers on a Redis queue give the same bytes (needs a build and redis-server)",
    async () => {
      const { inline, redis } = await runners();
      expect(JSON.stringify(redis)).toBe(JSON.stringify(inline));
    },
  );
});
