import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { cyclicalCosine, effectiveSampleSize, noiseDeviation, psgld, sghmc, sgld } from "../src/index.js";

/** Moves a variable under a mean loss and collects every `thin`-th value. */
async function chain(
  optimizer: tf.Optimizer,
  loss: (x: tf.Tensor) => tf.Scalar,
  start: number[],
  steps: number,
  thin: number,
): Promise<number[][]> {
  const x = tf.variable(tf.tensor1d(start));
  const kept: number[][] = [];
  for (let step = 0; step < steps; step++) {
    tf.tidy(() => {
      optimizer.minimize(() => loss(x), false, [x]);
    });
    if (step % thin === 0) kept.push(Array.from(await x.data()));
  }
  optimizer.dispose();
  x.dispose();
  return kept;
}

const column = (rows: number[][], i: number) => rows.map((row) => row[i]!);
const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const variance = (values: number[]) => mean(values.map((v) => (v - mean(values)) ** 2));

// U(x) = x1²/(2·0.5) + x2²/(2·2): variances 0.5 and 2, as a mean over N examples.
const N = 10;
const precision = [2, 0.5];
const meanLoss = (x: tf.Tensor) =>
  tf.div(tf.sum(tf.mul(tf.square(x), tf.tensor1d(precision))), 2 * N) as tf.Scalar;

test("at temperature 0 SGLD is gradient descent and SGHMC the heavy ball, bit by bit", async () => {
  const generator = new Generator(1);
  const options = { learningRate: 0.3, dataSize: N, temperature: 0, generator };
  const plain = await chain(tf.train.sgd(0.3), meanLoss, [1, -2], 20, 1);
  expect(await chain(sgld(options), meanLoss, [1, -2], 20, 1)).toEqual(plain);
  let [x, v] = [
    [1, -2],
    [0, 0],
  ];
  const f = Math.fround;
  const expected: number[][] = [];
  for (let step = 0; step < 20; step++) {
    const before = x;
    v = v.map((velocity, i) => velocity * 0.75 - (0.3 * precision[i]! * before[i]!) / N);
    x = x.map((value, i) => value + v[i]!);
    expected.push(x.map(f));
  }
  const ball = await chain(sghmc({ ...options, friction: 0.25 }), meanLoss, [1, -2], 20, 1);
  for (const [i, row] of ball.entries())
    for (const j of [0, 1]) expect(row[j]).toBeCloseTo(expected[i]![j]!, 5);
  expect(generator.state().at).toBe(0); // nothing was drawn
});

test.each([
  ["SGLD", (generator: Generator) => sgld({ learningRate: 0.6, dataSize: N, generator })],
  ["SGHMC", (generator: Generator) => sghmc({ learningRate: 0.15, friction: 0.2, dataSize: N, generator })],
  [
    "preconditioned SGLD with the variances as metric",
    (generator: Generator) =>
      psgld({
        learningRate: 0.6,
        dataSize: N,
        generator,
        preconditioner: { get: () => tf.tensor1d([0.5, 2]) } as never,
      }),
  ],
])("%s on a Gaussian has its mean and variances", async (_, make) => {
  const rows = (await chain(make(new Generator(7)), meanLoss, [0, 0], 20_000, 5)).slice(100);
  for (const [i, expected] of [0.5, 2].entries()) {
    const values = column(rows, i);
    const ess = effectiveSampleSize(values);
    expect(Math.abs(mean(values))).toBeLessThan(4 * Math.sqrt(expected / ess));
    expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(0.1 + 4 * Math.sqrt(2 / ess));
  }
});

test("halving the step halves the bias of SGLD's variance", async () => {
  // On a Gaussian the stationary variance is σ²/(1 − ηλ/2) exactly; large steps make the bias visible.
  const one = (x: tf.Tensor) => tf.div(tf.sum(tf.square(x)), 2) as tf.Scalar;
  const bias: number[] = [];
  for (const learningRate of [0.8, 0.4]) {
    const start = new Array<number>(400).fill(0); // independent coordinates
    const rows = await chain(
      sgld({ learningRate, dataSize: 1, generator: new Generator(2) }),
      one,
      start,
      400,
      4,
    );
    bias.push(variance(rows.slice(20).flat()) - 1);
  }
  expect(bias[0]!).toBeGreaterThan(0.4);
  expect(bias[0]! / bias[1]!).toBeGreaterThan((1.7 * (1 - 0.2)) / (1 - 0.4));
  expect(bias[0]! / bias[1]!).toBeLessThan((2.3 * (1 - 0.2)) / (1 - 0.4));
});

