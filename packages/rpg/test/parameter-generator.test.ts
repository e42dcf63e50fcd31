import { ArgumentError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { gatherDevice, scatterDevice, scatterHost } from "../src/generator/ring-kernels.js";
import { type GeneratorOptions, ParameterGenerator, ringIndex } from "../src/index.js";

// The golden case: N = 7, A of 12 elements with c = 0.5, B of 6 with c = 2, w_j = sin(1.7 j + 0.9), key 12345.
const targets = [
  { name: "A", shape: [12], std: 0.5 },
  { name: "B", shape: [6], std: 2 },
];
const ring = Float32Array.from({ length: 7 }, (_, j) => Math.sin(1.7 * j + 0.9));
const A = [
  0.139708, 0.391663, 0.012388, 0.494084, 0.257751, 0.497276, 0.458083, 0.257751, 0.458083, 0.494084,
  -0.391663, 0.497276,
];
const B = [0.049551, -0.558831, 0.558831, -1.566654, 0.049551, 1.989105];

function golden(options: Partial<GeneratorOptions> = {}): ParameterGenerator {
  const generator = new ParameterGenerator(targets, { parameters: 7, seed: 12345, ringStd: 1, ...options });
  generator.setRing(ring);
  return generator;
}
const close = { relative: 2e-6, absolute: 2e-6 };

for (const memory of ["cached", "thin"] as const) {
  test(`kernels, gradient and uses are the golden ones, ${memory}`, async () => {
    const generator = golden({ memory });
    await expectClose(generator.generate("A"), A, close);
    await expectClose(generator.generate("B"), B, close);
    expect([...generator.usage()]).toEqual([3, 2, 2, 3, 2, 3, 3]);
    expect(generator.laps).toBe(3);
    const upstream = Array.from({ length: 18 }, (_, t) => Math.cos(0.3 * t + 0.1));
    const { grads } = tf.variableGrads(() => {
      const { A: a, B: b } = generator.generateAll();
      const all = tf.concat1d([a as tf.Tensor1D, b as tf.Tensor1D]);
      return tf.sum(tf.mul(all, tf.tensor1d(upstream))) as tf.Scalar;
    }, [generator.ring]);
    await expectClose(
      Object.values(grads)[0]!,
      [1.184403, -0.160501, 0.562217, -1.003191, -0.20096, -0.940754, -0.439034],
      close,
    );
  });
}

test("device formulas give the same kernels and gradient", async () => {
  const generator = golden();
  for (const target of ["A", "B"]) {
    const packed = generator.index(target);
    const scale = target === "A" ? 0.5 : 2;
    const wiring = { packed, scale, ringSize: 7, shape: [packed.length] };
    const kernel = gatherDevice(generator.ring, wiring);
    await expectClose(kernel, target === "A" ? A : B, close);
    const onHost = new Float32Array(7);
    const upstream = Float32Array.from(packed, (_, i) => Math.cos(i));
    scatterHost(upstream, wiring, onHost);
    await expectClose(scatterDevice(tf.tensor1d(upstream), wiring), onHost, close);
  }
});

test("projection finds the nearest ring and says how much it explains", async () => {
  const generator = golden();
  const k = (from: number, length: number) =>
    tf.tensor1d(Array.from({ length }, (_, i) => Math.sin(0.9 * (from + i))));
  const { explained } = await generator.project({ A: k(0, 12), B: k(12, 6) });
  await expectClose(
    generator.ring,
    [-0.315992, -0.425707, -0.020903, -0.192874, 1.39727, 0.055317, -0.016877],
    close,
  );
  // The share of the squared norm that is left.
  expect(1 - explained).toBeCloseTo(0.787948, 5);
});

test("projecting what a ring generated gives the ring back", async () => {
  const generator = golden({ gradient: "projected" });
  const { explained } = await generator.project(generator.generateAll());
  await expectClose(generator.ring, ring, close);
  expect(explained).toBeCloseTo(1, 6);
});

test("a fresh lap for each layer or group", () => {
  const generator = new ParameterGenerator(targets, { parameters: 7, seed: 12345, origin: "layer" });
  const packed = [...generator.index("B")];
  expect(packed.map((word) => word & 0x7fffffff)).toEqual([3, 0, 5, 6, 1, 2]);
  expect(packed.map((word) => word < 0)).toEqual([true, true, false, true, false, false]);
  const staged = new ParameterGenerator(
    ["s1.a", "s1.b", "s2.a"].map((name) => ({ name, shape: [5], std: 1 })),
    { parameters: 7, origin: "group", stage: /^(s\d)/ },
  );
  const at = (from: number) => ringIndex({ size: 7, seed: 0 }, from, 5);
  expect(["s1.a", "s1.b", "s2.a"].map((name) => staged.index(name))).toEqual([at(0), at(5), at(14)]);
});

test("kernels start with the deviations that were asked for", async () => {
  const generator = new ParameterGenerator(
    [
      { name: "a", shape: [200, 200], std: 0.1 },
      { name: "b", shape: [300, 100], std: 0.02 },
    ],
    { parameters: 20_000, generator: new Generator(4) },
  );
  for (const { name, std } of generator.targets) {
    const values = (await generator.generate(name).data()) as Float32Array;
    const variance = values.reduce((sum, v) => sum + v * v, 0) / values.length;
    expect(Math.abs(variance / std ** 2 - 1)).toBeLessThan(0.03);
  }
});

test("a projected step is dense descent projected on what the ring can express", async () => {
  for (const ringStd of [1, 0.03]) {
    const generator = new ParameterGenerator(targets, { parameters: 7, ringStd, gradient: "projected" });
    const before = await generator.materialise();
    const slopes = { A: 0.3, B: -0.7 };
    const loss = () =>
      tf.addN(
        (["A", "B"] as const).map((name) =>
          tf.sum(tf.mul(tf.sin(tf.range(0, slopes[name] > 0 ? 12 : 6)), generator.generate(name))),
        ),
      ) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, [generator.ring]);
    generator.ring.assign(tf.sub(generator.ring, tf.mul(0.1, Object.values(grads)[0]!)) as tf.Tensor1D);
    const after = await generator.materialise();
    const gradient = {
      A: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
      B: Float32Array.from({ length: 6 }, (_, i) => Math.sin(i)),
    };
    const { ring: nearest } = generator.projectHost(gradient);
    generator.setRing(nearest);
    const projected = await generator.materialise();
    for (const name of ["A", "B"]) {
      const moved = after[name]!.map((value, i) => value - before[name]![i]!);
      await expectClose(
        moved,
        projected[name]!.map((value) => -0.1 * value),
        {
          relative: 1e-4,
          absolute: 1e-6,
        },
      );
    }
  }
});

