import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectClose } from "@lab/core/testing";
import {
  codeStats,
  denoise,
  dictionaryMosaic,
  energy,
  extractPatches,
  gaugeFactors,
  LISTA,
  linearDecoder,
  linearProbe,
  localContrastNormalize,
  mlpDecoder,
  preset,
  psnr,
  rebalance,
  revive,
  SparseAutoencoder,
  strokes,
} from "@lab/sparse-coding";
import { inferHost } from "@lab/sparse-coding/host";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { draws, lassoInstance } from "./golden.js";
import golden from "./reference/alternation.json" with { type: "json" };

const pictures = (count: number) =>
  tf.tensor2d(
    strokes({ count, seed: 1 }).map((v) => (v - 0.132629) / 0.271746),
    [count, 256],
  );
const linear = (options: object = {}, seed = 1) =>
  new SparseAutoencoder({
    ...preset("VDL", "strokes"),
    batchSize: 50,
    ...options,
    decoder: linearDecoder({ codeDim: 16, dataDim: 256, seed }),
    seed,
  });

test("the drawn strokes are those of the specification", () => {
  const drawn = strokes({ count: 6000, seed: 1 });
  const sum = (n: number) => drawn.subarray(n * 256, (n + 1) * 256).reduce((a, b) => a + b, 0);
  expect(sum(0)).toBeCloseTo(37.37966, 3);
  expect(sum(1)).toBeCloseTo(24.95573, 3);
  expect(drawn[0]! / 7.6993e-9).toBeCloseTo(1, 3);
  expect(drawn[1]! / 3.21039e-6).toBeCloseTo(1, 3);
  let [mean, squares] = [0, 0];
  for (const v of drawn) {
    mean += v / drawn.length;
    squares += (v * v) / drawn.length;
  }
  expect(mean).toBeCloseTo(0.132629, 5);
  expect(Math.sqrt(squares - mean * mean)).toBeCloseTo(0.271746, 5);
});

describe("LISTA", () => {
  test("from a dictionary does four steps of ISTA, and its layers model as well", async () => {
    const instance = lassoInstance();
    const dictionary = tf.tensor2d(Float32Array.from(instance.dictionary), [16, 24]);
    const y = tf.tensor2d(Float32Array.from(instance.y), [10, 16]);
    const encoder = LISTA.fromDictionary(dictionary, { sparsity: 0.05, step: 2.2267020638 });
    const codes = encoder.predict(y);
    const { codes: expected, energy } = inferHost(instance, { sparsity: 0.05, iterations: 4 });
    await expectClose(codes, expected, { absolute: 1e-5 });
    const values = (await codes.data()) as Float32Array;
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(33.0309711458, 3);
    expect(values.filter((v) => v !== 0).length).toBe(74);
    expect(energy).toBeCloseTo(6.2397131786, 8);
    await expectClose(encoder.toModel().predict(y) as tf.Tensor, expected, { absolute: 1e-5 });
    await expectClose(LISTA.fromDictionary(dictionary, { sparsity: 0.05 }).predict(y), expected, {
      absolute: 1e-4,
    });
  });
});

