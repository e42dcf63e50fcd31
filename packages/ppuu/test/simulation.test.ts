import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ArgumentError, DataError } from "@lab/core";
import { describe, expect, test } from "vitest";
import {
  IDM_CAR,
  idmAcceleration,
  idmEquilibriumGap,
  loadLog,
  mobilIncentive,
  recordedStates,
  saveLog,
  simulateTraffic,
  splitLog,
  subsampleLog,
  TrafficSimulation,
} from "../src/index.js";
import { countOverlaps } from "./overlaps.js";

const idm = (speed: number, gap: number, approach: number) => idmAcceleration(speed, gap, approach, IDM_CAR);

describe("drivers", () => {
  test("accelerations are those computed by hand", () => {
    const cases = [
      [10, 20, 0, 0.37716],
      [10, 20, 3, -0.970832],
      [25, 60, -2, 0.722463],
      [15, 8, 5, -46.795499],
      [0, 2, 0, 0],
      [0, Number.POSITIVE_INFINITY, 0, 1.4],
    ] as const;
    for (const [v, s, dv, expected] of cases) expect(idm(v, s, dv)).toBeCloseTo(expected, 6);
  });

  test("the equilibrium gap grows with speed, and a platoon started there stays", () => {
    const gaps = [5, 10, 15, 20].map((v) => idmEquilibriumGap(v, IDM_CAR));
    for (const [i, gap] of [9.502406, 17.069271, 25.018323, 34.299717].entries()) {
      expect(gaps[i]!).toBeCloseTo(gap, 6);
    }
    for (const [i, v] of [5, 10, 15, 20].entries()) expect(Math.abs(idm(v, gaps[i]!, 0))).toBeLessThan(1e-12);
  });

  test("the incentive of a lane change is that of the worked case", () => {
    const length = 4.8;
    const change = {
      own: idm(10, 12, 2),
      ownAfter: idm(10, 30 - 0, -2),
      follower: idm(11, 15 + length + 30, -1),
      followerAfter: idm(11, 15, 1),
      oldFollower: idm(10, 10, 0),
      oldFollowerAfter: idm(10, 10 + length + 12, 2),
    };
    const expected = [-3.743732, 1.19962, 1.252748, -1.570093, -2.65734, 0.359666];
    for (const [i, value] of Object.values(change).entries()) expect(value).toBeCloseTo(expected[i]!, 6);
    expect(mobilIncentive(change, 0.3)).toBeCloseTo(5.001602, 5);
  });
});

