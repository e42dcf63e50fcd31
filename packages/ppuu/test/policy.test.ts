import { ArgumentError, NumericalError } from "@lab/core";
import { sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  type CostModel,
  carsWorld,
  clonePolicy,
  combine,
  constantVelocityWorld,
  costsOf,
  historyFromLog,
  imagine,
  jointWorldModel,
  keepsLane,
  mlpPolicy,
  replayWorld,
  samplePlaces,
  trainPolicy,
  unicycle,
  vectorCosts,
} from "../src/index.js";
import { policyFromSpec } from "../src/worker.js";
import { smallLog } from "./small-log.js";

const log = await smallLog();
const ego = unicycle({ dt: 0.2 });
const common = { log, ego, costs: vectorCosts(), batch: 16, horizon: 8, seed: 0 };

describe("trainPolicy", () => {
  test("lowers the cost, tells its parts, and leaves nothing but the policy", async () => {
    const policy = mlpPolicy();
    const seen: number[] = [];
    const world = replayWorld(log);
    await trainPolicy({ ...common, policy, world, steps: 2 });
    const before = tf.memory().numTensors;
    await trainPolicy({
      ...common,
      policy,
      world,
      steps: 30,
      perturb: false,
      on: ({ loss, parts }) => {
        seen.push(loss);
        const { proximity, lane, offroad, speed, action } = parts as Record<string, number>;
        expect(Math.min(proximity!, lane!, offroad!, speed!, action!)).toBeGreaterThanOrEqual(0);
      },
    });
    expect(tf.memory().numTensors).toBe(before);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(seen.slice(-8))).toBeLessThan(0.9 * mean(seen.slice(0, 8)));
  });

  test("tells the norm of the gradients, which clipping bounds and does not change", async () => {
    const moved = async (clipNorm: number) => {
      const policy = mlpPolicy({ seed: 6 });
      const weights = () =>
        Promise.all([...policy.parameters().values()].map(async (value) => [...(await value.data())])).then(
          (all) => all.flat(),
        );
      const before = await weights();
      const norms: number[] = [];
      await trainPolicy({
        ...common,
        policy,
        world: constantVelocityWorld(),
        steps: 1,
        clipNorm,
        optimizer: sgd({ learningRate: 1 }),
        on: ({ gradNorm }) => norms.push(gradNorm),
      });
      const after = await weights();
      return { norm: norms[0]!, way: Math.hypot(...after.map((value, i) => value - before[i]!)) };
    };
    const [free, bound] = [await moved(1e3), await moved(1e-2)];
    expect(free.norm).toBeGreaterThan(2e-2);
    expect(bound.norm).toBe(free.norm);
    expect(free.way / free.norm).toBeCloseTo(1, 3);
    expect(bound.way / 1e-2).toBeCloseTo(1, 3);
    const rejected = trainPolicy({
      ...common,
      policy: mlpPolicy(),
      world: replayWorld(log),
      steps: 1,
      clipNorm: 0,
    });
    await expect(rejected).rejects.toThrow("trainPolicy: clipNorm is 0");
  });

  test("a run that was stopped ends in the same losses", async () => {
    const world = constantVelocityWorld();
    const run = (extra: object) =>
      trainPolicy({ ...common, policy: mlpPolicy({ seed: 4 }), world, steps: 8, ...extra }).then(
        ({ history }) => history.rows.map(({ scalars }) => scalars.loss),
      );
    const whole = await run({});
    let bytes: Uint8Array | undefined;
    const checkpoint = {
      name: "memory",
      read: async () => bytes,
      write: async (next: Uint8Array) => {
        bytes = next.slice();
      },
    };
    const stop = new AbortController();
    const on = ({ step }: { step: number }) => step === 3 && stop.abort(new Error("stopped"));
    await expect(run({ checkpoint, signal: stop.signal, on })).rejects.toThrow("stopped");
    expect(await run({ checkpoint })).toEqual(whole);
  });

  test("a joint world takes no ego model and no perturbation", async () => {
    const policy = mlpPolicy();
    const world = jointWorldModel();
    const { ego: _, ...rest } = common;
    await trainPolicy({ ...rest, policy, world, steps: 1 });
    await expect(trainPolicy({ ...common, policy, world, steps: 1 })).rejects.toThrow(
      'ego is given and the world "joint" predicts the ego; no ego model was expected',
    );
    await expect(trainPolicy({ ...rest, policy, world, steps: 1, perturb: { y: 1 } })).rejects.toThrow(
      ArgumentError,
    );
    await expect(trainPolicy({ ...rest, policy, world: replayWorld(log), steps: 1 })).rejects.toThrow(
      "an ego model was expected",
    );
  });

  test("a cost that is not a number is named with its update and row", async () => {
    const broken: CostModel = ({ ego: at }) => {
      const rows = at.shape[0];
      const part = tf.tensor1d(Array.from({ length: rows }, (_, i) => (i === 19 ? Number.NaN : 0)));
      return { total: tf.add(part, tf.mul(tf.sum(at, 1), 0)) as tf.Tensor1D, parts: { broken: part } };
    };
    const failed = trainPolicy({
      ...common,
      costs: broken,
      policy: mlpPolicy(),
      world: replayWorld(log),
      steps: 2,
    });
    await expect(failed).rejects.toThrow(NumericalError);
    await expect(failed).rejects.toThrow(
      'the part "broken" of the cost is NaN in update 1, imagined step 1, row 3',
    );
  });
});