describe("alternation", () => {
  test("twenty steps agree with automatic differentiation in double precision", async () => {
    for (const kind of ["linear", "deep"] as const) {
      const draw = draws(21);
      const scaled = (shape: [number, number] | [number], scale: number) => {
        const values = draw(shape.reduce((a, b) => a * b, 1)).map((v) => scale * v);
        return tf.tensor(Float32Array.from(values), shape);
      };
      const y = scaled([8, 6], 1) as tf.Tensor2D;
      const encoder = new LISTA({ dataDim: 6, codeDim: 5 });
      encoder.input.assign(scaled([6, 5], 0.4) as tf.Tensor2D);
      encoder.recurrent.assign(scaled([5, 5], 0.3) as tf.Tensor2D);
      encoder.bias.assign(scaled([5], 0.1) as tf.Tensor1D);
      const decoder =
        kind === "deep"
          ? mlpDecoder({ codeDim: 5, hidden: [7], dataDim: 6 })
          : linearDecoder({ codeDim: 5, dataDim: 6, dictionary: scaled([6, 5], 0.6) as tf.Tensor2D });
      if ("kernels" in decoder) {
        decoder.kernels[0]!.assign(scaled([5, 7], 0.5) as tf.Tensor2D);
        decoder.kernels[1]!.assign(scaled([7, 6], 0.5) as tf.Tensor2D);
        decoder.biases[0]!.assign(scaled([7], 0.1) as tf.Tensor1D);
      }
      const model = new SparseAutoencoder({
        ...{ sparsity: 0.02, variance: 10, prediction: 5, step: 0.05, maxIterations: 24, tolerance: 0 },
        ...{ decoderRate: 1e-2, encoderRate: 3e-3, decoderDecay: 1e-2, encoderDecay: 1e-2, decoder, encoder },
      });
      const rows: number[] = [];
      for (let i = 0; i < 20; i++) {
        const report = await model.step(y);
        rows.push(report.energy.total, report.decoderLoss, report.encoderLoss);
      }
      const expected = golden[kind];
      await expectClose(rows, expected.rows.flat(), { relative: 2e-4, absolute: 1e-6 });
      await expectClose(decoder.variables[0]!, expected.decoder, { relative: 1e-3, absolute: 2e-5 });
      await expectClose(encoder.input, expected.encoder, { relative: 1e-3, absolute: 2e-5 });
    }
  });
});

