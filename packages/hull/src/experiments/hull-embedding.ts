import { findData, glyphs, mnist } from "@lab/core/data";
import type { Experiment } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { interpolationRate } from "../stats/interpolation-rate.js";
import { paper } from "./paper.js";

interface EmbeddingParams {
  numTrain: number;
  numTest: number;
  widths: number[];
  epochs: number;
}

interface EmbeddingResultRow {
  width: number;
  accuracy: number;
  inside: number;
  insideUntrained: number;
  undecided: number;
  total: number;
}

/** Network 784–256(ReLU)–e–10 as plain variables. */
function network(numPixels: number, width: number, generator: Generator): tf.Variable[] {
  const own = (value: tf.Tensor) => {
    const variable = tf.variable(value);
    value.dispose();
    return variable;
  };
  const layer = (rows: number, columns: number, label: string) => [
    own(generator.split(label).normal([rows, columns], 0, Math.sqrt(2 / rows))),
    own(tf.zeros([columns])),
  ];
  return [...layer(numPixels, 256, "first"), ...layer(256, width, "second"), ...layer(width, 10, "third")];
}

const embed = ([w1, b1, w2, b2]: readonly tf.Variable[], x: tf.Tensor2D) =>
  tf.add(
    tf.matMul(tf.relu(tf.add(tf.matMul(x, w1 as tf.Tensor2D), b1!)) as tf.Tensor2D, w2 as tf.Tensor2D),
    b2!,
  );

const logits = (v: readonly tf.Variable[], x: tf.Tensor2D) =>
  tf.add(tf.matMul(embed(v, x) as tf.Tensor2D, v[4] as tf.Tensor2D), v[5]!);

/** Share of test images in the hull of the training images after a trained embedding, against its width. */
export const hullEmbedding: Experiment<EmbeddingParams, { data: string; rows: EmbeddingResultRow[] }> = {
  name: "hull-embedding",
  paper,
  claim:
    "Accuracy does not depend on interpolation: it stays while the share of test embeddings in the hull falls to 0.",
  estimate: { quick: 60, full: 400 },
  seeds: { quick: 1, full: 3 },
  isMain: false,
  params: (mode) => ({
    numTrain: 9000,
    numTest: 1000,
    widths: mode === "quick" ? [2, 8, 32] : [2, 4, 8, 16, 32],
    epochs: 10,
  }),
  async run({ params, seed, data, signal, onProgress }) {
    const found = await findData("mnist", { dir: data.dir });
    const [train, test] =
      found === null
        ? [glyphs({ count: params.numTrain, seed: "train" }), glyphs({ count: params.numTest, seed: "test" })]
        : [
            (await mnist({ dir: found.dir, split: "train" })).take(params.numTrain),
            (await mnist({ dir: found.dir, split: "test" })).take(params.numTest),
          ];
    const [trainArrays, testArrays] = [train.arrays(), test.arrays()];
    const numPixels = trainArrays.x.length / train.length;
    const x = tf.tensor2d(trainArrays.x, [train.length, numPixels]);
    const y = tf.tensor1d(trainArrays.labels, "int32");
    const testX = tf.tensor2d(testArrays.x, [test.length, numPixels]);
    const rows: EmbeddingResultRow[] = [];
    const share = async (v: readonly tf.Variable[]) => {
      const [a, b] = tf.tidy(() => [embed(v, x), embed(v, testX)] as [tf.Tensor2D, tf.Tensor2D]);
      const rate = await interpolationRate(a, b, { signal });
      tf.dispose([a, b]);
      return rate;
    };
    for (const width of params.widths) {
      const generator = new Generator(seed).split(`width ${width}`);
      const v = network(numPixels, width, generator);
      const untrained = await share(v);
      const optimizer = tf.train.adam(1e-3);
      const steps = Math.floor(train.length / 64);
      for (let epoch = 0; epoch < params.epochs; epoch++) {
        const order = generator.split(`epoch ${epoch}`).permutation(train.length);
        for (let step = 0; step < steps; step++) {
          signal.throwIfAborted();
          tf.tidy(() => {
            const index = tf.tensor1d(order.subarray(step * 64, step * 64 + 64), "int32");
            const batch = tf.gather(x, index);
            const target = tf.cast(tf.oneHot(tf.gather(y, index), 10), "float32");
            optimizer.minimize(
              () => tf.neg(tf.mean(tf.sum(tf.mul(target, tf.logSoftmax(logits(v, batch))), 1))) as tf.Scalar,
              false,
              v,
            );
          });
          if (step % 20 === 0) await new Promise((resolve) => setTimeout(resolve));
        }
        onProgress({
          done: rows.length * params.epochs + epoch + 1,
          total: params.widths.length * params.epochs,
          message: `width ${width}`,
        });
      }
      const predicted = tf.tidy(() => tf.argMax(logits(v, testX), 1));
      const guesses = await predicted.data();
      predicted.dispose();
      const hits = testArrays.labels.filter((label, i) => guesses[i] === label).length;
      const rate = await share(v);
      rows.push({
        width,
        accuracy: hits / test.length,
        inside: rate.rate,
        insideUntrained: untrained.rate,
        undecided: rate.boundary,
        total: rate.total,
      });
      optimizer.dispose();
      tf.dispose(v);
    }
    tf.dispose([x, y, testX]);
    return { data: train.name, rows };
  },
  summarise(runs) {
    const widths = runs[0]!.result.rows.map(({ width }) => width);
    const mean = (width: number, key: "accuracy" | "inside" | "insideUntrained") =>
      runs.reduce((sum, { result }) => sum + result.rows.find((row) => row.width === width)![key], 0) /
      runs.length;
    const isShown =
      mean(8, "inside") > 0.7 &&
      mean(32, "inside") < 0.01 &&
      mean(32, "accuracy") > mean(8, "accuracy") - 0.02;
    const isTendency =
      mean(8, "inside") > mean(32, "inside") + 0.3 && mean(32, "accuracy") > mean(8, "accuracy") - 0.02;
    const percent = (value: number) => Math.round(1000 * value) / 10;
    return {
      verdict: isShown ? "reproduced" : isTendency ? "partly" : "failed",
      paperValue: "table 1: embeddings of trained networks extrapolate as well",
      measured: widths
        .map(
          (w) =>
            `width ${w}: accuracy ${percent(mean(w, "accuracy"))} %, inside ${percent(mean(w, "inside"))} %`,
        )
        .join("; "),
      table: widths.map((width) => ({
        width,
        "accuracy %": percent(mean(width, "accuracy")),
        "inside %": percent(mean(width, "inside")),
        "inside, untrained %": percent(mean(width, "insideUntrained")),
      })),
      figures: [
        {
          kind: "line",
          title: "Accuracy and interpolation against the width of the embedding",
          x: { label: "width of the embedding", scale: "log" },
          y: { label: "%", domain: [0, 100] },
          series: [
            { name: "accuracy", x: widths, y: widths.map((w) => 100 * mean(w, "accuracy")) },
            { name: "inside the hull", x: widths, y: widths.map((w) => 100 * mean(w, "inside")) },
            {
              name: "inside, untrained",
              x: widths,
              y: widths.map((w) => 100 * mean(w, "insideUntrained")),
              dashed: true,
            },
          ],
        },
      ],
      notes: [
        `Data: ${runs[0]!.result.data}; network pixels–256–width–10, Adam 1e-3, batch 64, 10 epochs; ${runs.length} seed(s).`,
      ],
    };
  },
};
