import type { Experiment, ExperimentContext, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import { assign, type ParameterSet, parameters, unet } from "@lab/core/nn";
import { schedules, sgd } from "@lab/core/optim";
import type { BarsPlot } from "@lab/core/plot";
import type { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { GaussianPrior } from "../gaussian/index.js";
import { withPrior } from "../objective/index.js";
import { SwagCollector } from "../swag/index.js";
import { meanOrNull as mean } from "./mean-or-null.js";
import { paper } from "./paper.js";
import { floorOf } from "./protocol.js";
import { batchOfShapes, drawShapes, type ShapeBatch, type ShapePictures } from "./shapes.js";

interface SegmentationParams {
  /** Width of the U-Net. */
  width: number;
  depth: number;
  /** Height and width of a picture in pixels. */
  size: number;
  /** Pictures of the source task. */
  source: number;
  /** Labelled pictures downstream. */
  shots: number;
  test: number;
  sourceSteps: number;
  steps: number;
  /** Scales of the learned prior's covariance. */
  scales: number[];
}

interface Arm {
  arm: "scratch" | "fine-tuning" | "learned";
  scale: number | null;
  /** Intersection over union of the shapes' pixels, over all test pictures together; `null` where training diverged. */
  iou: number | null;
}

interface SegmentationResult {
  /** On clean pictures, before the transfer. */
  sourceIou: number;
  arms: Arm[];
}

const SOURCE = { noise: 0.05, contrast: 0.25 };
/** Three times the noise makes the downstream task another one. */
const DOWNSTREAM = { noise: 0.15, contrast: 0.25 };
const BATCH = 16;
const LEARNING_RATE = 0.05;

/** Gain in IoU that counts: half a point. */
const LEAST_GAIN = 0.005;

/** The last convolution is new for every task; the prior speaks about all below it. */
const isBelowHead = (name: string) => !name.startsWith("outc");

const trainableBelowHead = (model: LayersModel): ParameterSet =>
  new Map([...parameters(model)].filter(([name]) => isBelowHead(name)));

/** Mean binary cross-entropy of the pixels in nats. */
function pixelLoss(model: LayersModel, { x, y }: ShapeBatch): tf.Scalar {
  return tf.tidy(() => {
    const logits = model.apply(x, { training: true }) as tf.Tensor4D;
    return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, y))) as tf.Scalar;
  });
}

async function iouOf(model: LayersModel, pictures: ShapePictures): Promise<number> {
  let [both, either] = [0, 0];
  for (let start = 0; start < pictures.count; start += BATCH) {
    const indices = Array.from({ length: Math.min(BATCH, pictures.count - start) }, (_, i) => start + i);
    const { x, y } = batchOfShapes(pictures, indices);
    const sums = tf.tidy(() => {
      const said = tf.cast(tf.greater(model.apply(x, { training: false }) as tf.Tensor, 0), "float32");
      return tf.stack([tf.sum(tf.mul(said, y)), tf.sum(tf.maximum(said, y))]);
    });
    const [inBoth, inEither] = await sums.data();
    tf.dispose([x, y, sums]);
    both += inBoth!;
    either += inEither!;
  }
  return both / either;
}

async function train(
  model: LayersModel,
  pictures: ShapePictures,
  step: (batch: ShapeBatch) => tf.Tensor | Record<string, tf.Tensor>,
  settings: { steps: number; generator: Generator; signal: AbortSignal; on?: SwagCollector["callback"] },
): Promise<boolean> {
  const { steps, generator, signal, on } = settings;
  const optimizer = sgd({ learningRate: LEARNING_RATE, momentum: 0.9 });
  const size = Math.min(BATCH, pictures.count);
  try {
    await fit({
      step: step as (batch: ShapeBatch) => tf.Scalar,
      batches: (index) =>
        batchOfShapes(pictures, [...generator.split(index).permutation(pictures.count).subarray(0, size)]),
      steps,
      optimizer,
      variables: parameters(model),
      // While collecting the rate stays; a downstream task cools down.
      schedule: on ? () => LEARNING_RATE : schedules.cosine({ base: LEARNING_RATE, steps }),
      signal,
      ...(on ? { on } : {}),
    });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "LAB_NUMERIC") return false;
    throw error;
  } finally {
    optimizer.dispose();
  }
}

/** Trains the source task and collects the posterior of all layers below the last. */
async function sourcePrior(
  model: LayersModel,
  context: ExperimentContext<SegmentationParams>,
): Promise<GaussianPrior> {
  const { params, generator, signal, onProgress } = context;
  const collections = 10;
  const every = 10;
  const steps = params.sourceSteps + every * collections;
  const collector = new SwagCollector(model, {
    select: isBelowHead,
    rank: collections,
    start: params.sourceSteps,
    every,
  });
  const pictures = drawShapes(params.source, params.size, SOURCE, generator.split("source pictures"));
  try {
    await train(model, pictures, (batch) => pixelLoss(model, batch), {
      steps,
      generator: generator.split("source batches"),
      signal,
      on: async (event) => {
        await collector.callback(event);
        if (event.type === "step") onProgress({ done: event.step / steps, total: 2, message: "source task" });
      },
    });
    return collector.prior();
  } finally {
    collector.dispose();
  }
}

