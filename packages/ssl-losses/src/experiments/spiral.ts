import type { Experiment, ExperimentContext, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import { clusterAccuracy } from "@lab/core/metrics";
import { parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import { idealRateReduction } from "../coding-rate/index.js";
import { clusterManifolds } from "../manifolds/index.js";
import { isBelieved } from "../nmce/cluster-features.js";
import type { Attempt } from "../nmce/index.js";
import { arrayDataset } from "../pretraining/index.js";
import { nmcePaper } from "./papers.js";
import { thousandth } from "./rounding.js";
import { doubleSpiral, spiralNet } from "./spiral-net.js";

/** Parameters of the experiment. */
export interface SpiralParams {
  /** Points. */
  count: number;
  /** Updates of the embedding, 512 points each. */
  steps: number;
  /** Updates of the heads. */
  headSteps: number;
  /** Trainings of the heads at most. */
  restarts: number;
  /** Embeddings at most. */
  embeddings: number;
  /** Whether the same is done without augmentation, for comparison. */
  control: boolean;
}

interface Outcome {
  accuracy: number;
  reduction: number;
  attempts: Attempt[];
  labels: number[];
}

/** Result of one seed. */
export interface SpiralResult {
  augmented: Outcome;
  control: Outcome | null;
  points: number[];
}

const RATE = { dim: 6, numClusters: 2, epsilonSquared: 0.01 };
const BATCH = 512;
const VIEW_NOISE = 0.2;
/** Most that clusters may agree with the arms where views are alike. */
const CONTROL_ACCURACY = 0.76;
/** Points of the figure. */
const SHOWN = 600;

async function cluster(
  context: ExperimentContext<SpiralParams>,
  viewNoise: number,
  embeddings: number,
  report: (share: number) => void,
): Promise<Outcome> {
  const { params, generator, seed, signal } = context;
  const { points, arms } = doubleSpiral(params.count, generator.split("data"));
  const data = arrayDataset(points, [params.count, 2]);
  const batchSize = Math.min(BATCH, params.count);
  const epochs = Math.max(1, Math.round((params.steps * batchSize) / params.count));
  let best: Outcome | undefined;
  for (let attempt = 0; attempt < embeddings; attempt++) {
    const backbone = spiralNet(128, generator.split(`net ${attempt}`));
    try {
      const { labels, membership, attempts, reductionRatio } = await clusterManifolds({
        data,
        augment: (x, draw) => tf.add(x, draw.normal(x.shape, 0, viewNoise)),
        backbone,
        numClusters: RATE.numClusters,
        epsilonSquared: RATE.epsilonSquared,
        constraint: 400,
        embedding: { epochs, batchSize, dim: RATE.dim, learningRate: 1e-3 },
        heads: { dim: RATE.dim, steps: params.headSteps, batchSize, learningRate: 5e-3, hidden: [128] },
        restarts: params.restarts,
        seed: seed + 1000 * attempt,
        signal,
        onProgress: ({ done, total, message }) =>
          report((attempt + ((message === "embedding" ? 0 : 1) + done / total!) / 2) / embeddings),
      });
      membership.dispose();
      const reduction = reductionRatio * idealRateReduction(RATE);
      if (!best || isBelieved(reductionRatio) || reduction > best.reduction) {
        const accuracy = await clusterAccuracy(labels, arms);
        best = { accuracy, reduction, attempts: [...attempts], labels: [...labels.subarray(0, SHOWN)] };
      }
    } finally {
      tf.dispose([...parameters(backbone, "all").values()]);
    }
    if (isBelieved(best.reduction / idealRateReduction(RATE))) break;
  }
  return best!;
}

async function run(context: ExperimentContext<SpiralParams>): Promise<SpiralResult> {
  const { params, generator, onProgress } = context;
  const arms = params.control ? 2 : 1;
  const augmented = await cluster(context, VIEW_NOISE, params.embeddings, (share) =>
    onProgress({ done: share, total: arms, message: "with augmentation" }),
  );
  const control = params.control
    ? await cluster(context, 0, 1, (share) =>
        onProgress({ done: 1 + share, total: arms, message: "without augmentation" }),
      )
    : null;
  const { points } = doubleSpiral(params.count, generator.split("data"));
  return {
    augmented,
    control,
    points: [...points.subarray(0, 2 * SHOWN)].map((v) => Math.round(100 * v) / 100),
  };
}

function summarise(runs: readonly Run<SpiralResult>[], _mode: Mode): Summary {
  const ideal = idealRateReduction(RATE);
  const solved = runs.filter(({ result }) => isBelieved(result.augmented.reduction / ideal));
  const isTrusted = solved.every(({ result }) => result.augmented.accuracy >= 0.995);
  // Heads with hidden layers cut anywhere where nothing holds points together, and reach the ideal with it: labels must tell.
  const isNeeded = runs.every(({ result }) => !result.control || result.control.accuracy <= CONTROL_ACCURACY);
  const verdict: Verdict =
    solved.length === runs.length && isTrusted && isNeeded
      ? "reproduced"
      : solved.length > 0 && isTrusted
        ? "partly"
        : solved.length > 0
          ? "failed"
          : "not at this scale";
  const row = (seed: number, views: string, { accuracy, reduction, attempts }: Outcome) => ({
    seed,
    views,
    accuracy: thousandth(accuracy),
    "rate reduction": thousandth(reduction),
    "of ideal": thousandth(reduction / ideal),
    trainings: attempts.length,
  });
  const { augmented, points } = runs[0]!.result;
  const arm = (cluster: number) => {
    const chosen = augmented.labels
      .slice(0, points.length / 2)
      .flatMap((label, i) => (label === cluster ? [i] : []));
    return {
      name: `cluster ${cluster}`,
      x: chosen.map((i) => points[2 * i]!),
      y: chosen.map((i) => points[2 * i + 1]!),
    };
  };
  return {
    verdict,
    paperValue: "double spiral separated completely (figure 2)",
    measured: runs
      .map(
        ({ seed, result: { augmented: a } }) =>
          `seed ${seed}: ${a.reduction.toFixed(2)} nats, accuracy ${a.accuracy.toFixed(3)}`,
      )
      .join("; "),
    table: runs.flatMap(({ seed, result }) => [
      row(seed, `noise ${VIEW_NOISE}`, result.augmented),
      ...(result.control ? [row(seed, "none", result.control)] : []),
    ]),
    figures: [
      {
        kind: "scatter",
        title: "Double spiral, by cluster",
        caption: "The clustering with the largest rate reduction of the first seed; labels played no part.",
        x: { label: "x" },
        y: { label: "y" },
        series: [arm(0), arm(1)],
      },
    ],
    notes: [
      `Generated data. Ideal rate reduction ${ideal.toFixed(4)} nats; a clustering is believed from 99.8 to 100.1 % of it: unequal cuts can exceed it.`,
      `Gate: in every seed a clustering is believed and its accuracy is at least 0.995; without augmentation accuracies stay at or below ${CONTROL_ACCURACY}.`,
      "Random Fourier features, two layers, an embedding by the total coding rate, then heads on frozen features: training all at once from the start stalls with each arm cut in half.",
    ],
  };
}

/** Two interleaved spirals by manifold clustering. */
export const spiral: Experiment<SpiralParams, SpiralResult> = {
  name: "ssl-double-spiral",
  paper: nmcePaper,
  claim: "Nonlinear manifolds are separated without labels, and the rate reduction says when.",
  estimate: { quick: 60, full: 240 },
  seeds: { quick: 1, full: 3, paper: 6 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { count: 4096, steps: 1500, headSteps: 600, restarts: 3, embeddings: 1, control: false }
      : { count: 32_768, steps: 3000, headSteps: 1500, restarts: 6, embeddings: 2, control: true },
  run,
  summarise,
};
