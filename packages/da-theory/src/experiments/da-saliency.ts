import { checkAborted } from "@lab/core";
import type { Experiment, Row, Summary } from "@lab/core/experiment";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { uniform } from "../distribution/distribution.js";
import { lossMoments } from "../losses/output-moments.js";
import { augmentationPenalty } from "../losses/penalties.js";
import { saliencyAlignment } from "../losses/saliency.js";
import { augmentationFactors } from "../moments/augmentation-factors.js";
import { translate } from "../transforms/warps.js";
import { accuracyOf, type Batch, crossEntropyOf, trainClassifier } from "./classifier.js";
import { digits, median, pictureAt, samplesPaper } from "./pictures.js";

/** Ways to train. */
const TRAININGS = ["no augmentation", "mean image", "penalty", "augmentation"] as const;
type Training = (typeof TRAININGS)[number];

/** Size of the experiment. */
interface Params {
  train: number;
  test: number;
  steps: number;
  hidden: number;
  measured: number;
  reach: number;
  /** Half widths at which the delta method is compared with the truth. */
  small: number[];
  compared: number;
}

/** One seed. */
interface Result {
  data: string;
  rows: { training: string; test: number; shifted: number; alignment: number; sd: number }[];
  delta: { reach: number; correlation: number; ratio: number }[];
}