describe("training", () => {
  test("codes collapse without the variance term and do not with it", async () => {
    const data = pictures(100);
    const size = async (variance: number) => {
      const model = linear({ variance, batchSize: 100, decoderRate: 0.04 });
      for (let i = 0; i < 170; i++) await model.step(data);
      const found = await model.infer(data);
      const { std } = await codeStats(found.codes);
      return [...std].sort((a, b) => a - b)[8]!;
    };
    // β/N as in batches of 250.
    const [held, free] = [await size(4), await size(0)];
    expect(held).toBeGreaterThan(0.3);
    expect(free).toBeLessThan(0.5 * held);
  });

  test("an interrupted run goes on exactly where it stopped", async () => {
    const data = pictures(200);
    const checkpoint = join(await mkdtemp(join(tmpdir(), "lab-")), "run.safetensors");
    const whole = linear();
    await whole.fit(data, { epochs: 3 });
    const stopped = linear();
    const stop = new AbortController();
    const onStep = (step: number) => step === 5 && stop.abort();
    await expect(stopped.fit(data, { epochs: 3, checkpoint, signal: stop.signal, onStep })).rejects.toThrow();
    const resumed = linear({}, 1);
    const history = await resumed.fit(data, { epochs: 3, checkpoint });
    expect(history.steps).toBeLessThan(12);
    await expectClose(resumed.decoder.variables[0]!, whole.decoder.variables[0]!, {
      absolute: 0,
      relative: 0,
    });
    await expectClose(resumed.encoder.bias, whole.encoder.bias, { absolute: 0, relative: 0 });
  });

  test("saved and loaded it goes on the same, linear and multi-layer", async () => {
    const data = pictures(50);
    const deep = new SparseAutoencoder({
      ...preset("SDL-NL", "strokes"),
      decoder: mlpDecoder({ codeDim: 8, hidden: [20], dataDim: 256, columnNorm: 1 }),
    });
    for (const model of [linear(), deep]) {
      await model.step(data);
      const copy = await SparseAutoencoder.load(await model.save());
      const [a, b] = [await model.step(data), await copy.step(data)];
      expect(b).toEqual(a);
      expect((await model.step(data)).decoderLoss).toBeLessThan(a.decoderLoss * 1.5);
    }
  });

  test("a stream that was interrupted goes on exactly, in its pass, and is annealed by epochs", async () => {
    const data = pictures(120);
    const stream = (stopAt = -1, stop?: AbortController) => ({
      async *pass(index: number) {
        for (let i = 0; i < 3; i++) {
          if (3 * index + i === stopAt) stop!.abort();
          // Each pass gives the batches in another order.
          yield tf.slice(data, [40 * ((i + index) % 3), 0], [40, 256]);
        }
      },
      [Symbol.asyncIterator]: () => {
        throw new Error("passes are asked for by number");
      },
    });
    const options = { anneal: 0.1, annealEvery: 1 };
    const checkpoint = join(await mkdtemp(join(tmpdir(), "lab-")), "stream.safetensors");
    const whole = linear(options);
    const steps: number[] = [];
    await whole.fit(stream(), { epochs: 2, onStep: (step) => steps.push(step) });
    expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
    const stop = new AbortController();
    const stopped = linear(options).fit(stream(4, stop), { epochs: 2, checkpoint, signal: stop.signal });
    await expect(stopped).rejects.toThrow();
    const resumed = linear(options);
    const { steps: done } = await resumed.fit(stream(), { epochs: 2, checkpoint });
    expect(done).toBe(2);
    await expectClose(resumed.decoder.variables[0]!, whole.decoder.variables[0]!, {
      absolute: 0,
      relative: 0,
    });
    const constant = linear();
    await constant.fit(stream(), { epochs: 2 });
    const apart = tf.max(tf.abs(tf.sub(constant.decoder.variables[0]!, whole.decoder.variables[0]!)));
    expect((await apart.data())[0]!).toBeGreaterThan(1e-3);
    await expect(resumed.fit(stream(), { checkpoint: "nowhere/\0" })).rejects.toThrow();
  });

  test("the best epoch by the energy of predicted codes is kept in a file", async () => {
    const [data, held] = [pictures(200), pictures(60)];
    const best = join(await mkdtemp(join(tmpdir(), "lab-")), "best.safetensors");
    // A rate that ruins the decoder after the first epoch.
    const model = linear({ anneal: 300, annealEvery: 1 });
    const history = await model.fit(data, { epochs: 3, validation: held, best });
    const energies = history.epochs.map((e) => e.validationEnergy!);
    expect(history.best).toEqual({
      epoch: 1 + energies.indexOf(Math.min(...energies)),
      energy: Math.min(...energies),
    });
    const kept = await SparseAutoencoder.load(new Uint8Array(await readFile(best)));
    const judged = async (m: SparseAutoencoder) => {
      const codes = m.encode(tf.slice(held, [0, 0], [50, 256]));
      const part = tf.slice(held, [0, 0], [50, 256]);
      return (await energy(part, codes, m.decoder, m.options, codes)).total;
    };
    expect((await judged(kept)) / history.best!.energy).toBeCloseTo(1, 5);
    expect(await judged(model)).toBeGreaterThan(history.best!.energy);
  });

  test("presets are the authors' tables, frozen, with their step where it is asked for", () => {
    const mnist = preset("VDL-NL", "mnist", { isOfficial: true });
    expect(mnist).toMatchObject({
      ...{ sparsity: 0.01, variance: 10, prediction: 100, decoderRate: 3e-4, encoderRate: 1e-4, step: 0.5 },
      ...{ hidden: [1024], codeDim: 128, decoderDecay: 1e-3, encoderDecay: 0, anneal: 0.5, annealEvery: 30 },
    });
    expect(preset("SDL", "patches")).toMatchObject({
      columnNorm: 1,
      encoderDecay: 0.01,
      codeDim: 256,
      variance: 0,
    });
    expect(preset("SDL", "patches").step).toBeUndefined();
    expect(Object.isFrozen(mnist) && Object.isFrozen(mnist.hidden)).toBe(true);
  });

  test("streams of batches train and are freed, steps leave no tensors", async () => {
    const model = linear();
    const data = pictures(50);
    await model.step(data);
    const before = tf.memory().numTensors;
    for (let i = 0; i < 99; i++) await model.step(data);
    expect(tf.memory().numTensors).toBe(before);
    async function* stream() {
      for (let i = 0; i < 3; i++) yield pictures(40);
    }
    const { steps, epochs } = await model.fit(stream());
    expect([steps, epochs.length]).toEqual([3, 1]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe("diagnostics", () => {
  test("the best factor between codes and atoms is that of the specification", () => {
    const w = { sparsity: 0.02, variance: 10, varianceThreshold: 0.5 };
    expect(gaugeFactors(Float64Array.of(40), Float64Array.of(0.3), w)[0]).toBeCloseTo(1.2222222222, 9);
  });

  test("rebalancing keeps the reconstruction and the dead are revived", async () => {
    const decoder = linearDecoder({ codeDim: 3, dataDim: 4 });
    const codes = tf.tensor2d([
      [1, 0, 0],
      [0, 2, 0],
      [1, 1, 0],
    ]);
    const y = tf.tensor2d([
      [1, 2, 3, 4],
      [0, 0, 0, 1],
      [9, 0, 0, 0],
    ]);
    const before = decoder.decode(codes);
    const stats = await codeStats(codes);
    expect(stats.dead).toEqual([2]);
    expect(stats.zeros).toBeCloseTo(5 / 9, 9);
    const factors = rebalance(decoder, stats, { sparsity: 0.02, variance: 10 });
    await expectClose(decoder.decode(tf.mul(codes, factors) as tf.Tensor2D), before, { absolute: 1e-5 });
    expect(await revive(decoder, y, codes)).toEqual([2]);
    const atom = tf.reshape(tf.slice(decoder.dictionary, [0, 2], [4, 1]), [4]);
    const cosine = tf.div(tf.sum(tf.mul(atom, tf.tensor1d([9, 0, 0, 0]))), tf.mul(9, tf.norm(atom)));
    expect((await cosine.data())[0]!).toBeGreaterThan(0.99);
  });
});

describe("evaluation, patches and pictures", () => {
  test("decibels are means over samples, with the scale of the data", async () => {
    const { mean, perSample } = await psnr(
      tf.zeros([2, 2]),
      tf.tensor2d([
        [1, 1],
        [0.1, 0.1],
      ]),
    );
    await expectClose(perSample, [0, 20], { absolute: 1e-4 });
    expect(mean).toBeCloseTo(10, 4);
    expect((await psnr(tf.zeros([1, 2]), tf.zeros([1, 2]), { zeroErrorDb: 40 })).mean).toBe(40);
  });

  test("denoising reports the noise that was added", async () => {
    const model = linear();
    const report = await denoise(model, pictures(40), { sigma: 1, seed: 3, scale: 0.3081 });
    expect(report.noisyPsnr).toBeCloseTo(10.23, 0);
    const before = tf.memory().numTensors;
    const data = pictures(40);
    await denoise(model, data, { sigma: 1, seed: 3, codes: "inference" });
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  test("local contrast is undone by mean and deviation, for the paper's size", async () => {
    const x = tf.sqrt(tf.reshape(tf.linspace(0, 9, 52 * 52 * 2), [2, 52, 52, 1]));
    const { patches, mean, std } = localContrastNormalize(x as tf.Tensor4D);
    expect(patches.shape).toEqual([2, 28, 28, 1]);
    const back = tf.add(tf.mul(patches, std), mean);
    await expectClose(back, tf.slice(x as tf.Tensor4D, [0, 12, 12, 0], [2, 28, 28, 1]), { absolute: 1e-4 });
  });

  test("random patches are pieces of the pictures", async () => {
    const image = tf.reshape(tf.range(0, 36), [1, 6, 6, 1]) as tf.Tensor4D;
    const values = await extractPatches(image, { size: 2, count: 9, seed: 1 }).data();
    for (let n = 0; n < 9; n++) {
      const first = values[4 * n]!;
      expect([...values.slice(4 * n, 4 * n + 4)]).toEqual([first, first + 1, first + 6, first + 7]);
    }
  });

  test("a mosaic shows zero as grey and the largest value as white", async () => {
    const grid = dictionaryMosaic(
      tf.tensor2d([
        [1, 0],
        [0, -4],
      ]),
      { height: 1, width: 2, columns: 2 },
    );
    expect(grid.shape).toEqual([2, 6, 1]);
    await expectClose(tf.slice(grid, [0, 0, 0], [1, 6, 1]), [1, 0.5, 0, 0.5, 0, 0]);
  });

  test("a probe learns separable classes from two labels each", async () => {
    const x = tf.tensor2d([
      [1, 0],
      [0, 1],
      [2, 0],
      [0, 2],
      [3, 0],
      [0, 3],
    ]);
    const set = { x, labels: Int32Array.of(0, 1, 0, 1, 0, 1) };
    expect(await linearProbe(set, set, { perClass: 2, seed: 1 })).toEqual({ accuracy: 1, used: 4 });
  });
});
