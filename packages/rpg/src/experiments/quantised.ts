import type { Experiment, ExperimentContext, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { loadArtifact, saveArtifact } from "../artifact/index.js";
import { digits } from "./digits.js";
import { paper } from "./paper.js";
import { accuracyOf, build, type TrainSettings, train } from "./train-arm.js";

const BITS = [32, 8, 6, 4, 3] as const;

interface QuantisedParams extends TrainSettings {
  numTrain: number;
  numTest: number;
  size: number;
}

interface QuantisedResult {
  data: string;
  rows: { bits: number; bytes: number; accuracy: number }[];
}

async function run(context: ExperimentContext<QuantisedParams>): Promise<QuantisedResult> {
  const { params, seed, signal, onProgress } = context;
  const images = await digits(context.data.dir, seed, params.numTrain, params.numTest);
  const { model, compressed } = build({ kind: "rpg", size: params.size }, seed);
  const total = 10 + BITS.length;
  try {
    await train(model, images.train, params, seed, {
      signal,
      on: (share) => onProgress({ done: 10 * share, total, message: "training" }),
    });
    const rows: QuantisedResult["rows"] = [];
    for (const [i, bits] of BITS.entries()) {
      const bytes = await saveArtifact(compressed!, { bits });
      const loaded = await loadArtifact(bytes);
      rows.push({ bits, bytes: bytes.length, accuracy: await accuracyOf(loaded.model, images.test) });
      loaded.dispose();
      onProgress({ done: 11 + i, total, message: `${bits} bits` });
    }
    return { data: images.name, rows };
  } finally {
    compressed!.dispose();
  }
}

function summarise(runs: readonly Run<QuantisedResult>[]): Summary {
  const mean = (index: number) =>
    runs.reduce((sum, { result }) => sum + result.rows[index]!.accuracy, 0) / runs.length;
  const drop = (bits: number) => mean(0) - mean(BITS.indexOf(bits as 8));
  const gates = [drop(8) <= 0.3, drop(4) <= 2];
  const verdict: Verdict = gates.every(Boolean) ? "reproduced" : gates.some(Boolean) ? "partly" : "failed";
  const { rows, data } = runs[0]!.result;
  const figure: LinePlot = {
    kind: "line",
    title: "Accuracy against the size of the file",
    caption: "Architecture and key included; the same network in float32 takes 1,672,800 bytes.",
    x: { label: "bytes" },
    y: { label: "test accuracy (%)" },
    series: [
      { name: "32, 8, 6, 4, 3 bits", x: rows.map(({ bytes }) => bytes), y: rows.map((_, i) => mean(i)) },
    ],
  };
  return {
    verdict,
    measured: `8 bits cost ${drop(8).toFixed(2)} points, 4 bits ${drop(4).toFixed(2)}`,
    table: rows.map(({ bits, bytes }, i) => ({ bits, bytes, "accuracy %": Math.round(100 * mean(i)) / 100 })),
    figures: [figure],
    notes: [`Data: ${data}.`, "Gates: at most 0.3 points at 8 bits and 2 points at 4 bits."],
  };
}

/** Rings in few bits, saved and loaded. */
export const quantised: Experiment<QuantisedParams, QuantisedResult> = {
  name: "rpg-quantise",
  paper,
  claim:
    "A trained ring survives quantisation, so that a network of 418,200 weights fits in a few kilobytes.",
  estimate: { quick: 20, full: 120 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode) => ({
    numTrain: 10_000,
    numTest: 10_000,
    epochs: mode === "quick" ? 4 : 10,
    batch: mode === "quick" ? 200 : 100,
    learningRate: mode === "quick" ? 4e-3 : 1e-3,
    size: 4000,
  }),
  run,
  summarise,
};
