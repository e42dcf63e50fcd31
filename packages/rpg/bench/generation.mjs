// Generation of kernels, the ring's gradient and the index, by the element.

import { mlp } from "@lab/core/nn";
import { compress, exportModel, loadArtifact, ParameterGenerator, ringIndex, saveArtifact } from "@lab/rpg";
import { inTurns, median, row, sample } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";

const NANOSECONDS = 1e-6;
const WARM = { warm: 2 };

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
  const times = await inTurns({ ours: forward, rival: gather }, pairs, WARM);
  const withGradient = median(await sample(both, pairs, WARM));
  const forwardOnly = median(times.ours);
  const nanoseconds = (samples) => samples.map((ms) => ms / NANOSECONDS / count);
  const rows = [
    row({
      name: "generation of a million elements, N = 4000, wasm, by the element",
      ours: nanoseconds(times.ours),
      rival: nanoseconds(times.rival),
      arePairs: true,
      rivalName: "tf.gather and a product",
      unit: "ns",
      bar: { of: "ratio", atMost: 1 / 8 },
    }),
    row({
      name: "generation, by the element",
      ours: nanoseconds(times.ours),
      unit: "ns",
      bar: { of: "ours", atMost: 6 },
    }),
    row({
      name: "ring's gradient, by the element",
      ours: nanoseconds([Math.max(0, withGradient - forwardOnly)]),
      unit: "ns",
      bar: { of: "ours", atMost: 9 },
    }),
  ];
  if (!torch) return rows;
  const large = million(200_000);
  const against = async (name, run, rival) =>
    row({
      name,
      ours: nanoseconds(await sample(run, pairs, WARM)),
      rival,
      rivalName: `PyTorch ${torch.version}, one thread`,
      unit: "ns",
      bar: { of: "ratio", atMost: 2 },
    });
  rows.push(await against("forward, N = 200,000, by the element", large.forward, torch.forward));
  rows.push(await against("forward and backward, N = 200,000, by the element", large.both, torch.both));
  return rows;
}

/** The index function at a power of two, at the worst size, and of ResNet18. */
export async function indexRows(repeats) {
  const count = 1_000_000;
  const per = async (size) =>
    (await sample(() => ringIndex({ size, seed: 1 }, 0, count), repeats, WARM)).map(
      (ms) => ms / NANOSECONDS / count,
    );
  const resnet = await sample(() => ringIndex({ size: 2_359_296, seed: 1 }, 0, 11_157_504), 3);
  return [
    row({
      name: "index, N = 2^16, by the element",
      ours: await per(65_536),
      unit: "ns",
      bar: { of: "ours", atMost: 40 },
    }),
    row({
      name: "index, N = 2^16 + 1 (longest walks), by the element",
      ours: await per(65_537),
      unit: "ns",
      bar: { of: "ours", atMost: 90 },
    }),
    row({
      name: "index of ResNet18's 11,157,504 elements",
      ours: resnet.map((ms) => ms / 1000),
      unit: "s",
      bar: { of: "ours", atMost: 1 },
    }),
  ];
}

/** Loading a file of 4 kB with its model, and into a plain one. */
export async function fileRows(repeats) {
  const net = compress(mlp({ sizes: [784, 300, 300, 300, 10], bias: false }), { parameters: 4000 });
  const bytes = await saveArtifact(net, { bits: 8 });
  const load = await sample(async () => (await loadArtifact(bytes)).dispose(), repeats, WARM);
  const x = tf.randomNormal([1, 784]);
  const plain = exportModel(net);
  const serving = await inTurns(
    { ours: () => done(net.model.predict(x)), rival: () => done(plain.predict(x)) },
    repeats,
    WARM,
  );
  const index = median(await sample(() => ringIndex({ size: 4000, seed: 0 }, 0, 418_200), repeats, WARM));
  return [
    row({
      name: "bytes of the network of 418,200 weights, N = 4000, 8 bits",
      ours: bytes.length,
      unit: "bytes",
      bar: { of: "ours", atMost: 6000 },
    }),
    row({
      name: "load that file with its model, in 50 ms and the time of its index",
      ours: load,
      unit: "ms",
      bar: { of: "ours", atMost: 50 + index },
    }),
    row({
      name: "prediction of one picture, kernels generated anew",
      ...serving,
      arePairs: true,
      rivalName: "exported model",
      unit: "ms",
    }),
  ];
}
