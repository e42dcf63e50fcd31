import { ShapeError } from "@lab/core";
import { expectClose, gaussians, numericalGradient } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  absolutePose,
  actionLimits,
  bicycle,
  inferActions,
  inferActionsHost,
  relativePose,
  rolloutEgo,
  rolloutEgoHost,
  toDiffs,
  unicycle,
} from "../src/index.js";

// Golden values computed in double precision with numpy from the formulas in the paper's code.
const starts = [0, 1, 2].map((i) => {
  const heading = 0.2 * Math.sin(i);
  return [10 * Math.sin(1.7 * i), 5 * Math.cos(0.9 * i), Math.cos(heading), Math.sin(heading), 10 + 2 * i];
});
const action = (i: number, t: number) => [
  0.9 * Math.cos(i) * Math.cos(0.3 * t),
  0.02 * Math.sin(2 * i + 1) * Math.cos(0.2 * t),
];
const model = unicycle({ minSpeed: null });
const oneStep = [
  [1, 5, 0.999858, -0.016827, 10.09],
  [11.099694, 3.309051, 0.986434, 0.164161, 12.048627],
  [-1.178498, -0.882808, 0.9783, 0.207191, 13.962547],
].flat();
const thirtySteps = [
  [30.250295, 4.631674, 0.999845, 0.017627, 10.208708],
  [45.581903, 9.087609, 0.985168, 0.171594, 12.112765],
  [38.319452, 6.990797, 0.989875, 0.141943, 13.913147],
].flat();
const plan = (i: number) => Array.from({ length: 30 }, (_, t) => action(i, t)).flat();

