/**
 * The task handler behind the built-in trainings of `classSweep`, for `mapTasks` and `serveTasks`.
 *
 * @packageDocumentation
 */
import { ArgumentError, checkBoolean, checkChoice, checkInteger, checkNumber, device, init } from "@lab/core";
import { dispose } from "@tensorflow/tfjs-core";
import { trainOnFolder } from "./folder-training.js";
import { cnnNetwork, mlpNetwork } from "./networks.js";
import { loadSweepData, picturesOf } from "./sweep-data.js";
import type { SweepOutput, SweepTask } from "./sweep-handler.js";
import { predictClasses, seeded, trainNetwork } from "./train-setting.js";
import { checkTransform } from "./transform-spec.js";

export type { SweepOutput, SweepSetting, SweepTask } from "./sweep-handler.js";
export type { TransformSpec } from "./transform-spec.js";

/** Options of the built-in trainings and their values unless given: the protocols of the paper's small versions. */
const DEFAULTS = {
  "mlp-mnist": { data: "mnist", numTrain: 500, steps: 1500, learningRate: 1e-3 },
  "cnn-cifar": { data: "cifar10", numTrain: 5000, steps: 1170, learningRate: 2e-3 },
} as const;

function optionsOf({ training, options }: SweepTask) {
  const own = DEFAULTS[training as keyof typeof DEFAULTS];
  if (!own)
    throw new ArgumentError(
      `classSweep: handler is '${training}'; mlp-mnist, cnn-cifar, resnet-folder or a module was expected`,
      { argument: "handler", value: training },
    );
  const at = (name: string, fallback: number) =>
    checkInteger("classSweep", `options.${name}`, (options[name] as number | undefined) ?? fallback, {
      min: 1,
    });
  return {
    data: own.data,
    numTrain: at("numTrain", own.numTrain),
    numTest: at("numTest", training === "mlp-mnist" ? 10_000 : 2000),
    hidden: at("hidden", 256),
    steps: at("steps", own.steps),
    batch: at("batch", 64),
    learningRate: checkNumber(
      "classSweep",
      "options.learningRate",
      (options.learningRate as number | undefined) ?? own.learningRate,
      { above: 0 },
    ),
    isHalved: checkBoolean("classSweep", "options.halve", (options.halve as boolean | undefined) ?? false),
    seedOffset: checkInteger(
      "classSweep",
      "options.seedOffset",
      (options.seedOffset as number | undefined) ?? 0,
      { min: 0 },
    ),
    dir: options.dir as string | undefined,
  };
}

const DEPTHS = [18, 34, 50] as const;

/** `resnet-folder`: the recipe of `libffcv/ffcv-imagenet` at one resolution, without its blurred pooling. */
function trainFolder({ setting, seed, options }: SweepTask, signal: AbortSignal): Promise<SweepOutput> {
  if (typeof options.dir !== "string")
    throw new ArgumentError(
      `classSweep: options.dir is ${options.dir}; a folder with train and val was expected`,
      {
        argument: "options.dir",
        value: options.dir,
      },
    );
  const given = options as Record<string, number | undefined>;
  const whole = (name: string, fallback: number, min = 1) =>
    checkInteger("classSweep", `options.${name}`, given[name] ?? fallback, { min });
  const number = (name: string, fallback: number, range: object) =>
    checkNumber("classSweep", `options.${name}`, given[name] ?? fallback, range);
  const batch = whole("batch", 512);
  const size = whole("size", 160, 32);
  const folder = options.checkpoints as string | undefined;
  const training = {
    dir: options.dir,
    depth: checkChoice("classSweep", "options.depth", (given.depth ?? 50) as (typeof DEPTHS)[number], DEPTHS),
    width: whole("width", 64),
    stored: whole("stored", 256, 32),
    size,
    testSize: whole("testSize", Math.round(1.6 * size), 32),
    epochs: whole("epochs", 88),
    batch,
    learningRate: number("learningRate", (0.5 * batch) / 256, { above: 0 }),
    weightDecay: setting.weightDecay ?? 1e-4,
    smoothing: number("smoothing", 0.1, { min: 0, below: 1 }),
    transform: setting.transform,
    checkpoint: folder && `${folder}/${encodeURIComponent(String(setting.name))}-${seed}.safetensors`,
  };
  return trainOnFolder(training, seeded(seed, "resnet-folder"), signal);
}

/**
 * Trains one setting with one seed and predicts the test images.
 *
 * @param task - Setting, seed and options.
 * @param context - Its signal stops the training.
 * @returns Labels and predictions.
 */
async function runTask(task: SweepTask, signal: AbortSignal): Promise<SweepOutput> {
  const { setting, training } = task;
  if (setting.transform) checkTransform("classSweep", setting.transform);
  const isFolder = training === "resnet-folder";
  try {
    device();
  } catch {
    await init(isFolder ? {} : { backend: ["wasm", "cpu"] });
  }
  if (isFolder) return trainFolder(task, signal);
  const o = optionsOf(task);
  const seed = task.seed + o.seedOffset;
  const data = await loadSweepData(o.data, o);
  const chosen = seeded(seed, "subset").permutation(data.train.length).slice(0, o.numTrain);
  const images = picturesOf(data.train.select(chosen), o.isHalved);
  const size = images.shape[0] * images.shape[1] * images.shape[2];
  const generator = seeded(seed, "network");
  const network =
    training === "mlp-mnist"
      ? mlpNetwork(size, o.hidden, data.numClasses, generator)
      : cnnNetwork(images.shape, data.numClasses, generator);
  try {
    const settings = {
      steps: o.steps,
      batch: o.batch,
      learningRate: o.learningRate,
      weightDecay: setting.weightDecay ?? 0,
      transform: setting.transform,
    };
    await trainNetwork(network, images, data.numClasses, settings, seeded(seed, "training"), signal);
    return {
      labels: Array.from(data.test.labels),
      predictions: await predictClasses(network, data.test),
      data: data.name,
      ...(data.classNames && { classNames: [...data.classNames] }),
    };
  } finally {
    dispose([...network.variables.values()]);
  }
}

/** The handler of `mapTasks` for the built-in trainings. */
const runSweepTask = (task: SweepTask, context: { signal: AbortSignal }): Promise<SweepOutput> =>
  runTask(task, context.signal);

export default runSweepTask;
