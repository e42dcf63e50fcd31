import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  carsWorld,
  constantVelocityWorld,
  costsOf,
  historyFromLog,
  idmWorld,
  imagine,
  jointWorldModel,
  type Observation,
  replayWorld,
  samplePlaces,
  unicycle,
  vectorCosts,
} from "../src/index.js";
import { distill, type MpcOptions, mpc } from "../src/planning/index.js";
import { policyFromSpec } from "../src/worker.js";
import { smallLog } from "./small-log.js";

const log = await smallLog();
const ego = unicycle({ dt: 0.2 });
const places = samplePlaces(log, 3, 1, 20, new Generator(8));

function observe(): Observation {
  const history = historyFromLog(log, places);
  const world = replayWorld(log);
  return {
    ego: tf.squeeze(tf.slice(history.ego, [0, 1, 0], [3, 1, 5]), [1]) as tf.Tensor2D,
    scene: world.scene(world.reset(history)),
    car: history.car,
    history,
  };
}
const base: MpcOptions = {
  world: constantVelocityWorld(),
  ego,
  costs: vectorCosts(),
  horizon: 12,
  plan: 3,
  iterations: 8,
  seed: 1,
};

/** Mean cost of a plan, by imagining it. */
async function costOf(plan: number[][][]): Promise<number> {
  const { history } = observe();
  const actions = tf.unstack(tf.tensor3d(plan), 1) as tf.Tensor2D[];
  const world = constantVelocityWorld();
  const future = imagine({
    world,
    ego,
    history: history!,
    horizon: 12,
    gradient: "ego",
    act: (_e, _s, t) => actions[t]!,
  });
  return (await tf.mean(costsOf(future, vectorCosts(), history!.car).total).data())[0]!;
}

describe("mpc", () => {
  test.each(["gradient", "cem", "grid", "lbfgs"] as const)(
    "%s finds plans that cost less than doing nothing",
    async (method) => {
      const nothing = await costOf(Array.from({ length: 3 }, () => Array.from({ length: 12 }, () => [0, 0])));
      const planner = mpc({ ...base, method, ...(method === "grid" && { horizon: 12, plan: 1 }) });
      const action = await planner(observe());
      expect(action.shape).toEqual([3, 2]);
      expect(planner.lastPlan).toHaveLength(3);
      expect(planner.lastPlan![0]).toHaveLength(12);
      expect(await costOf(planner.lastPlan!)).toBeLessThan(nothing - 1e-3);
      await expectClose((await action.data()).slice(0, 2), planner.lastPlan![0]![0]!, { relative: 1e-6 });
      planner.reset();
    },
  );

  test("keeps a plan between calls, leaks nothing, and repeats itself for a seed", async () => {
    const observation = observe();
    const planner = mpc({ ...base, replan: 2 });
    (await planner(observation)).dispose();
    const first = planner.lastPlan;
    (await planner(observation)).dispose();
    expect(planner.lastPlan).toBe(first);
    (await planner(observation)).dispose();
    expect(planner.lastPlan).not.toBe(first);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 4; i++) (await planner(observation)).dispose();
    expect(tf.memory().numTensors).toBe(before);
    const again = mpc({ ...base, replan: 2 });
    await again(observation);
    expect(again.lastPlan).toEqual(first);
    planner.reset();
    again.reset();
  });

  test("plans through a joint world without an ego model, and with a weight on jerk more calmly", async () => {
    const single = mpc({ ...base, candidates: 1, plan: 1 });
    expect((await single(observe())).shape).toEqual([3, 2]);
    single.reset();
    const { ego: _, ...rest } = base;
    const joint = mpc({ ...rest, world: jointWorldModel(), iterations: 2 });
    expect((await joint(observe())).shape).toEqual([3, 2]);
    const wild = mpc(base);
    const calm = mpc({ ...base, jerk: 1 });
    await wild(observe());
    await calm(observe());
    const change = ({ lastPlan }: typeof wild) =>
      lastPlan!.reduce(
        (sum, row) => sum + row.reduce((s, a, t) => s + Math.abs(a[0]! - (row[t - 1]?.[0] ?? 0)), 0),
        0,
      );
    expect(change(calm)).toBeLessThan(change(wild));
    for (const planner of [joint, wild, calm]) planner.reset();
  });

  test("travels as plain JSON and plans the same", async () => {
    for (const world of [constantVelocityWorld(), idmWorld(), carsWorld({ seed: 3 })]) {
      const planner = mpc({ ...base, world, iterations: 2 });
      const copy = policyFromSpec(JSON.parse(JSON.stringify(await planner.describe!())), log);
      expect([...(await (await copy(observe())).data())]).toEqual([
        ...(await (await planner(observe())).data()),
      ]);
      planner.reset();
      copy.reset!();
    }
    expect(mpc({ ...base, world: replayWorld(log) }).describe).toBeUndefined();
  });

  test("one step down the gradient makes the cross-entropy method find cheaper plans", async () => {
    const options: Partial<MpcOptions> = { method: "cem", candidates: 12, iterations: 2, plan: 4 };
    const [plain, guided] = [mpc({ ...base, ...options }), mpc({ ...base, ...options, gradient: true })];
    (await plain(observe())).dispose();
    (await guided(observe())).dispose();
    expect(await costOf(guided.lastPlan!)).toBeLessThan(await costOf(plain.lastPlan!));
    for (const planner of [plain, guided]) planner.reset();
    expect(() => mpc({ ...base, method: "grid", gradient: true })).toThrow('method "cem" was expected');
  });

  test("a plan that does not divide the horizon is refused", () => {
    expect(() => mpc({ ...base, horizon: 30, plan: 7 })).toThrow("plan 7 does not divide horizon 30");
    expect(() => mpc({ ...base, world: jointWorldModel() })).toThrow("no ego model was expected");
  });
});

describe("distill", () => {
  const teacher = () => mpc({ ...base, iterations: 3, candidates: 2 });
  const options = { ego, log, plans: 6, horizon: 5, steps: 40, batch: 32, seed: 2 };

  test("a policy comes close to the planner's actions, and nothing else is left behind", async () => {
    const before = tf.memory().numTensors;
    const losses: number[] = [];
    const planner = teacher();
    const { policy } = await distill({
      ...options,
      teacher: planner,
      onProgress: ({ metrics }) => metrics && losses.push(metrics.loss!),
    });
    expect(losses).toHaveLength(40);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.6 * mean(losses.slice(0, 5)));
    policy.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a horizon beyond the plans is refused, and a signal stops it", async () => {
    const before = tf.memory().numTensors;
    await expect(distill({ ...options, teacher: teacher(), horizon: 13 })).rejects.toThrow(
      "the teacher plans 12 steps",
    );
    expect(tf.memory().numTensors).toBe(before);
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(distill({ ...options, teacher: teacher(), signal })).rejects.toThrow("enough");
  });
});