describe("unicycle", () => {
  test("one step gives the golden states on the host and on the device", async () => {
    const states = Float64Array.from(starts.flat());
    const actions = [0, 1, 2].flatMap((i) => action(i, 0));
    await expectClose(model.stepHost(states, actions), oneStep, { absolute: 1e-6 });
    const next = model.step(tf.tensor2d(starts), tf.tensor2d(actions, [3, 2]));
    await expectClose(next, oneStep, { absolute: 1e-5, relative: 1e-5 });
  });

  test("thirty steps give the golden states", async () => {
    const host = starts.flatMap((start, i) => [...rolloutEgoHost(model, start, plan(i)).slice(-5)]);
    await expectClose(host, thirtySteps, { absolute: 1e-6 });
    const all = rolloutEgo(model, tf.tensor2d(starts), tf.tensor3d([0, 1, 2].flatMap(plan), [3, 30, 2]));
    await expectClose(tf.slice(all, [0, 29, 0], [3, 1, 5]), thirtySteps, { absolute: 1e-5, relative: 1e-5 });
  });

  test("a constant curvature turns left by the arc tangent of each step", async () => {
    const actions = Array.from({ length: 100 }, () => [0, 0.02]).flat();
    const last = rolloutEgoHost(model, [0, 0, 1, 0, 10], actions).slice(-5);
    await expectClose(last, [46.182916, -70.347595, -0.415904, -0.909408, 10], { absolute: 1e-6 });
    const heading = -100 * Math.atan(0.02);
    expect(last[2]).toBeCloseTo(Math.cos(heading), 12);
    expect(last[3]).toBeCloseTo(Math.sin(heading), 12);
  });

  test("acceleration moves the car one step later and a turn moves the direction at once", async () => {
    const at = tf.tensor2d([[0, 0, 1, 0, 8]]);
    const pull = (row: number[], from: tf.Tensor2D, to: tf.Tensor2D, by: "state" | "action") => {
      const f = (given: tf.Tensor) => {
        const x = given as tf.Tensor2D;
        return tf.sum(tf.mul(by === "state" ? model.step(x, to) : model.step(from, x), tf.tensor1d(row)));
      };
      return tf
        .grad(f)(by === "state" ? from : to)
        .data();
    };
    const still = tf.zeros<tf.Rank.R2>([1, 2]);
    expect([...(await pull([1, 0, 0, 0, 0], at, still, "action"))]).toEqual([0, 0]);
    await expectClose(await pull([0, 0, 0, 0, 1], at, still, "action"), [0.1, 0]);
    await expectClose(await pull([0, 0, 0, 1, 0], at, still, "action"), [0, -0.8]);
    await expectClose(await pull([1, 0, 0, 0, 0], at, still, "state"), [1, 0, 0.8, 0, 0.1]);
  });

  test("the gradient of thirty steps agrees with central differences", async () => {
    const start = starts[1]!;
    const squared = (u: ArrayLike<number>) =>
      rolloutEgoHost(model, start, u)
        .slice(-5)
        .reduce((sum, value) => sum + value * value, 0);
    const expected = numericalGradient(squared, plan(1), 1e-4);
    const f = (u: tf.Tensor) =>
      tf.sum(
        tf.square(tf.slice(rolloutEgo(model, tf.tensor2d([start]), u as tf.Tensor3D), [0, 29, 0], [1, 1, 5])),
      );
    const found = await tf
      .grad(f)(tf.tensor3d(plan(1), [1, 30, 2]))
      .data();
    const scale = Math.max(...expected.map(Math.abs));
    await expectClose(found, expected, { relative: 0, absolute: 3e-6 * scale }); // float32 rounding of 30 steps
  });

  test("braking stops at the smallest speed, and there the gradient by the acceleration is 0", async () => {
    const slow = tf.tensor2d([[0, 0, 1, 0, 0.2]]);
    const brake = tf.tensor2d([[-5, 0]]);
    await expectClose(unicycle().step(slow, brake), [0.02, 0, 1, 0, 0]);
    await expectClose(model.step(slow, brake), [0.02, 0, 1, 0, -0.3]);
    const pull = tf.grad((u) => tf.sum(unicycle().step(slow, u as tf.Tensor2D)))(brake);
    expect((await pull.data())[0]).toBe(0);
  });

  test("long cars may turn less", () => {
    expect(actionLimits().max).toEqual([6.168, 0.064865]);
    expect(actionLimits(7.708).max[1]).toBeCloseTo(0.064865 / 4, 12);
  });

  test("states of another size are refused with both shapes", () => {
    expect(() => model.step(tf.zeros([8, 4]), tf.zeros([8, 2]))).toThrow(ShapeError);
    expect(() => model.step(tf.zeros([8, 4]), tf.zeros([8, 2]))).toThrow(
      "unicycle: state has shape [8,4]; ego states must be [batch,5] (x, y, dx, dy, v)",
    );
    expect(() => model.step(tf.zeros([8, 5]), tf.zeros([7, 2]))).toThrow("[8,2] (acceleration, turn)");
  });
});

