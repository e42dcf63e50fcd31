import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import {
  carsWorld,
  constantVelocityWorld,
  historyFromLog,
  idmWorld,
  jointWorldModel,
  replayWorld,
  samplePlaces,
  trackedCars,
  trainWorldModel,
  type WorldModel,
  type WorldState,
} from "../src/index.js";
import { smallLog } from "./small-log.js";

const log = await smallLog();
const places = samplePlaces(log, 4, 1, 20, new Generator(1));
const history = () => historyFromLog(log, places);
const present = (h: ReturnType<typeof history>) =>
  tf.squeeze(tf.slice(h.ego, [0, 1, 0], [4, 1, 5]), [1]) as tf.Tensor2D;

const worlds: Record<string, () => WorldModel> = {
  replay: () => replayWorld(log),
  "constant-velocity": () => constantVelocityWorld(),
  idm: () => idmWorld(),
  cars: () => carsWorld(),
  joint: () => jointWorldModel(),
};

/** Cars after some steps with the ego rolling on, or with an action in a joint world. */
function roll(
  world: WorldModel,
  steps: number,
  move: (ego: tf.Tensor2D) => tf.Tensor2D,
  action: number[] = [0, 0],
) {
  const h = history();
  let state: WorldState = world.reset(h);
  let ego = present(h);
  for (let t = 0; t < steps; t++) {
    ego = move(ego);
    state = world.step(state, ego, tf.tile(tf.tensor2d([action]), [4, 1]) as tf.Tensor2D);
    if (world.predictsEgo) ego = world.ego!(state);
  }
  return { scene: world.scene(state), ego, start: world.scene(world.reset(h)) };
}
const onward = (ego: tf.Tensor2D) => {
  const [x, y, dx, dy, v] = tf.split(ego, 5, 1) as tf.Tensor2D[];
  return tf.concat2d([tf.add(x!, tf.mul(v!, 0.2)), y!, dx!, dy!, v!], 1);
};

