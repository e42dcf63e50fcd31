import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mlp, parameters } from "@lab/core/nn";
import { sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import {
  centred,
  GaussianPrior,
  isotropic,
  loadPrior,
  priorStability,
  SwagCollector,
  savePrior,
  withPrior,
} from "../src/index.js";

const set = (values: number[]) =>
  new Map([["w", tf.variable(tf.tensor1d(values))]]) as ReadonlyMap<string, tf.Variable>;

test("the prior counts once for all examples, not once a batch", async () => {
  const parameters = set([1, 2]);
  const prior = isotropic(parameters, { variance: 0.5 });
  const step = withPrior((batch: number) => tf.scalar(batch), prior, {
    dataSize: 50,
    parameters,
    temperature: 2,
  });
  const { loss, nll, prior: part } = step(3);
  await expectClose(nll, 3);
  await expectClose(part, (1 + 4) / (2 * 0.5) / (50 * 2));
  await expectClose(loss, 3 + 5 / 100);
});

test("a head prior is added", async () => {
  const [parameters, head] = [set([1]), set([3])];
  const prior = isotropic(parameters, { variance: 1 });
  const options = {
    dataSize: 10,
    parameters,
    head: { prior: isotropic(head, { variance: 9 }), parameters: head },
  };
  await expectClose(withPrior(() => tf.scalar(0), prior, options)(0).prior, (0.5 + 0.5) / 10);
});

test("priors that were made for live parameters need no others, from a collector, a file or another prior", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lab-priors-"));
  const path = join(folder, "source.prior.safetensors");
  const source = mlp({ sizes: [3, 4, 2], generator: new Generator(1) });
  const collector = new SwagCollector(source, { rank: 2, every: 1, select: (name) => name.startsWith("0/") });
  for (let step = 0; step < 3; step++) {
    for (const variable of parameters(source).values())
      (variable as tf.Variable).assign(tf.mul(variable, 1.1));
    collector.collect();
  }
  const own = collector.prior().scale(2, { floor: 0.1 });
  await savePrior(path, own);
  const model = mlp({ sizes: [3, 4, 5], generator: new Generator(2) });
  const head = parameters(model, (name) => !name.startsWith("0/"));
  const body = parameters(model, (name) => name.startsWith("0/"));
  const informed = (await loadPrior(path, model)).scale(2, { floor: 0.1 });
  const broad = isotropic(head, { variance: 10 });
  const short = withPrior(() => tf.scalar(1), informed, { dataSize: 50, head: broad });
  const long = withPrior(() => tf.scalar(1), own, {
    dataSize: 50,
    parameters: body,
    head: { prior: broad, parameters: head },
  });
  await expectClose(short(0).prior, (await long(0).prior.data())[0]!, { relative: 1e-6 });
  const near = [centred(informed, { variance: 3 }), await centred(path, { variance: 3 })];
  const [first, second] = near.map((prior) => prior.logProb(body));
  await expectClose(first!, (await second!.data())[0]!);
  const atMean = new Map([...body.keys()].map((name, i) => [name, informed.means()[i]!]));
  await expectClose(near[1]!.logProb(atMean, { constants: false }), 0, { absolute: 1e-9 });
  expect(() => withPrior(() => tf.scalar(0), near[1]!, { dataSize: 5 })).toThrow(
    "parameters is undefined and the prior was made for no live parameters",
  );
  expect(() => withPrior(() => tf.scalar(0), informed, { dataSize: 5, parameters: head })).toThrow(
    /parameter 0 of parameters is .*kernel \[4,5\].*\[3,4\] was expected/,
  );
  rmSync(folder, { recursive: true });
});