describe("inferActions", () => {
  const anyPlan = fc.array(
    fc.tuple(fc.double({ min: -6, max: 6, noNaN: true }), fc.double({ min: -0.06, max: 0.06, noNaN: true })),
    {
      minLength: 1,
      maxLength: 5,
    },
  );

  test("recovers the actions of any rollout in double precision", () => {
    fc.assert(
      fc.property(
        anyPlan,
        fc.double({ min: 4, max: 30, noNaN: true }),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (pairs, v, angle) => {
          const actions = pairs.flat();
          const start = [3, -2, Math.cos(angle), Math.sin(angle), v];
          const states = [...start, ...rolloutEgoHost(model, start, actions)];
          const found = inferActionsHost(states);
          for (const [i, value] of actions.entries()) expect(Math.abs(found[i]! - value)).toBeLessThan(1e-6);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  test("recovers the actions on the device to 1e-3", async () => {
    const noise = gaussians(4 * 10 * 2, 5);
    const actions = tf.tensor3d(
      [...noise].map((value, i) => Math.tanh(value) * (i % 2 === 0 ? 3 : 0.06)),
      [4, 10, 2],
    );
    const start = tf.tensor2d([1, 5, 12, 30].map((v) => [0, 0, 1, 0, v + 4]));
    const states = tf.concat([tf.expandDims(start, 1), rolloutEgo(model, start, actions)], 1) as tf.Tensor3D;
    await expectClose(inferActions(states), actions, { relative: 0, absolute: 1e-3 });
    const clip = { min: [-1, -0.01], max: [1, 0.01] };
    const clipped = await inferActions(states, { clip }).data();
    expect(Math.max(...clipped)).toBeLessThanOrEqual(1);
    expect(clipped.filter((_, i) => i % 2 === 1).every((b) => Math.abs(b) <= 0.0101)).toBe(true);
  });

  test("a standing car has no turn", () => {
    expect(inferActionsHost([0, 0, 1, 0, 0.05, 0, 0, 0, 1, 0.05])[1]).toBe(0);
  });
});

describe("relativePose", () => {
  test("the inverse gives the state back, and both turn with the world", async () => {
    const state = tf.tensor2d([[3, 7, Math.cos(0.4), Math.sin(0.4), 9]]);
    const reference = tf.tensor2d([[1, 2, Math.cos(-0.3), Math.sin(-0.3), 5]]);
    const relative = relativePose(state, reference);
    await expectClose(absolutePose(relative, reference), state, { absolute: 1e-6 });
    // A car two metres to the right of one that faces along x.
    await expectClose(
      relativePose(tf.tensor2d([[5, 6, 1, 0, 3]]), tf.tensor2d([[5, 4, 1, 0, 9]])),
      [0, 2, 1, 0, 3],
    );
  });

  test("the ego model commutes with a rotation and a shift of the world", async () => {
    const angle = 0.7;
    const turn = (s: number[]) => {
      const [c, n] = [Math.cos(angle), Math.sin(angle)];
      return [
        c * s[0]! - n * s[1]! + 4,
        n * s[0]! + c * s[1]! - 1,
        c * s[2]! - n * s[3]!,
        n * s[2]! + c * s[3]!,
        s[4]!,
      ];
    };
    for (const ego of [model, bicycle({ integrator: "rk4" })]) {
      const before = rolloutEgoHost(ego, turn(starts[2]!), plan(2)).slice(-5);
      const after = turn([...rolloutEgoHost(ego, starts[2]!, plan(2)).slice(-5)]);
      await expectClose(before, after, { absolute: 1e-9 });
    }
  });

  test("differences do not depend on the origin", async () => {
    const states = tf.tensor3d([0, 1, 1, 0, 5, 2, 2, 1, 0, 5, 5, 2, 1, 0, 5], [1, 3, 5]);
    await expectClose(toDiffs(states), [0, 0, 1, 0, 5, 2, 1, 1, 0, 5, 3, 0, 1, 0, 5]);
  });
});

describe("bicycle", () => {
  test("the integrators agree in the limit and turn on the circle of the geometry", async () => {
    const delta = 0.1;
    const slip = Math.atan(0.5 * Math.tan(delta));
    const radius = 2.8 / (Math.tan(delta) * Math.cos(slip));
    const steps = 200;
    const exact = (time: number) => {
      const turned = (10 * time) / radius; // heading after `time` seconds, to the left
      return [
        radius * (Math.sin(turned + slip) - Math.sin(slip)),
        -radius * (Math.cos(slip) - Math.cos(turned + slip)),
      ];
    };
    for (const [integrator, limit] of [
      ["midpoint", 1e-3],
      ["rk4", 1e-7],
    ] as const) {
      const ego = bicycle({ dt: 2 / steps, integrator });
      const actions = Array.from({ length: steps }, () => [0, delta]).flat();
      const last = rolloutEgoHost(ego, [0, 0, 1, 0, 10], actions).slice(-5);
      await expectClose(last.slice(0, 2), exact(2), { absolute: limit, relative: 0 });
    }
  });

  test("the device agrees with the host for every integrator", async () => {
    for (const integrator of ["euler", "midpoint", "rk4"] as const) {
      const ego = bicycle({ integrator });
      const actions = [0.5, 0.2, -1, -0.3, 2, 0.05];
      const host = ego.stepHost(Float64Array.from(starts.flat()), actions);
      await expectClose(ego.step(tf.tensor2d(starts), tf.tensor2d(actions, [3, 2])), host, {
        absolute: 1e-5,
        relative: 1e-5,
      });
    }
  });
});