describe("TrafficSimulation", () => {
  test("nobody overlaps, and speeds and lane changes are those of dense traffic", () => {
    const scenes = 20;
    const traffic = new TrafficSimulation({ seed: 7, scenes });
    for (let t = 0; t < 300; t++) traffic.step();
    let [overlaps, changes, sum, count, slips] = [0, 0, 0, 0, 0];
    let before = traffic.state();
    // Flow is conserved: who crossed one line of the ring and not the other is between them.
    const [first, second] = [90, 270];
    const along = (x: number) => x - 360 * Math.floor(x / 360);
    const between = (state: typeof before) =>
      [...state.x].filter((x) => along(x) >= first && along(x) < second).length;
    const start = between(before);
    let [overFirst, overSecond] = [0, 0];
    const crosses = (from: number, to: number, line: number) =>
      Math.floor((to - line) / 360) - Math.floor((from - line) / 360);
    for (let t = 0; t < 600; t++) {
      traffic.step();
      const now = traffic.state();
      overlaps += countOverlaps(now, 360);
      for (let i = 0; i < now.x.length; i++) {
        if (now.target[i]! >= 0 && before.target[i]! < 0) changes++;
        sum += now.v[i]!;
        count++;
        overFirst += crosses(before.x[i]!, now.x[i]!, first);
        overSecond += crosses(before.x[i]!, now.x[i]!, second);
        slips = Math.max(slips, Math.abs(now.x[i]! - before.x[i]! - 0.1 * before.v[i]!));
      }
      before = now;
    }
    expect(overlaps).toBe(0);
    expect(overFirst).toBeGreaterThan(1000);
    expect(overFirst - overSecond).toBe(between(before) - start);
    expect([...before.present].every(Boolean)).toBe(true);
    expect(slips).toBeLessThan(1e-9); // the position moves by the old speed
    expect(sum / count).toBeGreaterThan(5.8);
    expect(sum / count).toBeLessThan(7.5);
    expect(changes / (60 * scenes)).toBeGreaterThan(1);
    expect(changes / (60 * scenes)).toBeLessThan(2.2);
  });

  test("a seed fixes every byte, and another seed gives other traffic", async () => {
    const options = { seconds: 10, warmup: 5, seed: 3 };
    const [a, b] = [await simulateTraffic(options), await simulateTraffic(options)];
    expect(Buffer.from(a.x.buffer).equals(Buffer.from(b.x.buffer))).toBe(true);
    expect(Buffer.from(a.y.buffer).equals(Buffer.from(b.y.buffer))).toBe(true);
    const other = await simulateTraffic({ ...options, seed: 4 });
    expect(Buffer.from(a.x.buffer).equals(Buffer.from(other.x.buffer))).toBe(false);
    // Pinned, so that a change of the random streams or of the arithmetic does not pass unseen.
    const hash = [...a.x].reduce(
      (sum, value, i) => (sum * 31 + Math.round(value * 1e3) + i) % 1_000_000_007,
      0,
    );
    expect(hash).toBe(82447895);
  });

  test("a scene does not depend on how many there are, nor a driver on the others", () => {
    const few = new TrafficSimulation({ seed: 5, scenes: 3 });
    const many = new TrafficSimulation({ seed: 5, scenes: 8 });
    for (let t = 0; t < 100; t++) {
      few.step();
      many.step();
    }
    expect([...few.state().x.slice(120, 180)]).toEqual([...many.state().x.slice(120, 180)]);
    const sparse = new TrafficSimulation({ seed: 5, carsPerLane: 10 }).state();
    const dense = new TrafficSimulation({ seed: 5, carsPerLane: 15 }).state();
    expect([...sparse.length]).toEqual([...dense.length.slice(0, 40)]);
  });

  // Drivers draw for 64 steps at once.
  test.each([0, 64, 137])("a copy and a restored state after %i steps continue identically", (steps) => {
    const traffic = new TrafficSimulation({ seed: 2, scenes: 2 });
    for (let t = 0; t < steps; t++) traffic.step();
    const copy = traffic.clone();
    const restored = TrafficSimulation.fromJSON(JSON.parse(JSON.stringify(traffic)));
    for (let t = 0; t < 150; t++) for (const one of [traffic, copy, restored]) one.step();
    expect(copy.state()).toEqual(traffic.state());
    expect(restored.state()).toEqual(traffic.state());
  });

  test("drivers react to a controlled car that brakes in their lane", () => {
    const traffic = new TrafficSimulation({ seed: 1, events: false, noise: 0 });
    for (let t = 0; t < 100; t++) traffic.step();
    const free = traffic.clone();
    traffic.control(0, 20);
    const start = traffic.state();
    const state = [start.x[20]!, start.y[20]!, 1, 0, 0]; // stands still from now on
    for (let t = 0; t < 60; t++) {
      traffic.step({ state });
      free.step();
    }
    const [behind, freely] = [traffic.state(), free.state()];
    const slowest = Math.min(...behind.v.filter((_, i) => i !== 20));
    expect(slowest).toBeLessThan(Math.min(...freely.v) - 1);
    expect(countOverlaps(behind, 360)).toBe(0);
    expect(behind.x[20]).toBe(start.x[20]);
  });

  test("cars enter the open road, merge before the ramp ends, and leave", () => {
    const traffic = new TrafficSimulation({ seed: 4, geometry: "i80" });
    let [overlaps, merged, latest, farthest] = [0, 0, 0, 0];
    const seen = new Set<number>();
    let before = traffic.state();
    for (let t = 0; t < 1500; t++) {
      traffic.step();
      const now = traffic.state();
      overlaps += countOverlaps(now, undefined);
      for (let i = 0; i < now.x.length; i++) {
        if (!now.present[i]) continue;
        seen.add(now.id[i]!);
        farthest = Math.max(farthest, now.x[i]!);
        if (now.lane[i] === 6) latest = Math.max(latest, now.x[i]!);
        if (now.id[i] === before.id[i] && before.lane[i] === 6 && now.lane[i] === 5) merged++;
      }
      before = now;
    }
    const here = before.present.reduce((sum, value) => sum + value, 0);
    expect(overlaps).toBe(0);
    expect(merged).toBeGreaterThan(5);
    expect(latest).toBeLessThan(233);
    expect(farthest).toBeLessThan(314.5 + 6);
    expect(seen.size).toBeGreaterThan(here + 50);
  });

  test("options out of range are refused", () => {
    expect(() => new TrafficSimulation({ seed: -1 })).toThrow(ArgumentError);
    expect(() => new TrafficSimulation({ seed: 0, carsPerLane: 90 })).toThrow(
      "carsPerLane is 90; an integer >= 0 and <= 45 was expected",
    );
    expect(() => new TrafficSimulation({ seed: 0 }).control(0, 60)).toThrow(
      "slot 60 of scene 0 holds no car",
    );
  });
});

