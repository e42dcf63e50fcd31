import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { DataError, NumericalError } from "../../src/errors/index.js";
import { adamw, schedules, sgd } from "../../src/optim/index.js";
import { Generator } from "../../src/random/index.js";
import { type Event, type FitOptions, fit } from "../../src/train/index.js";

type Row = { x: tf.Tensor2D; y: tf.Tensor2D };

/** A least-squares problem whose batches are drawn anew in each step. */
function regression(seed = 1) {
  const w = tf.variable(tf.zeros([3, 1]));
  const generator = new Generator(seed);
  const options = {
    step: ({ x, y }: Row) => tf.mean(tf.square(tf.sub(tf.matMul(x, w), y))) as tf.Scalar,
    batches: () => {
      const x = generator.normal([8, 3]) as tf.Tensor2D;
      const y = tf.tidy(() => tf.matMul(x, tf.tensor2d([[1], [-2], [0.5]])));
      return { x, y: y as tf.Tensor2D };
    },
    steps: 40,
    optimizer: adamw({ learningRate: 0.1 }) as tf.Optimizer,
    variables: new Map<string, tf.Tensor>([["w", w]]),
    generators: { data: generator },
  } satisfies FitOptions<Row>;
  return { w, options };
}

const temporary = async () => join(await mkdtemp(join(tmpdir(), "lab-fit-")), "run.safetensors");