test("an isotropic prior is weight decay, a centred one pulls to its mean", async () => {
  const parameters = set([2, -1]);
  const { grads } = tf.variableGrads(
    () => isotropic(parameters, { variance: 0.25 }).logProb(parameters),
    [...parameters.values()],
  );
  await expectClose(Object.values(grads)[0]!, [-8, 4]);
  const mean = new Map([["w", tf.tensor1d([1, -1])]]);
  const pulled = tf.variableGrads(
    () => centred(mean, { variance: 0.25 }).logProb(parameters),
    [...parameters.values()],
  );
  await expectClose(Object.values(pulled.grads)[0]!, [-4, 0]);
  const normal = -0.5 * (5 / 0.25 + 2 * Math.log(2 * Math.PI * 0.25));
  await expectClose(isotropic(parameters, { variance: 0.25 }).logProb(parameters), normal);
});

test("draws of the baselines have their mean and variance", async () => {
  const mean = new Map([["w", tf.fill([4000], 3)]]);
  const [draw] = centred(mean, { variance: 4 }).sample(new Generator(1)).values();
  const values = Array.from(Float32Array.from(await draw!.data()));
  const average = values.reduce((sum, v) => sum + v, 0) / 4000;
  expect(Math.abs(average - 3)).toBeLessThan(5 * (2 / Math.sqrt(4000)));
  expect(Math.abs(values.reduce((sum, v) => sum + (v - 3) ** 2, 0) / 4000 / 4 - 1)).toBeLessThan(
    5 * Math.sqrt(2 / 4000),
  );
});

test("training with an informative prior stays nearer to its mean than training without", async () => {
  const distances: number[] = [];
  for (const precision of [0, 50]) {
    const model = mlp({ sizes: [3, 2], generator: new Generator(1) });
    const live = parameters(model);
    const start = new Map([...live].map(([name, value]) => [name, tf.clone(value)]));
    const data = tf.tensor2d([
      [1, 2, 3],
      [3, 1, 0],
    ]);
    const target = tf.tensor2d([
      [5, -5],
      [-5, 5],
    ]);
    const loss = () => tf.mean(tf.square(tf.sub(model.apply(data) as tf.Tensor, target)));
    const prior = precision > 0 ? centred(start, { variance: 1 / precision }) : undefined;
    await fit({
      step: prior ? withPrior(loss, prior, { dataSize: 2, parameters: live }) : loss,
      batches: () => 0,
      steps: 50,
      optimizer: sgd({ learningRate: 0.01 }),
      variables: live,
    });
    let squares = 0;
    for (const [name, value] of live) {
      const moved = Float32Array.from(await tf.sub(value, start.get(name)!).data());
      squares += moved.reduce((sum, v) => sum + v * v, 0);
    }
    distances.push(Math.sqrt(squares));
  }
  expect(distances[1]!).toBeLessThan(0.5 * distances[0]!);
});

test("a stiff prior is refused before training, with the scale that would do", async () => {
  const prior = GaussianPrior.from({ mean: new Float32Array(3), variance: Float32Array.from([2e-4, 2, 2]) });
  const options = { dataSize: 50, learningRate: 0.02, momentum: 0.9 };
  const verdict = await priorStability(prior, options);
  expect(verdict.stiffness).toBeCloseTo((1e4 * 0.02) / (50 * 0.1), 3);
  expect(verdict).toMatchObject({ isStable: false });
  expect(verdict.warning).toContain("training will diverge");
  const needed = await priorStability(prior.scale(verdict.neededScale * 1.01), options);
  expect(needed).toMatchObject({ isStable: true, warning: undefined });
});

test("a missing data size and numbers out of range are refused", () => {
  const parameters = set([1]);
  const prior = isotropic(parameters, { variance: 1 });
  expect(() => withPrior(() => tf.scalar(0), prior, { parameters } as never)).toThrow(
    "withPrior: dataSize is undefined; the number of training examples was expected",
  );
  expect(() => withPrior(() => tf.scalar(0), prior, { parameters, dataSize: 5, temperature: -1 })).toThrow(
    "temperature is -1",
  );
  expect(() => isotropic(parameters, { variance: 0 })).toThrow("variance is 0");
});