test("random kernels are explained to the share of the ring", () => {
  const shape = [10, 100];
  const generator = new ParameterGenerator([{ name: "k", shape, std: 1 }], { parameters: 100 });
  const k = Float32Array.from(new Generator(3).normal64(1000));
  const [n, t] = [100, 1000];
  const width = 4 * Math.sqrt((2 * n * (t - n)) / (t * t * (t + 2)));
  expect(Math.abs(generator.projectHost({ k }).explained - n / t)).toBeLessThan(width);
});

test("detached and frozen targets stay; JSON brings a generator back", async () => {
  const generator = golden();
  generator.detach("A");
  generator.setRing(new Float32Array(7));
  await expectClose(generator.generate("A"), A, close);
  generator.freeze();
  generator.setRing(ring);
  await expectClose(generator.generate("B"), new Array(6).fill(0), close);
  generator.thaw();
  await expectClose(generator.generate("B"), B, close);
  const again = ParameterGenerator.fromJSON(JSON.parse(JSON.stringify(generator)), ring);
  await expectClose(again.generate("B"), B, close);
  const withheld = { ...generator.toJSON(), seed: null };
  expect(() => ParameterGenerator.fromJSON(withheld)).toThrow(/key was expected/);
  const same = ParameterGenerator.fromJSON(withheld, ring, 12345);
  await expectClose(same.generate("B"), B, close);
});

test("wrong arguments are refused with what was expected", () => {
  expect(() => new ParameterGenerator(targets, { parameters: 0.5 })).toThrow(ArgumentError);
  expect(() => new ParameterGenerator(targets, { parameters: 0.5 })).toThrow(/parameters is 0.5; an integer/);
  expect(() => golden().generate("C")).toThrow(/name is "C".*A, B/);
  expect(() => new ParameterGenerator([targets[0]!, targets[0]!], { parameters: 2 })).toThrow(/A twice/);
});

test("nothing leaks", () => {
  const before = tf.memory().numTensors;
  const generator = golden({ gradient: "projected" });
  tf.dispose(generator.generateAll());
  generator.freeze();
  generator.detach("A");
  generator.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
