import type { Experiment, ExperimentContext, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import * as tf from "@tensorflow/tfjs-core";
import { linearProbe } from "../evaluation/index.js";
import { type Preset, preset } from "../training/index.js";
import { trainEndToEnd } from "./end-to-end.js";
import { paper } from "./paper.js";
import { storedResult } from "./stored-result.js";
import { buildModel, trainModel } from "./train-arm.js";
import { digits, type LabelledData, pictures } from "./training-data.js";

/** Parameters of the experiment on few labels. */
export interface LabelsParams {
  /** Small digits, or MNIST. */
  data: "digits" | "mnist";
  /** Training pictures of MNIST. */
  train: number;
  /** Test pictures. */
  test: number;
  /** Updates of each encoder. */
  steps: number;
  /** Encoders whose codes are classified. */
  models: Preset[];
  /** Labelled pictures of each class. */
  perClass: number[];
  /** Choices of the labelled pictures. */
  draws: number;
}

/** Accuracies of one kind of input. */
export interface LabelsArm {
  input: string;
  /** Mean over the choices for each number of labels. */
  accuracy: number[];
}

/** Result of one seed. */
export interface LabelsResult {
  data: string;
  perClass: number[];
  arms: LabelsArm[];
}

async function run(context: ExperimentContext<LabelsParams>): Promise<LabelsResult> {
  const { params, seed, signal, onProgress, store } = context;
  const data =
    params.data === "digits"
      ? await digits(context.data.dir, seed, params.test)
      : await pictures(context.data.dir, seed, params);
  const total = (params.models.length + 2) * params.steps;
  let done = 0;
  const finish = (message: string) => {
    done += params.steps;
    onProgress({ done, total, message });
  };
  const arms: LabelsArm[] = [];
  try {
    arms.push(
      await storedResult(store, "pixels", () => probe("pixels", data.train, data.test, data, params, seed)),
    );
    finish("pixels");
    for (const model of params.models) {
      const begun = done;
      const arm = await storedResult(store, model, async (checkpoint) => {
        const autoencoder = buildModel({ ...presetFor(params, model), seed }, data.side ** 2, seed);
        try {
          await trainModel(autoencoder, data, params.steps, {
            signal,
            ...(checkpoint === undefined ? {} : { checkpoint }),
            onStep: (step) =>
              onProgress({ done: begun + Math.min(step, params.steps), total, message: model }),
          });
          const [train, test] = [autoencoder.encode(data.train), autoencoder.encode(data.test)];
          const result = await probe(model, train, test, data, params, seed);
          tf.dispose([train, test]);
          return result;
        } finally {
          autoencoder.dispose();
        }
      });
      arms.push(arm);
      finish(model);
    }
    const codeDim = presetFor(params, params.models[0]!).codeDim!;
    arms.push(await storedResult(store, "end-to-end", () => endToEnd(data, params, codeDim, seed, signal)));
    finish("end to end");
  } finally {
    tf.dispose([data.train, data.test]);
  }
  return { data: data.name, perClass: params.perClass, arms };
}

function presetFor(params: LabelsParams, model: Preset) {
  if (params.data === "mnist") return preset(model, "mnist");
  return { ...preset(model, "strokes"), codeDim: 64 };
}

async function probe(
  input: string,
  train: tf.Tensor2D,
  test: tf.Tensor2D,
  data: LabelledData,
  params: LabelsParams,
  seed: number,
): Promise<LabelsArm> {
  const accuracy: number[] = [];
  for (const perClass of params.perClass) {
    let sum = 0;
    for (let draw = 0; draw < params.draws; draw++) {
      const sets = [
        { x: train, labels: data.trainLabels },
        { x: test, labels: data.testLabels },
      ] as const;
      sum += (await linearProbe(sets[0], sets[1], { perClass, seed: 1000 * seed + draw })).accuracy;
    }
    accuracy.push(sum / params.draws);
  }
  return { input, accuracy };
}

/** The baseline that uses no unlabelled data: the encoder's network from a random start, trained on the labels. */
async function endToEnd(
  data: LabelledData,
  params: LabelsParams,
  codeDim: number,
  seed: number,
  signal: AbortSignal,
): Promise<LabelsArm> {
  const accuracy: number[] = [];
  for (const perClass of params.perClass) {
    accuracy.push(await trainEndToEnd(data, { perClass, codeDim, seed: 1000 * seed, epochs: 100, signal }));
  }
  return { input: "end to end", accuracy };
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

/** Gate: points of accuracy by which codes must beat pixels, on average over at most ten labels a class. */
const GATE = 0.01;
const FEW = 10;

/** Mean accuracy of an input minus that of pixels at few labels, mean over the seeds. */
export function labelGain(runs: readonly Run<LabelsResult>[], input: string): number {
  return mean(
    runs.map(({ result }) => {
      const few = result.perClass.flatMap((count, i) => (count <= FEW ? [i] : []));
      const of = (name: string) => {
        const arm = result.arms.find((a) => a.input === name)!;
        return mean(few.map((i) => arm.accuracy[i]!));
      };
      return of(input) - of("pixels");
    }),
  );
}

/** Reproduced when codes with the variance term beat pixels by the gate, partly when they beat them. */
export function labelsVerdict(gain: number): Verdict {
  if (gain >= GATE) return "reproduced";
  return gain > 0 ? "partly" : "not at this scale";
}

function summarise(runs: readonly Run<LabelsResult>[]): Summary {
  const first = runs[0]!.result;
  const held = first.arms.filter(({ input }) => input.startsWith("VDL")).map(({ input }) => input);
  const gains = held.map((input) => ({ input, gain: labelGain(runs, input) }));
  const best = gains.reduce((a, b) => (b.gain > a.gain ? b : a));
  const of = (arm: number, i: number) => mean(runs.map(({ result }) => result.arms[arm]!.accuracy[i]!));
  const table: Row[] = first.arms.map(({ input }, arm) => ({
    input,
    ...Object.fromEntries(
      first.perClass.map((count, i) => [`${count} a class (%)`, Number((100 * of(arm, i)).toFixed(1))]),
    ),
  }));
  return {
    verdict: labelsVerdict(best.gain),
    paperValue: "with few labels a linear classifier on codes of variance-regularised models beats pixels",
    measured: `codes of ${best.input} are ${Math.abs(100 * best.gain).toFixed(1)} points ${best.gain >= 0 ? "above" : "below"} pixels, mean over at most ${FEW} labels a class`,
    table,
    figures: [
      {
        kind: "line",
        title: "Accuracy from few labels",
        caption:
          "A linear softmax on frozen inputs; end to end is the encoder's network trained on the labels alone.",
        x: { label: "labels of each class", scale: "log" },
        y: { label: "test accuracy" },
        series: first.arms.map(({ input }, arm) => ({
          name: input,
          x: first.perClass,
          y: first.perClass.map((_, i) => of(arm, i)),
          dashed: input === "end to end",
        })),
      },
    ],
    notes: [
      `Data: ${first.data}, ${runs.length} seed(s).`,
      `Gate: ${100 * GATE} point over pixels for codes with the variance term.`,
      "Labelled pictures are random ones of each class, the same for all inputs; the authors take the first ones of a fixed order.",
    ],
  };
}

/** Classification from few labels on codes of the encoder. */
export const labels: Experiment<LabelsParams, LabelsResult> = {
  name: "sparse-labels",
  paper,
  claim: "With few labels a linear classifier on variance-regularised codes beats one on pixels.",
  estimate: { quick: 30, full: 300 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params: (mode) => {
    const sizes = { data: "digits", train: 1_500, test: 500 } as const;
    if (mode === "quick") {
      return { ...sizes, steps: 200, models: ["SDL", "VDL"], perClass: [1, 2, 5, 10, 20], draws: 3 };
    }
    if (mode === "full") {
      return { ...sizes, steps: 1_500, models: ["SDL", "VDL"], perClass: [1, 2, 5, 10, 20, 50], draws: 10 };
    }
    const models: Preset[] = ["SDL", "SDL-NL", "VDL", "VDL-NL"];
    const perClass = [1, 2, 5, 10, 20, 50, 100];
    return { data: "mnist", train: 50_000, test: 10_000, steps: 44_000, models, perClass, draws: 5 };
  },
  run,
  summarise,
};