describe.each(Object.entries(worlds))("%s", (kind, make) => {
  test("begins with the present and keeps its cars and shapes", async () => {
    const world = make();
    expect(world.kind).toBe(kind);
    const { scene, start } = roll(world, 3, onward);
    expect(start.cars.shape).toEqual([4, 12, 5]);
    expect(scene.cars.shape).toEqual([4, 12, 5]);
    const seen = tf.squeeze(tf.slice(history().cars, [0, 1, 0, 0], [4, 1, 12, 5]), [1]);
    await expectClose(start.cars, seen, { absolute: 1e-4 });
    await expectClose(
      tf.slice(scene.cars, [0, 0, 3], [4, 12, 2]),
      tf.slice(start.cars, [0, 0, 3], [4, 12, 2]),
    );
    const moved = await tf
      .sum(tf.mul(tf.sub(scene.cars, start.cars), tf.expandDims(scene.mask, 2)), [1])
      .array();
    for (const row of moved as number[][]) expect(row[0]!).toBeGreaterThan(0);
  });

  test("leaves no tensors behind", () => {
    const world = make();
    const run = () => tf.tidy(() => void roll(world, 2, onward));
    run();
    const before = tf.memory().numTensors;
    run();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("replay", () => {
  test("gives the recorded future, whatever the ego does", async () => {
    const world = replayWorld(log);
    const calm = roll(world, 5, onward).scene;
    const wild = roll(world, 5, (ego) => tf.add(ego, tf.tensor1d([3, 1, 0, 0, 5]))).scene;
    await expectClose(wild.cars, calm.cars, { absolute: 0, relative: 0 });
    const { scene, car, frame } = places[0]!;
    const from = (frame * 2 + scene) * 60;
    const around = trackedCars(
      { x: log.x, y: log.y, present: log.present, from, cars: 60 },
      log.road,
      log.x[from + car]!,
      log.y[from + car]!,
      car,
    );
    const rows = await calm.cars.array();
    const later = ((frame + 5) * 2 + scene) * 60;
    for (const [k, other] of around.entries()) {
      if (other < 0) continue;
      expect((rows[0]![k]![0]! - log.x[later + other]!) % 360).toBeCloseTo(0, 2);
      expect(rows[0]![k]![1]!).toBeCloseTo(log.y[later + other]!, 5);
    }
  });
});

describe("tracked cars", () => {
  test("are two ahead and two behind in three lanes, the nearest first, around the ring", () => {
    const x = [10, 20, 30, 355, 340, 12, 5];
    const y = [5.55, 5.55, 5.55, 5.55, 5.55, 1.85, 9.25];
    const found = trackedCars(
      { x, y, present: [1, 1, 1, 1, 1, 1, 0], from: 0, cars: 7 },
      { lanes: 4, laneWidth: 3.7, ring: 360, destination: 150 },
      0,
      5.5,
      -1,
    );
    expect([...found]).toEqual([5, -1, -1, -1, 0, 1, 3, 4, -1, -1, -1, -1]);
  });
});

test("drivers of the idm world brake for an ego that stands in their way", async () => {
  const world = idmWorld();
  const free = roll(world, 10, onward).scene;
  const standing = roll(world, 10, (ego) => tf.mul(ego, tf.tensor1d([1, 1, 1, 1, 0]))).scene;
  const speed = (cars: tf.Tensor3D) => tf.sum(tf.slice(cars, [0, 0, 2], [4, 12, 1]));
  expect((await speed(standing.cars).data())[0]!).toBeLessThan((await speed(free.cars).data())[0]! - 5);
});

test("a joint world turns with the action only once it has learned to; gradients reach the action", async () => {
  const world = jointWorldModel();
  const f = (action: tf.Tensor) => {
    const h = history();
    const state = world.step(world.reset(h), present(h), action as tf.Tensor2D);
    return tf.sum(world.ego!(state));
  };
  const pull = await tf
    .grad(f)(tf.zeros([4, 2]))
    .data();
  expect(Math.max(...pull.map(Math.abs))).toBeGreaterThan(0);
});

test("a model is made by its kind, and refused where its options do not fit", async () => {
  const options = { updates: 1, batch: 2, horizon: 2, seed: 3 };
  for (const kind of ["cars", "joint", "dfm-km"] as const) {
    const world = await trainWorldModel(log, {
      ...options,
      kind,
      ...(kind === "dfm-km" && { latent: { size: 4, beta: 0.1, dropout: 0 } }),
    });
    expect(world.kind).toBe(kind);
    if (kind === "dfm-km") expect(world.parameters().get("expander.weight")!.shape[0]).toBe(4);
    world.dispose();
  }
  const latent = { size: 4 };
  await expect(trainWorldModel(log, { ...options, kind: "cars", latent })).rejects.toThrow(
    'latent is given for kind "cars", which has no latent variables',
  );
  await expect(trainWorldModel(log, { ...options, kind: "idm" as "cars" })).rejects.toThrow("kind");
});

test.each([
  ["cars", () => carsWorld({ seed: 1 }), 8, 32],
  ["joint", () => jointWorldModel({ seed: 1 }), 3, 60],
] as const)(
  "learning the %s world lowers its loss, and a run that was stopped ends in the same losses",
  async (_, make, horizon, updates) => {
    const options = { updates, batch: 16, horizon, seed: 3 };
    const losses: number[] = [];
    const note = (into: number[]) => (event: { loss: number }) => into.push(event.loss);
    const whole = await trainWorldModel(log, { ...options, world: make(), on: note(losses) });
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-updates / 4))).toBeLessThan(0.95 * mean(losses.slice(0, updates / 4)));
    let bytes: Uint8Array | undefined;
    const checkpoint = {
      name: "memory",
      read: async () => bytes,
      write: async (next: Uint8Array) => {
        bytes = next.slice();
      },
    };
    const stop = new AbortController();
    const first = trainWorldModel(log, {
      ...options,
      world: make(),
      checkpoint,
      signal: stop.signal,
      on: ({ step }) => step === 5 && stop.abort(new Error("stopped")),
    });
    await expect(first).rejects.toThrow("stopped");
    const rest: number[] = [];
    const resumed = await trainWorldModel(log, { ...options, world: make(), checkpoint, on: note(rest) });
    expect(rest).toEqual(losses.slice(-rest.length));
    expect(rest.length).toBeLessThan(updates);
    const values = (world: typeof whole) =>
      Promise.all([...world.parameters().values()].map(async (value) => [...(await value.data())]));
    expect(await values(resumed)).toEqual(await values(whole));
  },
);