test("the loss falls and every update has a row", async () => {
  const { options } = regression();
  const history = await fit({ ...options, steps: 150 });
  expect(history.rows.map((row) => row.step)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
  expect(history.rows.at(-1)!.scalars.loss!).toBeLessThan(1e-2 * history.rows[0]!.scalars.loss!);
  expect(history).toMatchObject({ steps: 150, reason: "steps", resumedFrom: 0 });
});

test("events come in order, with the schedule's rate and the figures that step names", async () => {
  const { options } = regression();
  const events: Event[] = [];
  const history = await fit({
    ...options,
    step: (batch: Row, t) => ({ loss: options.step(batch), t, two: tf.scalar(2) }),
    steps: 4,
    schedule: schedules.cosine({ base: 0.1, steps: 4 }),
    evaluate: (step) => ({ accuracy: step / 4 }),
    every: 2,
    checkpoint: await temporary(),
    on: (event) => void events.push(event),
  });
  expect(events.map(({ type, step }) => `${type} ${step}`)).toEqual([
    "step 1",
    "step 2",
    "evaluate 2",
    "checkpoint 2",
    "step 3",
    "step 4",
    "evaluate 4",
    "checkpoint 4",
    "stop 4",
  ]);
  expect(events[0]!.scalars).toMatchObject({ t: 0, two: 2, learningRate: 0.1 });
  expect(history.evaluations).toEqual([
    { step: 2, scalars: { accuracy: 0.5 } },
    { step: 4, scalars: { accuracy: 1 } },
  ]);
});

test("an iterable is gone through again, each pass an epoch, and its tensors are freed", async () => {
  const w = tf.variable(tf.scalar(0));
  const batches = {
    *[Symbol.iterator]() {
      for (const value of [1, 2, 3]) yield { value: tf.scalar(value) };
    },
  };
  const epochs: number[] = [];
  const before = tf.memory().numTensors;
  await fit({
    step: ({ value }) => tf.square(tf.sub(w, value)) as tf.Scalar,
    batches,
    steps: 7,
    optimizer: sgd({ learningRate: 0.1 }),
    variables: [w],
    on: ({ type, step }) => void (type === "epoch" && epochs.push(step)),
  });
  expect(epochs).toEqual([3, 6]);
  expect(tf.memory().numTensors).toBe(before);
});

test("tensors that were there before fit are not freed", async () => {
  const w = tf.variable(tf.scalar(0));
  const whole = tf.tensor1d([1, 2]);
  await fit({
    step: (x: tf.Tensor) => tf.mean(tf.square(tf.sub(w, x))) as tf.Scalar,
    batches: () => whole,
    steps: 3,
    optimizer: sgd({ learningRate: 0.1 }),
    variables: [w],
  });
  expect(Array.from(await whole.data())).toEqual([1, 2]);
});

test("the number of tensors is the same after fifty steps as after one", async () => {
  const { options } = regression();
  const counts: number[] = [];
  await fit({
    ...options,
    step: (batch: Row) => ({ loss: options.step(batch), norm: tf.norm(batch.x) }),
    steps: 50,
    clipNorm: 0.5,
    on: ({ type }) => void (type === "step" && counts.push(tf.memory().numTensors)),
  });
  expect(new Set(counts).size).toBe(1);
});

test("without an optimizer an asynchronous step makes its own update", async () => {
  const w = tf.variable(tf.scalar(8));
  const history = await fit({
    step: async () => {
      await Promise.resolve();
      const loss = tf.clone(w);
      tf.tidy(() => w.assign(tf.div(w, 2)));
      return { loss, half: 0.5 };
    },
    batches: () => null,
    steps: 3,
  });
  expect(history.rows.map((row) => row.scalars.loss)).toEqual([8, 4, 2]);
});

test("a run cut short by its signal goes on to the same losses bit by bit", async () => {
  const whole = await fit(regression().options);
  const checkpoint = await temporary();
  const cut = regression();
  const controller = new AbortController();
  const stop = fit({
    ...cut.options,
    checkpoint,
    signal: controller.signal,
    on: ({ step }) => void (step === 13 && controller.abort(new Error("enough"))),
  });
  await expect(stop).rejects.toThrow("enough");
  const again = regression();
  const events: string[] = [];
  const resumed = await fit({
    ...again.options,
    checkpoint,
    on: ({ type, step }) => void (type === "resume" && events.push(`${type} ${step}`)),
  });
  expect(events).toEqual(["resume 13"]);
  expect(resumed).toEqual({ ...whole, resumedFrom: 13 });
  const finished = await fit({ ...regression().options, checkpoint });
  expect(finished).toEqual({ ...whole, resumedFrom: 40 });
});

test("a resumed pass through a shuffled iterable sees the batches that the first run would have seen", async () => {
  const make = () => {
    const w = tf.variable(tf.scalar(0));
    const generator = new Generator(3);
    const seen: number[] = [];
    const options: FitOptions<number> = {
      step: (value) => {
        seen.push(value);
        return tf.square(tf.sub(w, value)) as tf.Scalar;
      },
      batches: {
        *[Symbol.iterator]() {
          yield* generator.permutation(5);
        },
      },
      steps: 18,
      optimizer: sgd({ learningRate: 0.1, momentum: 0.5 }),
      variables: new Map([["w", w]]),
      generators: { order: generator },
    };
    return { options, seen };
  };
  const whole = make();
  const history = await fit(whole.options);
  const checkpoint = await temporary();
  const first = make();
  await fit({ ...first.options, steps: 8, checkpoint });
  const second = make();
  const resumed = await fit({ ...second.options, checkpoint });
  expect([...first.seen, ...second.seen]).toEqual(whole.seen);
  expect(resumed).toEqual({ ...history, resumedFrom: 8 });
});

test("a loss that is NaN ends the run with its step and keeps the finite checkpoint", async () => {
  const checkpoint = await temporary();
  const { w, options } = regression();
  const run = fit({
    ...options,
    step: (batch: Row, t) => (t === 6 ? tf.mul(options.step(batch), Number.NaN) : options.step(batch)),
    every: 2,
    checkpoint,
  });
  const error = await run.catch((reason) => reason);
  expect(error).toBeInstanceOf(NumericalError);
  expect(error.message).toMatch(/^fit: the loss is NaN in step 7; a finite value was expected/);
  expect(error.iteration).toBe(7);
  const values = await w.data();
  expect(values.every(Number.isFinite)).toBe(true);
  const resumed = await fit({ ...regression().options, checkpoint });
  expect(resumed.resumedFrom).toBe(6);
});

test("weights that are not finite are never saved", async () => {
  const checkpoint = await temporary();
  const w = tf.variable(tf.scalar(1));
  const other = tf.variable(tf.scalar(1));
  const run = fit({
    step: () => {
      const loss = tf.square(w) as tf.Scalar;
      return loss;
    },
    batches: () => null,
    steps: 4,
    every: 1,
    optimizer: sgd({ learningRate: 0.1 }),
    variables: new Map([
      ["w", w],
      ["other", other],
    ]),
    checkpoint,
    on: ({ type, step }) => {
      if (type === "step" && step === 3) other.assign(tf.scalar(Number.POSITIVE_INFINITY));
    },
  });
  await expect(run).rejects.toThrow(/variable other holds Infinity after step 3/);
  const bytes = await readFile(checkpoint);
  expect(bytes.includes('\\"step\\":2')).toBe(true);
});

test("it stops when the figure of merit no longer improves, also across a resume", async () => {
  const merits = [5, 4, 4, 3.5, 3.6, 3.5, 1];
  const run = async (steps: number, checkpoint: string) => {
    const { options } = regression();
    return await fit({
      ...options,
      steps,
      evaluate: (step) => ({ merit: merits[step - 1]! }),
      every: 1,
      stopping: { metric: "merit", patience: 2 },
      checkpoint,
    });
  };
  const checkpoint = await temporary();
  expect(await run(5, checkpoint)).toMatchObject({ reason: "steps", steps: 5 });
  expect(await run(7, checkpoint)).toMatchObject({ reason: "stopping", steps: 6, resumedFrom: 5 });
  expect(await run(7, checkpoint)).toMatchObject({ reason: "stopping", steps: 6, resumedFrom: 6 });
});

test("timers are served while it runs", async () => {
  const { options } = regression();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await fit({ ...options, steps: 200 });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(2);
});

test("a damaged checkpoint and one of another model are refused with the path", async () => {
  const checkpoint = await temporary();
  await writeFile(checkpoint, "not a checkpoint");
  await expect(fit({ ...regression().options, checkpoint })).rejects.toThrow(DataError);
  const other = await temporary();
  await fit({ ...regression().options, steps: 1, checkpoint: other });
  const w = tf.variable(tf.zeros([4, 1]));
  await expect(
    fit({ ...regression().options, checkpoint: other, variables: new Map([["w", w]]) }),
  ).rejects.toThrow(`fit: checkpoint ${other} holds w as [3,1]; [4,1] was expected`);
});

test("options and steps that cannot work are refused with their value", async () => {
  const { w, options } = regression();
  const refused = async (change: Record<string, unknown>, message: RegExp) => {
    await expect(fit({ ...options, ...change } as FitOptions<Row>)).rejects.toThrow(message);
  };
  await refused({ steps: 0 }, /^fit: steps is 0; an integer >= 1 was expected$/);
  await refused({ batches: 5 }, /batches is 5; a function or an iterable was expected/);
  await refused({ every: { evaluate: 0 } }, /every\.evaluate is 0/);
  await refused({ stopping: { metric: "a", patience: 1 } }, /evaluate is undefined/);
  await refused({ optimizer: undefined, schedule: () => 1 }, /schedule is given without an optimizer/);
  await refused({ schedule: () => Number.NaN }, /schedule is NaN/);
  await refused({ clipNorm: -1 }, /clipNorm is -1/);
  await refused({ variables: [tf.scalar(1)] }, /a plain tensor; a variable was expected/);
  await refused({ variables: [] }, /none of them is trainable/);
  await refused({ step: async () => tf.scalar(1) }, /step returned a promise/);
  await refused({ step: () => 5 }, /step returned 5 as loss/);
  await refused({ step: () => tf.mul(w, [1, 2, 3]) }, /loss of shape \[3,3\]/);
  await refused({ batches: [] }, /batches gave nothing in epoch 0 at step 0/);
  const stopping = { metric: "loss", patience: 1 };
  await refused(
    { evaluate: () => ({ accuracy: 1 }), every: 1, stopping },
    /stopping\.metric is "loss"; .* accuracy/,
  );
});
