import { mlp, parameters } from "@lab/core/nn";
import { sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { expectClose, gaussians } from "@lab/core/testing";
import type { CheckpointStore } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { expect, test } from "vitest";
import {
  arrayDataset,
  decoupledContrastive,
  directClr,
  distributedGradients,
  encodeDataset,
  type Method,
  ntXent,
  type PretrainEvent,
  type PretrainOptions,
  prepareRecipe,
  pretrain,
  projector,
  recipes,
  simclrAugmentation,
  type ViewMaker,
} from "../src/index.js";

const DIM = 6;
const data = arrayDataset(Float32Array.from(gaussians(24 * DIM, 5)), [24, DIM]);
const noisy: ViewMaker = (x, generator) => tf.add(x, generator.normal(x.shape, 0, 0.3));
const backbone = () => mlp({ sizes: [DIM, 10, 8], generator: new Generator(3) });
const free = (...models: (LayersModel | null)[]) => {
  for (const made of models) if (made) tf.dispose([...parameters(made, "all").values()]);
};
const base = { data, augment: noisy, batchSize: 8, epochs: 2, seed: 4, monitor: { every: 100 } };
const settings: Partial<Record<Method, PretrainOptions["settings"]>> = {
  moco: { queueSize: 20, momentum: 0.9 },
  "moco-dcl": { queueSize: 20 },
  nmce: { numClusters: 3, constraint: 2 },
};

test.each([
  "simclr",
  "dcl",
  "dclw",
  "moco",
  "moco-dcl",
  "directclr",
  "vicreg",
  "barlow",
  "tcr",
  "nmce",
] as const)("%s trains, measures and leaves nothing but the models", async (method) => {
  const encoder = backbone();
  const before = tf.memory().numTensors;
  const optimizer = sgd({ learningRate: 0.02 });
  const start = await parameters(encoder).get("0/kernel")!.data();
  const { history, projector: head } = await pretrain({
    ...base,
    method,
    backbone: encoder,
    optimizer,
    ...(settings[method] ? { settings: settings[method] } : {}),
  });
  expect(history.steps).toBe(6);
  expect(history.rows.every(({ scalars }) => Number.isFinite(scalars.loss))).toBe(true);
  expect(history.evaluations.at(-1)!.scalars.effectiveRank).toBeGreaterThan(1);
  expect("q50" in history.evaluations[0]!.scalars).toBe(["simclr", "dcl", "dclw"].includes(method));
  expect(head === null).toBe(method === "directclr");
  const moved = await parameters(encoder).get("0/kernel")!.data();
  expect(moved.some((value, i) => value !== start[i])).toBe(true);
  free(head);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
  free(encoder);
});

test("training lowers the loss", async () => {
  const encoder = backbone();
  const { history, projector: head } = await pretrain({
    ...base,
    method: "simclr",
    backbone: encoder,
    epochs: 30,
  });
  const losses = history.rows.map(({ scalars }) => scalars.loss!);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(mean(losses.slice(-9))).toBeLessThan(0.8 * mean(losses.slice(0, 9)));
  free(encoder, head);
});

test("micro-batches give the losses of whole batches", async () => {
  const losses = async (microBatch?: number) => {
    const encoder = backbone();
    const { history, projector: head } = await pretrain({
      ...base,
      method: "dcl",
      backbone: encoder,
      ...(microBatch ? { microBatch } : {}),
    });
    free(encoder, head);
    return history.rows.map(({ scalars }) => scalars.loss!);
  };
  await expectClose(await losses(2), await losses(), { relative: 1e-4, absolute: 1e-4 });
});

test.each(["dcl", "moco"] as const)("%s that was stopped goes on to the same weights", async (method) => {
  const train = async (store: CheckpointStore | undefined, stopAt: number) => {
    const encoder = backbone();
    const controller = new AbortController();
    try {
      const { history, projector: head } = await pretrain({
        ...base,
        method,
        backbone: encoder,
        ...(settings[method] ? { settings: settings[method] } : {}),
        ...(store ? { checkpoint: store } : {}),
        signal: controller.signal,
        on: ({ type, step }) => {
          if (type === "step" && step === stopAt) controller.abort(new Error("stop"));
        },
      });
      free(head);
      return { weights: await parameters(encoder).get("0/kernel")!.data(), from: history.resumedFrom };
    } finally {
      free(encoder);
    }
  };
  let bytes: Uint8Array | undefined;
  const store: CheckpointStore = {
    name: "memory",
    read: async () => bytes,
    write: async (next) => {
      bytes = next;
    },
  };
  const whole = await train(undefined, 0);
  await expect(train(store, 4)).rejects.toThrow("stop");
  const rest = await train(store, 0);
  expect(rest.from).toBe(4);
  expect([...rest.weights]).toEqual([...whole.weights]);
});

test("a loss that is not finite stops the run and names the last one that was", async () => {
  const encoder = backbone();
  const before = tf.memory().numTensors;
  const optimizer = sgd({ learningRate: 1e30 });
  const run = pretrain({ ...base, method: "vicreg", backbone: encoder, optimizer });
  await expect(run).rejects.toThrow(/pretrain: .*step \d+.*last finite loss was \d/);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
  free(encoder);
});

test("directclr warns of a backbone without a skip at its end, and of nothing else", async () => {
  const warnings = async (encoder: LayersModel) => {
    const seen: PretrainEvent[] = [];
    await pretrain({
      ...base,
      method: "directclr",
      backbone: encoder,
      epochs: 1,
      settings: { size: 4 },
      on: (event) => {
        if (event.type === "warning") seen.push(event);
      },
    });
    free(encoder);
    return seen.map(({ message }) => message);
  };
  const first = input({ shape: [DIM] });
  const stem = layers.dense({ units: 8, name: "stem" }).apply(first) as SymbolicTensor;
  const branch = layers.dense({ units: 8, name: "branch" }).apply(stem) as SymbolicTensor;
  const sum = layers.add({ name: "sum" }).apply([stem, branch]) as SymbolicTensor;
  const outputs = layers.activation({ activation: "relu", name: "out" }).apply(sum) as SymbolicTensor;
  expect(await warnings(model({ inputs: first, outputs }))).toEqual([]);
  expect((await warnings(backbone()))[0]).toMatch(/does not end in a sum/);
});

test("wrong options are refused before anything is made", async () => {
  const encoder = backbone();
  const before = tf.memory().numTensors;
  const refused = async (more: Partial<PretrainOptions>, message: RegExp) => {
    const options = { ...base, method: "dcl", backbone: encoder, ...more } as PretrainOptions;
    await expect(pretrain(options)).rejects.toThrow(message);
  };
  await refused(
    { settings: { size: 3 } },
    /settings holds size, which dcl does not read; it reads temperature/,
  );
  await refused({ method: "byol" as Method }, /method is "byol"/);
  await refused({ microBatch: 3 }, /microBatch is 3 and batchSize is 8; a divisor was expected/);
  await refused({ method: "moco", microBatch: 4 }, /takes its negatives from a queue/);
  await refused({ batchSize: 32 }, /data has 24 samples; at least 32 were expected/);
  await refused({ method: "directclr", projector: encoder }, /directclr has none/);
  await refused({ method: "moco", settings: { momentum: 2 } }, /settings.momentum is 2/);
  await refused({ method: "nmce" }, /settings.numClusters is undefined/);
  const { augment: _, ...bare } = base;
  await expect(pretrain({ ...bare, method: "dcl", backbone: encoder })).rejects.toThrow(
    /augment is undefined and samples have shape \[6\]/,
  );
  expect(tf.memory().numTensors).toBe(before);
  free(encoder);
});

test("the kinds of projectors have the ranks and the trained parts of the paper", async () => {
  const generator = new Generator(1);
  const x = tf.eye(5);
  const heads = {
    mlp: projector({ inputs: 5, hidden: [7], outputs: 3, batchNorm: true }),
    linear: projector({ kind: "linear", inputs: 5, outputs: 3 }),
    diagonal: projector({ kind: "diagonal", inputs: 5 }),
    orthogonal: projector({ kind: "orthogonal", inputs: 5, generator }),
    lowRank: projector({ kind: "lowRank", inputs: 5, rank: 2, generator }),
    lowRankDiagonal: projector({ kind: "lowRankDiagonal", inputs: 5, rank: 2 }),
  };
  const trained = Object.entries(heads).map(([name, head]) => [
    name,
    [...parameters(head).values()].reduce((sum, value) => sum + value.size, 0),
  ]);
  expect(Object.fromEntries(trained)).toEqual({
    mlp: 42 + 14 + 24,
    linear: 15,
    diagonal: 5,
    orthogonal: 25,
    lowRank: 0,
    lowRankDiagonal: 0,
  });
  await expectClose(heads.diagonal.apply(x) as tf.Tensor, x, {});
  // U Vᵀ of orthonormal columns: P = A Aᵀ is a projection of trace 2.
  const a = heads.lowRank.apply(x) as tf.Tensor2D;
  const p = tf.matMul(a, a, false, true);
  await expectClose(tf.matMul(p, p), p, { absolute: 1e-5 });
  await expectClose(tf.sum(tf.mul(p, tf.eye(5))), 2, { absolute: 1e-5 });
  const [r, s] = [1, 2].map((seed) => tf.tensor2d(Float32Array.from(gaussians(30, seed)), [6, 5])) as [
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  const cut = (z: tf.Tensor2D) => heads.lowRankDiagonal.apply(z) as tf.Tensor2D;
  await expectClose(directClr(r, s, { size: 2, loss: "ntXent" }), ntXent(cut(r), cut(s)), { absolute: 1e-5 });
  expect(() => projector({ kind: "linear", inputs: 5, rank: 2 })).toThrow(
    /rank is given and kind is "linear"/,
  );
  free(...Object.values(heads));
});

test("an orthogonal projector turns, and stays orthogonal while it is trained", async () => {
  const head = projector({ kind: "orthogonal", inputs: 4, generator: new Generator(4) });
  const turned = () => head.apply(tf.eye(4)) as tf.Tensor2D;
  const start = turned();
  const target = tf.tensor2d(Float32Array.from(gaussians(16, 5)), [4, 4]);
  const [angles] = [...parameters(head).values()] as [tf.Variable];
  const loss = () => tf.sum(tf.square(tf.sub(turned(), target))) as tf.Scalar;
  const before = (await loss().data())[0]!;
  for (let step = 0; step < 100; step++) {
    const { value, grads } = tf.variableGrads(loss, [angles]);
    angles.assign(tf.sub(angles, tf.mul(Object.values(grads)[0]!, 0.06)));
    tf.dispose([value, grads]);
  }
  const end = turned();
  await expectClose(tf.matMul(end, end, false, true), tf.eye(4), { absolute: 2e-5 });
  expect((await tf.max(tf.abs(tf.sub(end, start))).data())[0]!).toBeGreaterThan(0.3);
  expect((await loss().data())[0]!).toBeLessThan(before);
  // The nearest rotation of the same sign of the determinant is where the gradient vanishes: QᵀT is symmetric there.
  const s = tf.matMul(end, target, true);
  await expectClose(s, tf.transpose(s), { absolute: 0.05 });
  free(head);
});

test.each([1, 2, 3])("shares of %s workers add up to the gradient of the whole batch", async (numWorkers) => {
  const encoder = mlp({ sizes: [DIM, 5, 4], activation: "tanh", generator: new Generator(2) });
  const variables = [...parameters(encoder).values()] as tf.Variable[];
  const [a, b] = [1, 2].map((seed) => tf.tensor2d(Float32Array.from(gaussians(6 * DIM, seed)), [6, DIM]));
  const loss = (x: tf.Tensor2D, y: tf.Tensor2D) => decoupledContrastive(x, y, { temperature: 0.3 });
  const encode = (x: tf.Tensor) => encoder.apply(x) as tf.Tensor2D;
  const whole = tf.variableGrads(() => loss(encode(a!), encode(b!)) as tf.Scalar, variables);

  // An all-gather in one process: the last to arrive hands everyone all rows.
  let waiting: { rank: number; rows: tf.Tensor2D; resolve: (all: tf.Tensor2D) => void }[] = [];
  const gatherOf = (rank: number) => (rows: tf.Tensor2D) =>
    new Promise<tf.Tensor2D>((resolve) => {
      waiting.push({ rank, rows, resolve });
      if (waiting.length < numWorkers) return;
      const round = waiting.sort((x, y) => x.rank - y.rank);
      waiting = [];
      for (const worker of round) worker.resolve(tf.concat(round.map((one) => one.rows)));
    });
  const each = 6 / numWorkers;
  const before = tf.memory().numTensors;
  const shares = await Promise.all(
    Array.from({ length: numWorkers }, (_, rank) =>
      distributedGradients({
        encode: () =>
          [a!, b!].map((x) => encode(tf.slice(x, [rank * each, 0], [each, DIM]))) as [
            tf.Tensor2D,
            tf.Tensor2D,
          ],
        gather: gatherOf(rank),
        rank,
        loss,
        variables,
      }),
    ),
  );
  expect(tf.memory().numTensors - before).toBe(numWorkers * (1 + variables.length));
  for (const { name } of variables) {
    const sum = tf.addN(shares.map(({ gradients }) => gradients[name]!));
    await expectClose(sum, whole.grads[name]!, { absolute: 1e-5 });
  }
  for (const share of shares) await expectClose(share.loss, whole.value, { absolute: 1e-5 });
  free(encoder);
});

test("a rank that nobody has is refused", async () => {
  const encode = () => [tf.ones([2, 3]), tf.ones([2, 3])] as [tf.Tensor2D, tf.Tensor2D];
  const gather = async (rows: tf.Tensor2D) => tf.clone(rows);
  const options = { encode, gather, loss: ntXent, variables: [] };
  await expect(distributedGradients({ ...options, rank: 1 })).rejects.toThrow(
    "distributedGradients: rank is 1 and 1 workers were gathered; a number from 0 to 0 was expected",
  );
});

test("views of pictures have the size asked for and differ", async () => {
  const images = new Generator(1).uniform([3, 12, 12, 3]) as tf.Tensor4D;
  for (const strength of ["imagenet", "cifar", "directclr"] as const) {
    const [first, second] = simclrAugmentation({ size: 8, strength });
    expect(first === second).toBe(strength !== "directclr");
    const [x, y] = [first(images, new Generator(1)), second(images, new Generator(2))];
    expect(x.shape).toEqual([3, 8, 8, 3]);
    const [least, most, difference] = await Promise.all(
      [tf.min(x), tf.max(x), tf.max(tf.abs(tf.sub(x, y)))].map(async (t) => (await t.data())[0]!),
    );
    expect(least).toBeGreaterThanOrEqual(0);
    expect(most).toBeLessThanOrEqual(1);
    expect(difference).toBeGreaterThan(0.05);
  }
  const [grey] = simclrAugmentation({ size: 8, strength: "grey" });
  expect(grey(new Generator(1).uniform([2, 12, 12, 1]) as tf.Tensor4D, new Generator(1)).shape).toEqual([
    2, 8, 8, 1,
  ]);
});

test("a data set is encoded in batches with its labels", async () => {
  const labels = Array.from({ length: 24 }, (_, i) => i % 5);
  const labelled = arrayDataset(Float32Array.from(gaussians(24 * DIM, 5)), [24, DIM], labels);
  const encoder = backbone();
  const whole = await encodeDataset(encoder, labelled);
  const parts = await encodeDataset(encoder, labelled, { batchSize: 7 });
  await expectClose(parts.x, whole.x, { absolute: 1e-6 });
  expect([...parts.labels]).toEqual(labels);
  expect(() => arrayDataset(new Float32Array(5), [2, 3])).toThrow(/2 samples of 3 numbers were expected/);
  free(encoder);
});

test("every recipe builds what pretrain takes, narrowed for a small machine", async () => {
  const before = tf.memory().numTensors;
  for (const recipe of recipes) {
    const override = { width: 2, size: 16, batchSize: 8 };
    const prepared = prepareRecipe(recipe.name, { numSamples: 80, override });
    const { schedule, epochs, backbone: network, settings: chosen } = prepared;
    expect(epochs).toBe(recipe.epochs);
    // The rate of the recipe at the end of the warm-up, in proportion to the batch; its share at the end.
    const base = (recipe.learningRate * 8) / recipe.batchSize;
    expect(schedule!(10 * recipe.warmupEpochs)).toBeCloseTo(base, 12);
    expect(schedule!(10 * recipe.epochs)).toBeCloseTo(base * recipe.finalRate, 12);
    if (recipe.method === "directclr") expect(chosen).toEqual({ temperature: 0.1, size: 11 });
    expect(prepared.projector === undefined).toBe(recipe.projector.length === 0);
    expect(network.outputs[0]!.shape[1]).toBe(recipe.depth === 50 ? 64 : 16);
    prepared.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
  expect(() => prepareRecipe("byol", { numSamples: 80 })).toThrow(/recipe is "byol"/);
  expect(() => prepareRecipe("dcl-cifar10", { numSamples: 8 })).toThrow(/a batch has 32/);
});

test("the schedule of DirectCLR has the reference values", () => {
  const { schedule, dispose } = prepareRecipe("directclr-imagenet", {
    numSamples: 4096,
    override: { width: 1 },
  });
  const expected = [0, 2.4, 4.8, 2.4024, 0.006261, 0.0048];
  for (const [i, step] of [0, 5, 10, 55, 99, 100].entries())
    expect(schedule!(step)).toBeCloseTo(expected[i]!, 4);
  dispose();
});
