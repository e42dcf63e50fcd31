// A whole training step with a ring against the same step of the plain model, in turns.
import { mlp } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { compress } from "@lab/rpg";
import { inTurns, row } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";
import { input, layers, model } from "@tensorflow/tfjs-layers";

/** The conv net of the experiment rpg-cnn: six equal kernels of 31,104 weights in all. */
function convNet() {
  const relu = (x) => layers.activation({ activation: "relu" }).apply(x);
  const conv = (x, name, strides) =>
    layers.conv2d({ name, filters: 24, kernelSize: 3, strides, padding: "same", useBias: false }).apply(x);
  const norm = (x) => layers.batchNormalization().apply(x);
  const images = input({ shape: [16, 16, 3] });
  let x = relu(norm(conv(images, "stem", 2)));
  for (let block = 0; block < 3; block++) {
    const first = relu(norm(conv(x, `b${block}.conv1`, 1)));
    x = relu(layers.add().apply([x, norm(conv(first, `b${block}.conv2`, 1))]));
  }
  const pooled = layers.globalAveragePooling2d({}).apply(x);
  return model({ inputs: images, outputs: layers.dense({ units: 10, name: "head" }).apply(pooled) });
}

/** Core's bar network: seven convolutions, 295,776 weights. */
function barNet() {
  const images = input({ shape: [32, 32, 3] });
  let x = images;
  const blocks = [
    [32, 1],
    [32, 1],
    [32, 1],
    [64, 2],
    [64, 1],
    [128, 2],
    [128, 1],
  ];
  for (const [i, [filters, strides]] of blocks.entries()) {
    x = layers
      .conv2d({ name: `c${i}`, filters, kernelSize: 3, strides, padding: "same", useBias: false })
      .apply(x);
    x = layers.reLU().apply(layers.batchNormalization().apply(x));
  }
  const pooled = layers.globalAveragePooling2d({}).apply(x);
  return model({ inputs: images, outputs: layers.dense({ units: 10, name: "head" }).apply(pooled) });
}

function stepOf(net, batch) {
  const shape = net.inputs[0].shape.slice(1);
  const generator = new Generator(1);
  const x = generator.normal([batch, ...shape]);
  const y = tf.tidy(() =>
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: batch }, (_, i) => i % 10),
        "int32",
      ),
      10,
    ),
  );
  const optimizer = adamw({ learningRate: 1e-3, weightDecay: 0 });
  const variables = net.trainableWeights.map((weight) => weight.read());
  return async () => {
    const loss = optimizer.minimize(
      () => {
        const logits = net.apply(x, { training: true });
        return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), y), 1)));
      },
      true,
      variables,
    );
    await loss.data();
    loss.dispose();
  };
}

/** Rows of the three networks on the current backend. */
export async function stepRows(backend, barOf, pairs) {
  const nets = [
    [
      "MLP of 418,200 weights, N = 4000, batch 100",
      () => mlp({ sizes: [784, 300, 300, 300, 10], bias: false }),
      4000,
      100,
      2 * pairs,
    ],
    ["conv net of 31,104 weights, N = 5184, batch 64", convNet, 5184, 64, pairs],
    ["core's bar network, N = 40,000, batch 32", barNet, 40_000, 32, Math.max(5, Math.round(pairs / 3))],
  ];
  const rows = [];
  for (const [name, build, parameters, batch, count] of nets) {
    const plain = build();
    const ring = compress(build(), {
      parameters,
      std: "fanIn",
      free: name.startsWith("MLP") ? "none" : "stemAndHead",
      inPlace: true,
    });
    const steps = { ours: stepOf(ring.model, batch), rival: stepOf(plain, batch) };
    rows.push(
      row({
        name: `step, ${name}, ${backend}`,
        ...(await inTurns(steps, count, { warm: 3 })),
        arePairs: true,
        rivalName: "plain model",
        unit: "ms",
        bar: { of: "ratio", atMost: barOf(name) },
      }),
    );
    ring.dispose();
  }
  return rows;
}
