// Generation of kernels, the ring's gradient and the index, by the element.

import { mlp } from "@lab/core/nn";
import { compress, exportModel, loadArtifact, ParameterGenerator, ringIndex, saveArtifact } from "@lab/rpg";
import * as tf from "@tensorflow/tfjs-core";
import { paired, pairedRow, plainRow, ratioRow } from "./rows.mjs";

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const NANOSECONDS = 1e-6;

async function timesOf(run, repeats, warm = 2) {
  for (let i = 0; i < warm; i++) await run();
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return median(times);
}

const done = async (tensor) => {
  // Reading one number is enough to know that the backend has finished.
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), 0, 1));
  await first.data();
  tf.dispose([first, tensor]);
};

/** A kernel of a million elements, its generation and the ring's gradient alone. */
function million(size) {
  const count = 1_000_000;
  const generator = new ParameterGenerator([{ name: "k", shape: [count], std: 1 }], {
    parameters: size,
    ringStd: 1,
  });
  const upstream = tf.randomNormal([count]);
  return {
    count,
    generator,
    forward: () => done(generator.generate("k")),
    both: () => done(tf.grad(() => generator.generate("k"))(generator.ring, upstream)),
  };
}

/** Against `tf.gather` and a product with signs, and against PyTorch where it is. */
export async function generationRows(pairs, torch) {
  const { generator, forward, both, count } = million(4000);
  const packed = generator.index("k");
  const index = tf.tensor1d(
    packed.map((word) => word & 0x7fffffff),
    "int32",
  );
  const signs = tf.tensor1d(Float32Array.from(packed, (word) => (word < 0 ? -1 : 1)));
  const gather = () => done(tf.tidy(() => tf.mul(tf.gather(generator.ring, index), signs)));
  const times = await paired(forward, gather, { pairs });
  const withGradient = await timesOf(both, pairs);
  const forwardOnly = median(times.ours);
  const per = (ms) => ms / NANOSECONDS / count;
  const rows = [
    pairedRow({
      name: "generation of a million elements, N = 4000, wasm, by the element",
      times,
      per: NANOSECONDS * count,
      rivalName: "tf.gather and a product",
      unit: "ns",
      bar: { of: "ratio", atMost: 1 / 8 },
    }),
    plainRow({
      name: "generation, by the element",
      ours: per(forwardOnly),
      unit: "ns",
      bar: { of: "ours", atMost: 6 },
    }),
    plainRow({
      name: "ring's gradient, by the element",
      ours: per(Math.max(0, withGradient - forwardOnly)),
      unit: "ns",
      bar: { of: "ours", atMost: 9 },
    }),
  ];
  if (!torch) return rows;
  const large = million(200_000);
  const against = async (name, run, rival) => {
    const ours = per(await timesOf(run, pairs));
    return ratioRow({
      name,
      ours,
      rival,
      rivalName: `PyTorch ${torch.version}, one thread`,
      unit: "ns",
      bar: { of: "ratio", atMost: 2 },
    });
  };
  rows.push(await against("forward, N = 200,000, by the element", large.forward, torch.forward));
  rows.push(await against("forward and backward, N = 200,000, by the element", large.both, torch.both));
  return rows;
}

/** The index function at a power of two, at the worst size, and of ResNet18. */
export async function indexRows(repeats) {
  const count = 1_000_000;
  const per = async (size) =>
    (await timesOf(() => ringIndex({ size, seed: 1 }, 0, count), repeats)) / NANOSECONDS / count;
  const resnet = await timesOf(() => ringIndex({ size: 2_359_296, seed: 1 }, 0, 11_157_504), 3, 1);
  return [
    plainRow({
      name: "index, N = 2^16, by the element",
      ours: await per(65_536),
      unit: "ns",
      bar: { of: "ours", atMost: 40 },
    }),
    plainRow({
      name: "index, N = 2^16 + 1 (longest walks), by the element",
      ours: await per(65_537),
      unit: "ns",
      bar: { of: "ours", atMost: 90 },
    }),
    plainRow({
      name: "index of ResNet18's 11,157,504 elements",
      ours: resnet / 1000,
      unit: "s",
      bar: { of: "ours", atMost: 1 },
    }),
  ];
}

/** Loading a file of 4 kB with its model, and into a plain one. */
export async function fileRows(repeats) {
  const net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000 });
  const bytes = await saveArtifact(net, { bits: 8 });
  const load = await timesOf(async () => (await loadArtifact(bytes)).dispose(), repeats);
  const x = tf.randomNormal([1, 784]);
  const plain = exportModel(net);
  const serving = await paired(
    async () => {
      const y = net.model.predict(x);
      await y.data();
      y.dispose();
    },
    async () => {
      const y = plain.predict(x);
      await y.data();
      y.dispose();
    },
    { pairs: repeats },
  );
  const index = await timesOf(() => ringIndex({ size: 4000, seed: 0 }, 0, 418_200), repeats);
  return [
    plainRow({
      name: "bytes of the network of 418,200 weights, N = 4000, 8 bits",
      ours: bytes.length,
      unit: "bytes",
      bar: { of: "ours", atMost: 6000 },
    }),
    plainRow({
      name: "load that file with its model, in 50 ms and the time of its index",
      ours: load,
      unit: "ms",
      bar: { of: "ours", atMost: Number((50 + index).toPrecision(3)) },
    }),
    pairedRow({
      name: "prediction of one picture, kernels generated anew",
      times: serving,
      rivalName: "exported model",
      unit: "ms",
    }),
  ];
}