const law = (reach: number) => translate({ x: uniform(-reach, reach), y: uniform(-reach, reach) });

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((x, y) => x + y, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, x] of a.entries()) {
    ab += (x - ma) * (b[i]! - mb);
    aa += (x - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** What training with an augmentation does to the gradient of the loss. */
export const daSaliency: Experiment<Params, Result> = {
  name: "da-saliency",
  paper: samplesPaper,
  claim:
    "A loss that is stable under an augmentation has its gradient in the small eigenvectors of the augmentation's covariance; a penalty made of the moments gets it there without sampling.",
  estimate: { quick: 60, full: 300 },
  seeds: { full: 3 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? {
          train: 500,
          test: 1000,
          steps: 300,
          hidden: 256,
          measured: 40,
          reach: 2,
          small: [0.05, 0.25],
          compared: 30,
        }
      : {
          train: 500,
          test: 2000,
          steps: 1500,
          hidden: 256,
          measured: 200,
          reach: 2,
          small: [0.05, 0.25, 0.5, 1],
          compared: 100,
        },
  async run({ params, seed, generator, data, signal, onProgress }) {
    const train = await digits(params.train, seed, "train", data.dir);
    const test = await digits(params.test, seed, "test", data.dir);
    const t = law(params.reach);
    const x = tf.tensor4d(train.x, [train.count, ...train.shape]);
    const factors = await augmentationFactors(x, t, { signal });
    const size = x.size / train.count;
    const { theta, weights } = t.rule(train.shape);
    const probes = generator.split("probes");
    const draws = generator.split("draws");
    const numNodes = weights.length;
    const rowsOf = (await factors.factors.data()) as Float32Array;
    factors.factors.dispose();
    const combinations = (pictures: Int32Array): Float32Array => {
      const out = new Float32Array(pictures.length * size);
      const signs = probes.float64(pictures.length * numNodes);
      for (const [i, picture] of pictures.entries()) {
        for (let q = 0; q < numNodes; q++) {
          const sign = signs[i * numNodes + q]! < 0.5 ? -1 : 1;
          const from = (picture * numNodes + q) * size;
          for (let k = 0; k < size; k++) out[i * size + k]! += sign * rowsOf[from + k]!;
        }
      }
      return out;
    };
    const losses: Record<Training, ((model: LayersModel, batch: Batch) => tf.Scalar) | undefined> = {
      "no augmentation": undefined,
      "mean image": (model, { rows, targets }) =>
        crossEntropyOf(model, tf.gather(factors.mean, tf.tensor1d(rows, "int32")), targets),
      penalty: (model, { rows, targets }) => {
        const mean = tf.gather(factors.mean, tf.tensor1d(rows, "int32"));
        // One random combination of each picture's rows is a factor of one row with the same expectation of aaᵀ.
        const combined = tf.tensor3d(combinations(rows), [rows.length, 1, size]);
        const network = (images: tf.Tensor4D) => model.apply(tf.reshape(images, [-1, size])) as tf.Tensor2D;
        const penalty = augmentationPenalty(
          network,
          { mean, factors: combined },
          { loss: "crossEntropy", generator: probes },
        );
        return tf.add(crossEntropyOf(model, mean, targets), penalty);
      },
      augmentation: (model, { rows, targets }) => {
        // One of the exact nodes for each picture; all have nearly the same weight.
        const nodes = Int32Array.from(draws.float64(rows.length), (u) => drawn(weights, u));
        const own = Float32Array.from(
          { length: 2 * rows.length },
          (_, k) => theta[2 * nodes[k >> 1]! + (k % 2)]!,
        );
        const images = tf.gather(x, tf.tensor1d(rows, "int32"));
        return crossEntropyOf(model, t.apply(images, tf.tensor2d(own, [rows.length, 2])), targets);
      },
    };
    const plain = tf.tensor4d(test.x, [test.count, ...test.shape]);
    const moved = tf.tidy(() => t.apply(plain, t.sample(test.count, generator.split("test"))));
    const rows: Result["rows"] = [];
    const total = TRAININGS.length + 1;
    for (const training of TRAININGS) {
      checkAborted(signal);
      const loss = losses[training];
      const model = await trainClassifier(train, {
        sizes: [params.hidden, 10],
        steps: params.steps,
        batch: 64,
        generator: generator.split("model"),
        ...(loss && { loss }),
        signal,
      });
      const alignments: number[] = [];
      const sds: number[] = [];
      for (let n = 0; n < Math.min(params.measured, test.count); n++) {
        const image = tf.tensor3d(pictureAt(test, n), [...test.shape]);
        const label = test.labels[n]!;
        const own = await saliencyAlignment(model, image, label, t, { numDirections: 0, signal });
        alignments.push(own.ratio);
        sds.push(Math.sqrt((await lossMoments(model, image, label, t, { nodes: 64, signal })).variance));
        image.dispose();
      }
      rows.push({
        training,
        test: await accuracyOf(model, plain, test.labels),
        shifted: await accuracyOf(model, moved, test.labels),
        alignment: median(alignments.filter(Number.isFinite)),
        sd: sds.reduce((sum, sd) => sum + sd, 0) / sds.length,
      });
      model.dispose();
      onProgress({ done: rows.length, total, message: training });
    }
    const smooth = await trainClassifier(train, {
      sizes: [params.hidden, 10],
      activation: "tanh",
      steps: params.steps,
      batch: 64,
      generator: generator.split("smooth"),
      signal,
    });
    const delta: Result["delta"] = [];
    for (const reach of params.small) {
      const own = law(reach);
      const [predicted, truth]: [number[], number[]] = [[], []];
      for (let n = 0; n < Math.min(params.compared, test.count); n++) {
        const image = tf.tensor3d(pictureAt(test, n), [...test.shape]);
        const label = test.labels[n]!;
        const first = await saliencyAlignment(smooth, image, label, own, { numDirections: 0, signal });
        predicted.push(first.predictedSd);
        truth.push(Math.sqrt((await lossMoments(smooth, image, label, own, { signal })).variance));
        image.dispose();
      }
      delta.push({
        reach,
        correlation: correlation(predicted, truth),
        ratio: median(predicted.map((value, i) => value / truth[i]!)),
      });
    }
    smooth.dispose();
    tf.dispose([x, factors.mean, plain, moved]);
    onProgress({ done: total, total });
    return { data: train.name, rows, delta };
  },
  summarise(runs, mode): Summary {
    const all = runs.map(({ result }) => result);
    const of = (training: Training, pick: (row: Result["rows"][number]) => number) =>
      median(all.map((r) => pick(r.rows.find((row) => row.training === training)!)));
    const [none, penalty, augmented] = ["no augmentation", "penalty", "augmentation"] as const;
    const alignment = (training: Training) => of(training, (row) => row.alignment);
    const shifted = (training: Training) => of(training, (row) => row.shifted);
    const deltaAt = (reach: number) => ({
      correlation: median(all.map((r) => r.delta.find((d) => d.reach === reach)!.correlation)),
      ratio: median(all.map((r) => r.delta.find((d) => d.reach === reach)!.ratio)),
    });
    const [tiny, small] = [deltaAt(0.05), deltaAt(0.25)];
    const signs =
      alignment(none) > alignment(augmented) &&
      alignment(none) > alignment(penalty) &&
      shifted(penalty) > shifted(none) &&
      shifted(augmented) > shifted(penalty);
    const gates =
      alignment(none) >= 4 * alignment(augmented) &&
      alignment(none) >= 4 * alignment(penalty) &&
      shifted(penalty) - shifted(none) >= 0.08 &&
      shifted(augmented) > shifted(penalty);
    const isLocal =
      tiny.correlation >= 0.995 && tiny.ratio >= 0.9 && tiny.ratio <= 1.05 && small.correlation >= 0.93;
    const isMnist = all[0]!.data === "mnist";
    // A quick run trains a fifth of the steps: it can only show the signs.
    const holds = mode === "quick" ? signs : gates && isLocal;
    const table: Row[] = TRAININGS.map((training) => ({
      training,
      test: of(training, (row) => row.test),
      "shifted test": shifted(training),
      alignment: alignment(training),
      "sd of the loss": of(training, (row) => row.sd),
    }));
    for (const { reach } of all[0]!.delta) {
      const own = deltaAt(reach);
      table.push({
        training: `first order at ±${reach} px`,
        correlation: own.correlation,
        "predicted / true sd": own.ratio,
      });
    }
    const categories = [...TRAININGS];
    return {
      verdict: !isMnist
        ? "not at this scale"
        : holds
          ? mode === "quick"
            ? "partly"
            : "reproduced"
          : signs
            ? "partly"
            : "failed",
      measured: `alignment ${alignment(none).toFixed(2)} without, ${alignment(penalty).toFixed(2)} with the penalty, ${alignment(augmented).toFixed(2)} with the augmentation; shifted accuracy ${shifted(none).toFixed(3)}, ${shifted(penalty).toFixed(3)}, ${shifted(augmented).toFixed(3)}`,
      table,
      figures: [
        {
          kind: "grid",
          title: "What the augmentation does to the gradient",
          plots: [
            {
              kind: "bars",
              title: "Alignment with the augmentation's covariance",
              caption: "1 is indifferent; far above it the loss is unstable.",
              categories,
              y: { label: "alignment", scale: "log" },
              series: [{ name: "median over images", y: categories.map(alignment) }],
            },
            {
              kind: "bars",
              title: "Test accuracy",
              categories,
              y: { label: "accuracy" },
              series: [
                { name: "as they are", y: categories.map((training) => of(training, (row) => row.test)) },
                { name: "shifted", y: categories.map(shifted) },
              ],
            },
          ],
        },
      ],
      notes: [
        `Data: ${all[0]!.data}, ${runs.length} seed${runs.length === 1 ? "" : "s"}; translations of both axes, ±2 pixels; the penalty is second order at the mean image, one probe a step.`,
        "The first-order standard deviation is local: from half a pixel on it is far too small.",
      ],
    };
  },
};

/** Index of a node at a share of the mass. */
function drawn(weights: Float64Array, u: number): number {
  let mass = 0;
  for (const [q, w] of weights.entries()) {
    mass += w;
    if (u < mass) return q;
  }
  return weights.length - 1;
}