describe("where futures begin", () => {
  test("keepsLane refuses the frames of a lane change and no others", () => {
    const accepts = keepsLane(log);
    const [frames, , cars] = log.shape;
    let refused = 0;
    for (let car = 0; car < cars; car++) {
      const beside = Array.from({ length: frames }, (_, t) => {
        const y = log.y[t * log.shape[1] * cars + car]!;
        return Math.abs(y - (Math.floor(y / 3.7) + 0.5) * 3.7);
      });
      for (let frame = 0; frame + 1 < frames; frame++) {
        const inLane = beside[frame]! < 0.01 && beside[frame + 1]! < 0.01;
        if (!inLane) refused++;
        expect(accepts({ scene: 0, car, frame })).toBe(inLane);
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(keepsLane(log, 2)({ scene: 0, car: 0, frame: 0 })).toBe(true);
    expect(() => keepsLane(log, -1)).toThrow("keepsLane: tolerance is -1");
  });

  test("samplePlaces draws among accepted places only, evenly, and gives up when there are none", () => {
    const even = ({ frame }: { frame: number }) => frame % 2 === 0;
    const drawn = samplePlaces(log, 2000, 1, 8, new Generator(1), even);
    expect(drawn).toHaveLength(2000);
    expect(drawn.every(even)).toBe(true);
    const first = drawn.filter(({ scene }) => scene === 0).length;
    expect(Math.abs(first - 1000)).toBeLessThan(4 * Math.sqrt(500));
    // Nothing changes where all are accepted.
    const all = samplePlaces(log, 5, 1, 8, new Generator(1), () => true);
    expect(all).toEqual(samplePlaces(log, 5, 1, 8, new Generator(1)));
    expect(() => samplePlaces(log, 3, 1, 8, new Generator(1), () => false)).toThrow(
      "samplePlaces: 0 of 3000 places of",
    );
  });

  test("trainPolicy begins where it may", async () => {
    const asked: number[] = [];
    await trainPolicy({
      ...common,
      policy: mlpPolicy(),
      world: replayWorld(log),
      steps: 2,
      starts({ car }) {
        asked.push(car);
        return car < 3;
      },
      costs(input) {
        const lengths = [...input.car.dataSync()].filter((_, i) => i % 2 === 0);
        const known = [0, 1].flatMap((scene) => [...log.length.subarray(scene * log.shape[2]).slice(0, 3)]);
        expect(lengths.every((length) => known.includes(length))).toBe(true);
        return vectorCosts()(input);
      },
    });
    expect(asked.length).toBeGreaterThan(32);
  });
});

describe("gradients", () => {
  const world = carsWorld({ seed: 2 });
  const places = samplePlaces(log, 4, 1, 10, new Generator(5));
  const plan = tf.keep(
    tf.tensor3d(
      [...new Generator(6).normal64(4 * 6 * 2)].map((v, i) => (i % 2 ? 0.01 : 1) * v),
      [4, 6, 2],
    ),
  );
  const cost = (
    given: tf.Tensor,
    gradient: "ego" | "ego+world",
    scenes?: ReturnType<typeof imagine>["scenes"],
  ) => {
    const history = historyFromLog(log, places);
    const actions = tf.unstack(given, 1) as tf.Tensor2D[];
    const future = imagine({ world, ego, history, horizon: 6, gradient, act: (_e, _s, t) => actions[t]! });
    if (scenes) future.scenes = scenes;
    return { loss: tf.sum(costsOf(future, vectorCosts(), history.car).total), scenes: future.scenes };
  };

  test("with the ego's path alone no parameter of the world is reached, and with both all are", () => {
    const parameters = [...world.parameters().values()];
    const through = (gradient: "ego" | "ego+world") => {
      const own = tf.variable(plan);
      const { grads } = tf.variableGrads(() => cost(own, gradient).loss as tf.Scalar, [...parameters, own]);
      return parameters.filter(({ name }) => grads[name] !== undefined).length;
    };
    expect(through("ego")).toBe(0);
    expect(through("ego+world")).toBe(parameters.length);
  });

  test("the gradient is that of the same future with constant scenes, bit for bit", async () => {
    const { scenes } = cost(plan, "ego");
    const one = await tf
      .grad((x) => cost(x, "ego").loss)(plan)
      .data();
    const two = await tf
      .grad((x) => cost(x, "ego", scenes).loss)(plan)
      .data();
    const both = await tf
      .grad((x) => cost(x, "ego+world").loss)(plan)
      .data();
    expect([...one]).toEqual([...two]);
    expect([...both]).not.toEqual([...one]);
  });
});

describe("policies", () => {
  test("travel as plain JSON and act the same", async () => {
    const policy = mlpPolicy({ seed: 9 });
    const copy = policyFromSpec(JSON.parse(JSON.stringify(await policy.describe())), log);
    const history = historyFromLog(log, samplePlaces(log, 3, 1, 1, new Generator(0)));
    const scene = replayWorld(log).scene(replayWorld(log).reset(history));
    const observation = {
      ego: tf.squeeze(tf.slice(history.ego, [0, 1, 0], [3, 1, 5]), [1]) as tf.Tensor2D,
      scene,
      car: history.car,
    };
    const [a, b] = [policy(observation), await copy(observation)];
    expect([...(await a.data())]).toEqual([...(await b.data())]);
    expect(a.shape).toEqual([3, 2]);
  });

  test("cloning lowers the difference to the recorded actions", async () => {
    const losses: number[] = [];
    await clonePolicy(log, { steps: 150, batch: 64, seed: 1, on: ({ loss }) => losses.push(loss) });
    expect(losses.slice(-20).reduce((a, b) => a + b)).toBeLessThan(
      0.9 * losses.slice(0, 20).reduce((a, b) => a + b),
    );
  });

  test("parts of combined costs keep their names, and equal names are refused", async () => {
    const history = historyFromLog(log, samplePlaces(log, 2, 1, 1, new Generator(0)));
    const scene = replayWorld(log).scene(replayWorld(log).reset(history));
    const at = tf.squeeze(tf.slice(history.ego, [0, 1, 0], [2, 1, 5]), [1]) as tf.Tensor2D;
    const own: CostModel = ({ ego: e }) => ({
      total: tf.ones([e.shape[0]]),
      parts: { own: tf.ones([e.shape[0]]) },
    });
    const input = { scene, ego: at, action: tf.zeros<tf.Rank.R2>([2, 2]), car: history.car };
    const both = combine(vectorCosts(), own)(input);
    expect(Object.keys(both.parts)).toContain("own");
    const alone = await vectorCosts()(input).total.data();
    expect((await both.total.data())[0]!).toBeCloseTo(alone[0]! + 1, 5);
    expect(() => combine(own, own)(input)).toThrow('two costs have a part "own"');
  });
});