test("temperature and data size set the noise as the mean loss asks for", () => {
  expect(noiseDeviation(0.02, 0.5, 100)).toBeCloseTo(Math.sqrt((2 * 0.02 * 0.5) / 100), 12);
  expect(noiseDeviation(0.02, 0.5, 100, 0.1)).toBeCloseTo(Math.sqrt((2 * 0.1 * 0.02 * 0.5) / 100), 12);
  expect(noiseDeviation(1, 0, 1)).toBe(0);
});

test("the cosine falls from the full rate in each cycle, explores first and samples evenly after", () => {
  const schedule = cyclicalCosine({ learningRate: 0.2, cycles: 3, steps: 100 });
  const length = 34;
  for (const step of [0, 5, 33, 34, 99]) {
    expect(schedule(step)).toBeCloseTo(0.1 * (Math.cos((Math.PI * (step % length)) / length) + 1), 12);
  }
  expect([0, 7, 8, 34, 41, 42].map((step) => schedule.isExploration(step))).toEqual([
    true,
    true,
    false,
    true,
    true,
    false,
  ]);
  expect(schedule.cycleOf(68)).toBe(2);
  const steps = schedule.sampleSteps(5);
  expect(steps).toHaveLength(5);
  expect(steps.every((step) => !schedule.isExploration(step) && step < 100)).toBe(true);
});

test("two wells: cycles visit both in at least 18 of 20 seeds, a small constant step in at most 5", async () => {
  // Twenty seeds side by side as coordinates. U = 3 (x² − 1)², wells at ±1 with a barrier of 3 nats.
  const seeds = 20;
  const wells = (x: tf.Tensor) => tf.sum(tf.mul(3, tf.square(tf.sub(tf.square(x), 1)))) as tf.Scalar;
  const visits = async (make: (step: number) => { rate: number; reheat: boolean }) => {
    const x = tf.variable(tf.ones([seeds]));
    const optimizer = sghmc({ learningRate: 1e-3, friction: 0.05, dataSize: 1, generator: new Generator(5) });
    const seen = [new Set<number>(), new Set<number>()];
    for (let step = 0; step < 8000; step++) {
      const { rate, reheat } = make(step);
      optimizer.learningRate = rate;
      if (reheat) optimizer.resampleVelocity();
      tf.tidy(() => {
        optimizer.minimize(() => wells(x), false, [x]);
      });
      if (step % 5 === 0)
        for (const [i, v] of (await x.data()).entries())
          if (Math.abs(Math.abs(v) - 1) < 0.5) seen[v > 0 ? 1 : 0]!.add(i);
    }
    optimizer.dispose();
    x.dispose();
    return [...seen[0]!].filter((i) => seen[1]!.has(i)).length;
  };
  const schedule = cyclicalCosine({ learningRate: 0.05, cycles: 32, steps: 8000 });
  expect(
    await visits((step) => ({ rate: schedule(step), reheat: schedule.isStart(step) })),
  ).toBeGreaterThanOrEqual(18);
  expect(await visits(() => ({ rate: 1e-5, reheat: false }))).toBeLessThanOrEqual(5);
});

test("options out of range are refused", () => {
  const generator = new Generator(1);
  expect(() => sgld({ learningRate: 0.1, dataSize: 1, temperature: -1, generator })).toThrow(
    "temperature is -1",
  );
  expect(() => sgld({ learningRate: 0.1, dataSize: 0, generator })).toThrow("dataSize is 0");
  expect(() => sghmc({ learningRate: 0.1, dataSize: 1, friction: 0, generator })).toThrow("friction is 0");
  expect(() => sghmc({ learningRate: 0.1, dataSize: 1 } as never)).toThrow("generator is undefined");
  expect(() => cyclicalCosine({ learningRate: 0.1, cycles: 5, steps: 4 })).toThrow("cycles is 5");
});
