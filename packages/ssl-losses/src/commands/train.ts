import { ArgumentError } from "@lab/core";
import type { Command, OptionValues } from "@lab/core/experiment";
import { atomicWrite, saveParameters, writeNpy } from "@lab/core/io";
import { mlp, parameters, resnet } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { encodeDataset, type PretrainOptions, pretrain, type ViewMaker } from "../pretraining/index.js";
import { METHODS, type Method } from "../pretraining/method.js";
import { prepareRecipe, recipes } from "../recipes/index.js";
import { spectrum } from "../spectrum/index.js";
import { type CommandData, readData } from "./read-data.js";
import { trainingReport } from "./report.js";

type Configured = Omit<PretrainOptions, "data"> & { dispose(): void };

/** A perceptron on flattened samples. */
function perceptron(shape: readonly number[], width: number, generator: Generator): LayersModel {
  const size = shape.reduce((product, length) => product * length, 1);
  const net = mlp({ sizes: [size, width, width], generator });
  if (shape.length === 1) return net;
  const first = input({ shape: [...shape] });
  const flat = layers.flatten({ name: "flat" }).apply(first) as SymbolicTensor;
  return model({ inputs: first, outputs: net.apply(flat) as SymbolicTensor });
}

function configured(options: OptionValues, { shape, length }: CommandData): Configured {
  const number = (name: string) => (options[name] === undefined ? undefined : Number(options[name]));
  const given = { batchSize: number("batch"), epochs: number("epochs"), size: number("size") };
  const seed = Number(options.seed);
  const width = number("width");
  if (options.recipe !== undefined) {
    const override = Object.fromEntries(
      Object.entries({ ...given, width }).filter(([, value]) => value !== undefined),
    );
    return prepareRecipe(String(options.recipe), { numSamples: length, seed, override });
  }
  const generator = new Generator(seed).split("backbone");
  const kind = String(options.backbone ?? (shape.length === 3 && shape[0]! >= 16 ? "resnet18" : "mlp"));
  if (kind !== "mlp" && shape.length !== 3) {
    throw new ArgumentError(
      `lab ssl train: backbone is ${kind} and samples have shape [${shape}]; mlp was expected`,
      {
        argument: "backbone",
        value: kind,
      },
    );
  }
  const stem = (given.size ?? shape[0] ?? 0) > 64 ? "imagenet" : "cifar";
  const backbone =
    kind === "mlp"
      ? perceptron(shape, width ?? 256, generator)
      : resnet({
          depth: kind === "resnet50" ? 50 : 18,
          classes: null,
          stem,
          channels: shape[2]!,
          ...(width === undefined ? {} : { width }),
          generator,
        });
  const noise = Number(options.noise);
  const augment: ViewMaker | undefined =
    shape.length === 3 ? undefined : (x, draw) => tf.add(x, draw.normal(x.shape, 0, noise));
  const temperature = number("temperature");
  const clusters = number("clusters");
  return {
    method: String(options.method) as Method,
    backbone,
    settings: {
      ...(temperature === undefined ? {} : { temperature }),
      ...(clusters === undefined ? {} : { numClusters: clusters }),
    },
    ...(augment ? { augment } : {}),
    batchSize: given.batchSize ?? Math.min(256, length),
    epochs: given.epochs ?? 10,
    seed,
    dispose: () => tf.dispose([...parameters(backbone, "all").values()]),
  };
}

/** `lab ssl train`: from data to a backbone, its features, and a report. */
export const trainCommand: Command = {
  path: ["ssl", "train"],
  summary: "Train a backbone without labels; stopped runs go on where they were",
  options: {
    data: {
      type: "positional",
      description:
        "Folder of pictures in subfolders, .npy or .npz file, mnist, fashion-mnist, cifar10, optdigits or glyphs",
      required: true,
    },
    out: {
      type: "string",
      description: "Folder for checkpoint, weights, features and report",
      required: true,
    },
    method: { type: "string", description: "Loss", choices: METHODS, default: "dcl" },
    recipe: {
      type: "string",
      description: "Training of a paper, in place of method and backbone",
      choices: recipes.map(({ name }) => name),
    },
    backbone: {
      type: "string",
      description: "Network; by default by the size of the samples",
      choices: ["mlp", "resnet18", "resnet50"],
    },
    width: { type: "number", description: "Units of the perceptron, or channels of the first stage" },
    size: { type: "number", description: "Side of the pictures of a folder or of a recipe's views" },
    batch: { type: "number", description: "Pairs in a batch" },
    micro: { type: "number", description: "Pairs encoded at once, for batches beyond memory" },
    epochs: { type: "number", description: "Passes over the data" },
    temperature: { type: "number", description: "Temperature of contrastive losses" },
    clusters: { type: "number", description: "Clusters of nmce" },
    noise: {
      type: "number",
      description: "Noise that makes views of samples that are no pictures",
      default: 0.5,
    },
    seed: { type: "number", description: "Seed", default: 0 },
  },
  async run({ options, init, print, json, signal, onProgress }) {
    await init();
    const out = String(options.out);
    const source = await readData(String(options.data), Number(options.size ?? 0), Number(options.seed));
    const { dispose, ...config } = configured(options, source);
    const warnings: string[] = [];
    try {
      const steps = config.epochs * Math.floor(source.length / config.batchSize);
      const { history, projector } = await pretrain({
        ...config,
        data: source.data,
        ...(options.micro === undefined ? {} : { microBatch: Number(options.micro) }),
        checkpoint: `${out}/checkpoint.safetensors`,
        signal,
        on: ({ type, step, scalars, message }) => {
          if (type === "step") onProgress({ done: step, total: steps, metrics: { loss: scalars.loss! } });
          if (type === "warning" && !warnings.includes(message!)) warnings.push(message!);
        },
      });
      if (projector && projector !== config.projector) tf.dispose([...parameters(projector, "all").values()]);
      const { x, labels } = await encodeDataset(config.backbone, source.data, { signal });
      const ranks = await spectrum(x);
      await saveParameters(`${out}/backbone.safetensors`, parameters(config.backbone, "all"), {
        method: config.method,
      });
      await writeNpy(`${out}/features.npy`, { shape: [...x.shape], data: (await x.data()) as Float32Array });
      x.dispose();
      if (source.hasLabels) await writeNpy(`${out}/labels.npy`, { shape: [labels.length], data: labels });
      const { method, batchSize, epochs, seed } = config;
      const figures = {
        effectiveRank: ranks.effectiveRank,
        rankMe: ranks.rankMe!,
        collapsed: ranks.numCollapsed(),
      };
      const summary = {
        method,
        batchSize,
        epochs,
        seed,
        steps: history.steps,
        loss: history.rows.at(-1)!.scalars.loss!,
        ...figures,
      };
      await atomicWrite(`${out}/run.json`, JSON.stringify({ ...summary, warnings, history }));
      await atomicWrite(`${out}/report.html`, trainingReport(summary, history, [...ranks.values]));
      if (json) print(JSON.stringify({ out, ...summary, warnings }));
      else {
        for (const warning of warnings) print(`warning: ${warning}`);
        print(`${method}: ${history.steps} steps of ${batchSize} pairs, loss ${summary.loss.toFixed(4)}`);
        print(`features: effective rank ${ranks.effectiveRank.toFixed(1)}, ${figures.collapsed} collapsed`);
        print(
          `${out}: backbone.safetensors, features.npy${source.hasLabels ? ", labels.npy" : ""}, report.html`,
        );
      }
      return 0;
    } finally {
      dispose();
    }
  },
};
