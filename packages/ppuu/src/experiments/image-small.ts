import type { Experiment, ExperimentContext, Row } from "@lab/core/experiment";
import type { LinePlot, Picture } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { cnnWorldModel } from "../world/cnn-world.js";
import type { CnnWorldModel } from "../world/cnn-world-model.js";
import { trainWorldModel } from "../world/train-world-model.js";
import { sampleWindow } from "../world/training-window.js";
import { FULL_DATA, PAPER, PAPER_VALUE, type RingData, ringLogs } from "./ring-data.js";

interface ImageParams extends RingData {
  updates: number;
  batch: number;
  windows: number;
  withStochastic: boolean;
}

interface ImageResult {
  /** Squared error of each model, step by step. */
  errors: Record<string, number[]>;
  /** The last seen image of one row and that predicted for the last step. */
  pictures: { label: string; data: number[] }[];
}

const COPY = "copy of the last frame";
const DETERMINISTIC = "deterministic";
const STOCHASTIC = "stochastic, latent drawn";
const HORIZON = 5;
const FRAMES = 4;

async function run(context: ExperimentContext<ImageParams>): Promise<ImageResult> {
  const { params, seed, signal, onProgress } = context;
  const { train, test } = await ringLogs(params, signal, onProgress);
  const result: ImageResult = { errors: {}, pictures: [] };
  const judge = async (name: string, world: CnnWorldModel) => {
    await trainWorldModel(train, {
      world,
      updates: params.updates,
      batch: params.batch,
      horizon: HORIZON,
      frames: FRAMES,
      learningRate: 2e-3,
      seed,
      checkpoint: `${context.store}/${name.split(",")[0]}.ckpt`,
      signal,
      on: ({ step, loss }) =>
        onProgress({ done: step, total: params.updates, message: `training: ${name}`, metrics: { loss } }),
    });
    const chunk = 32;
    const sums = { model: new Array<number>(HORIZON).fill(0), copy: new Array<number>(HORIZON).fill(0) };
    const parts = Math.ceil(params.windows / chunk);
    for (let part = 0; part < parts; part++) {
      const window = sampleWindow(
        test,
        chunk,
        FRAMES,
        HORIZON,
        new Generator(1).split("image-test").split(part),
      );
      const found = await world.errors(window, part);
      for (let t = 0; t < HORIZON; t++) {
        sums.model[t]! += found.model[t]! / parts;
        sums.copy[t]! += found.copy[t]! / parts;
      }
      if (part === 0 && result.pictures.length === 0) result.pictures = await picturesOf(world, window);
      const { history, ego, actions, cars, mask } = window;
      tf.dispose([history.ego, history.cars, history.mask, history.car, ego, actions, cars, mask]);
    }
    result.errors[name] = sums.model;
    result.errors[COPY] = sums.copy;
    world.dispose();
  };
  await judge(DETERMINISTIC, cnnWorldModel({ kind: "dfm-km", seed, isStochastic: false }));
  if (params.withStochastic) await judge(STOCHASTIC, cnnWorldModel({ kind: "dfm-km", seed }));
  return result;
}

/** The last seen and the last predicted image of the first row, as red, green and blue. */
async function picturesOf(
  world: CnnWorldModel,
  { history, ego }: ReturnType<typeof sampleWindow>,
): Promise<ImageResult["pictures"]> {
  const [seen, predicted] = tf.tidy(() => {
    let state = world.reset(history);
    const first = world.scene(state).image!;
    for (const next of tf.unstack(ego, 1) as tf.Tensor2D[]) state = world.step(state, next);
    const one = (image: tf.Tensor4D) => tf.slice(image, [0, 0, 0, 0], [1, ...world.imageSize, 3]);
    return [one(first), one(world.scene(state).image!)];
  });
  const pictures = [
    { label: "last seen", data: Array.from(await seen!.data()) },
    { label: `predicted, ${HORIZON} steps on`, data: Array.from(await predicted!.data()) },
  ];
  tf.dispose([seen!, predicted!]);
  return pictures;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Image prediction at a size that trains in minutes. */
export const imageSmall: Experiment<ImageParams, ImageResult> = {
  name: "ppuu/image-small",
  paper: PAPER,
  claim:
    "A convolutional model that sees the next ego state from kinematics predicts the surroundings better than copying",
  estimate: { quick: 120, full: 600 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? {
          ...FULL_DATA,
          trainScenes: 8,
          testScenes: 4,
          updates: 60,
          batch: 16,
          windows: 64,
          withStochastic: false,
        }
      : { ...FULL_DATA, updates: 250, batch: 32, windows: 128, withStochastic: true },
  run,
  summarise(runs, mode) {
    const ratio = (name: string) =>
      runs.flatMap(({ result: { errors } }) =>
        errors[name] ? [mean(errors[name]) / mean(errors[COPY]!)] : [],
      );
    const [fixed, drawn] = [ratio(DETERMINISTIC), ratio(STOCHASTIC)];
    const limit = mode === "quick" ? 1 : 0.92;
    const isBetter = fixed.every((value) => value <= limit) && drawn.every((value) => value < 1);
    const table: Row[] = runs.flatMap(({ seed, result: { errors } }) =>
      Object.entries(errors).map(([model, steps]) => ({
        model,
        seed,
        "squared error": Number(mean(steps).toPrecision(4)),
        ...Object.fromEntries(steps.map((value, t) => [`step ${t + 1}`, Number(value.toPrecision(3))])),
      })),
    );
    const first = runs[0]!.result;
    const figure: LinePlot = {
      kind: "line",
      title: "Squared error of predicted images",
      x: { label: "step (0.2 s)" },
      y: { label: "mean squared error" },
      series: Object.entries(first.errors).map(([name, steps]) => ({
        name,
        x: steps.map((_, t) => t + 1),
        y: steps,
        dashed: name === COPY,
      })),
    };
    const images: Picture[] = first.pictures.map(({ label, data }) => ({
      label,
      width: 12,
      height: 58,
      channels: 3,
      data,
    }));
    return {
      verdict: isBetter ? "reproduced" : fixed.some((value) => value < 1) ? "partly" : "failed",
      paperValue: PAPER_VALUE,
      measured: `error relative to copying: deterministic ${fixed.map((v) => v.toFixed(3)).join(", ")}${drawn.length > 0 ? `; stochastic ${drawn.map((v) => v.toFixed(3)).join(", ")}` : ""}`,
      table,
      figures: [
        figure,
        {
          kind: "image",
          title: "What is predicted",
          caption: "Red: lines; green: cars; blue: off-road.",
          images,
        },
      ],
      notes: ["Data: simulated ring traffic, ego-centred images of 58 by 12 cells."],
    };
  },
};