async function run(context: ExperimentContext<SegmentationParams>): Promise<SegmentationResult> {
  const { params, generator, signal, onProgress } = context;
  const { width, depth, size, shots, steps } = params;
  const model = unet({ channels: 1, width, depth, generator: generator.split("network") });
  const prior = await sourcePrior(model, context);
  const copyOf = (set: ParameterSet) =>
    new Map([...set].map(([name, value]) => [name, tf.clone(value)] as const));
  // Statistics of batch normalisation start where the source task left them, though no prior speaks about them.
  const trained = copyOf(parameters(model, "all"));
  const draw = (count: number, style: typeof SOURCE, name: string) =>
    drawShapes(count, size, style, generator.split(name));
  const few = draw(shots, DOWNSTREAM, "downstream pictures");
  const test = draw(params.test, DOWNSTREAM, "test pictures");
  const scaled: GaussianPrior[] = [];
  try {
    const sourceIou = await iouOf(model, draw(params.test, SOURCE, "clean test pictures"));
    const floor = await floorOf(prior);
    const arms: Arm[] = [];
    const total = 2 + params.scales.length;
    const add = async (arm: Arm["arm"], scale: number | null) => {
      const fresh = unet({ channels: 1, width, depth, generator: generator.split("fresh network") });
      assign(model, parameters(fresh, "all"));
      if (arm !== "scratch")
        assign(
          model,
          new Map(
            [...parameters(model, "all").keys()]
              .filter(isBelowHead)
              .map((name) => [name, trained.get(name)!]),
          ),
        );
      for (const tensor of parameters(fresh, "all").values()) tensor.dispose();
      const plain = (batch: ShapeBatch) => pixelLoss(model, batch);
      const own = scale === null ? undefined : prior.scale(scale, { floor: scale * floor });
      if (own) scaled.push(own);
      // A picture's pixels are labels, though far from independent ones: each picture counts as one example.
      const step = own
        ? withPrior(plain, own, { dataSize: shots, parameters: trainableBelowHead(model) })
        : plain;
      const converged = await train(model, few, step, {
        steps,
        generator: generator.split("batches"),
        signal,
      });
      arms.push({ arm, scale, iou: converged ? await iouOf(model, test) : null });
      onProgress({ done: 1 + arms.length / total, total: 2, message: arm });
    };
    await add("scratch", null);
    await add("fine-tuning", null);
    for (const scale of params.scales) await add("learned", scale);
    return { sourceIou, arms };
  } finally {
    for (const own of scaled) own.dispose();
    prior.dispose();
    for (const set of [trained, parameters(model, "all")])
      for (const tensor of set.values()) tensor.dispose();
  }
}

function verdictOf(gains: readonly number[]): Verdict {
  if (gains.every((gain) => gain > 0) && mean(gains)! >= LEAST_GAIN) return "reproduced";
  return mean(gains)! > 0 ? "partly" : "not at this scale";
}

function summarise(runs: readonly Run<SegmentationResult>[]): Summary {
  const arms = runs[0]!.result.arms.map(({ arm, scale }, i) => ({
    arm,
    scale,
    iou: mean(runs.map(({ result }) => result.arms[i]!.iou)),
  }));
  const tuned = arms.findIndex(({ arm }) => arm === "fine-tuning");
  const best = arms.reduce(
    (a, { arm, iou }, i) => (arm === "learned" && (iou ?? 0) > (arms[a]?.iou ?? 0) ? i : a),
    -1,
  );
  const gains = runs.map(({ result }) =>
    best < 0 ? -1 : (result.arms[best]!.iou ?? 0) - (result.arms[tuned]!.iou ?? 0),
  );
  const table: Row[] = arms.map(({ arm, scale, iou }) => ({ prior: arm, scale, "IoU of the shapes": iou }));
  const figure: BarsPlot = {
    kind: "bars",
    title: "Segmentation with few labelled pictures",
    caption: "Intersection over union on noisy test pictures, mean over the seeds.",
    categories: arms.map(({ arm, scale }) => (scale === null ? arm : `${arm}, s = ${scale}`)),
    y: { label: "intersection over union" },
    series: [{ name: "IoU", y: arms.map(({ iou }) => iou) }],
  };
  return {
    verdict: verdictOf(gains),
    paperValue: "learned priors raise the mean IoU of DeepLabv3+ on PASCAL VOC 2012",
    measured: `IoU ${arms[tuned]!.iou?.toFixed(3)} by fine-tuning, ${best < 0 ? "every scale diverged" : `${arms[best]!.iou!.toFixed(3)} with the prior at scale ${arms[best]!.scale}`}`,
    table,
    figures: [figure],
    notes: [
      `Data: generated pictures of discs, squares and triangles, ${runs.length} seed(s). IoU on the source task ${mean(runs.map(({ result }) => result.sourceIou))!.toFixed(3)}.`,
      "A U-Net; the prior speaks about every parameter below the last convolution, also the scales and offsets of batch normalisation, not its statistics.",
      "Gate: the best of the scales beats fine-tuning with every seed, by half a point on average.",
    ],
  };
}

/** The prior on a network from pictures to pictures. */
export const segmentation: Experiment<SegmentationParams, SegmentationResult> = {
  name: "priors-segmentation",
  paper,
  claim: "The prior attaches to any part of any network: a U-Net segments better from few labelled pictures.",
  estimate: { quick: 60, full: 400 },
  isMain: false,
  seeds: { quick: 1, full: 4, paper: 4 },
  params: (mode) =>
    mode === "quick"
      ? {
          width: 4,
          depth: 2,
          size: 32,
          source: 256,
          shots: 8,
          test: 64,
          sourceSteps: 200,
          steps: 150,
          scales: [1e4, 1e5, 1e6],
        }
      : {
          width: 8,
          depth: 3,
          size: 64,
          source: 1000,
          shots: 4,
          test: 200,
          sourceSteps: 600,
          steps: 200,
          scales: [1e1, 1e2, 1e3, 1e4, 1e5, 1e6],
        },
  run,
  summarise,
};