describe("logs", () => {
  test("are split by scene and by car without sharing", async () => {
    const log = await simulateTraffic({ seconds: 1, warmup: 0, scenes: 4, seed: 0 });
    const [a, b] = splitLog(log, [0.5, 0.5]);
    expect([a!.shape, b!.shape]).toEqual([
      [10, 2, 60],
      [10, 2, 60],
    ]);
    expect(b!.x[0]).toBe(log.x[120]);
    const one = await simulateTraffic({ seconds: 1, warmup: 0, seed: 0 });
    const [train, held] = splitLog(one, [0.8, 0.2], { seed: 0 });
    expect(train!.cars).toHaveLength(48);
    expect(held!.cars!.some((car) => train!.cars!.includes(car))).toBe(false);
    expect(() => splitLog(log, [0.9, 0.2])).toThrow(ArgumentError);
  });

  test("keep every second frame, and states follow the positions", async () => {
    const log = subsampleLog(await simulateTraffic({ seconds: 5, warmup: 2, seed: 0 }), 2);
    expect(log.dt).toBe(0.2);
    expect(log.shape[0]).toBe(25);
    const states = recordedStates(log, 0, 3, 0, 25);
    for (let t = 0; t < 24; t++) {
      const [x, y, dx, dy, v] = states.slice(5 * t, 5 * t + 5) as unknown as number[];
      expect(Math.hypot(dx!, dy!)).toBeCloseTo(1, 9);
      expect(x! + 0.2 * v! * dx!).toBeCloseTo(states[5 * t + 5]!, 9);
      expect(y! + 0.2 * v! * dy!).toBeCloseTo(states[5 * t + 6]!, 9);
    }
  });

  test("come back from a file as they were, and another file is refused", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-ppuu-log-"));
    try {
      const log = await simulateTraffic({ seconds: 1, warmup: 0, scenes: 2, seed: 0 });
      await saveLog(join(folder, "log.npz"), log);
      expect(await loadLog(join(folder, "log.npz"))).toEqual(log);
      await writeFile(join(folder, "other.npz"), "no archive");
      await expect(loadLog(join(folder, "other.npz"))).rejects.toThrow(DataError);
      await expect(saveLog(join(folder, "bad.npz"), { ...log, shape: [9, 2, 60] })).rejects.toThrow(
        "log.x has 1200 numbers; 1080 were expected",
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("a signal stops a simulation", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(simulateTraffic({ seconds: 10, seed: 0, signal })).rejects.toThrow("enough");
  });
});
