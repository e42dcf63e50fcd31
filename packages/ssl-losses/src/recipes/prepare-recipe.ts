import { ArgumentError, checkChoice, checkInteger } from "@lab/core";
import { parameters, resnet } from "@lab/core/nn";
import { lars, schedules, sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type PretrainOptions, projector, simclrAugmentation, type ViewMaker } from "../pretraining/index.js";
import { type Recipe, recipes } from "./recipes.js";

/** Options of {@link prepareRecipe}. */
export interface PrepareRecipeOptions {
  /** Number of samples, which with the batch sets the steps. */
  numSamples: number;
  /** Seed of weights, batches and views. @defaultValue 0 */
  seed?: number;
  /** What is changed for a smaller run; the learning rate is then scaled with the batch. */
  override?: {
    /** Pairs in a batch. */
    batchSize?: number;
    /** Passes over the data. */
    epochs?: number;
    /** Side of the views. */
    size?: number;
    /** Channels of the first stage of the network, 64 in the papers. */
    width?: number;
  };
}

/** What {@link prepareRecipe} makes: options of `pretrain` but for the data. */
export type PreparedRecipe = Omit<PretrainOptions, "data"> & {
  /** Frees networks and optimizer. */
  dispose(): void;
};

/**
 * Builds the network, projector, views, optimizer and schedule of a recipe.
 *
 * @param recipe - A recipe, or the name of one in {@link recipes}.
 * @param options - See {@link PrepareRecipeOptions}.
 * @returns Options for {@link pretrain}, to which `data` is added; the caller calls `dispose`.
 * @throws {@link ArgumentError} for an unknown name, or fewer samples than a batch.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { prepareRecipe } from "@lab/ssl-losses";
 *
 * await init();
 * const { batchSize, schedule, dispose } = prepareRecipe("dcl-cifar10", { numSamples: 50_000, override: { width: 4 } });
 * batchSize; // => 32
 * schedule!(15_620); // => 0.0375
 * dispose();
 * ```
 */
export function prepareRecipe(recipe: Recipe | string, options: PrepareRecipeOptions): PreparedRecipe {
  const caller = "prepareRecipe";
  const plan = typeof recipe === "string" ? named(recipe) : recipe;
  const { override = {} } = options;
  const seed = options.seed ?? 0;
  const numSamples = checkInteger(caller, "numSamples", options.numSamples, { min: 1 });
  const batchSize = checkInteger(caller, "override.batchSize", override.batchSize ?? plan.batchSize, {
    min: 2,
  });
  const epochs = checkInteger(caller, "override.epochs", override.epochs ?? plan.epochs, { min: 1 });
  const perEpoch = Math.floor(numSamples / batchSize);
  if (perEpoch === 0) {
    throw new ArgumentError(
      `${caller}: numSamples is ${numSamples} and a batch has ${batchSize}; at least one batch was expected`,
      { argument: "numSamples", value: numSamples },
    );
  }
  const generator = new Generator(seed);
  const backbone = resnet({
    depth: plan.depth,
    classes: null,
    stem: plan.stem,
    generator: generator.split("backbone"),
    ...(override.width === undefined ? {} : { width: override.width }),
  });
  const head = headOf(plan, backbone, generator.split("projector"));
  const base = plan.learningRate * (batchSize / plan.batchSize);
  const warm = Math.min(plan.warmupEpochs, epochs - 1) * perEpoch;
  const after = schedules.cosine({
    base,
    steps: Math.max(1, epochs * perEpoch - warm),
    final: base * plan.finalRate,
  });
  const { weightDecay } = plan;
  const optimizer =
    plan.optimizer === "lars"
      ? lars({ learningRate: base, weightDecay })
      : sgd({ learningRate: base, momentum: 0.9, weightDecay });
  const views = simclrAugmentation({ size: override.size ?? plan.size, strength: plan.augmentation });
  return {
    method: plan.method,
    settings: settingsOf(plan, backbone),
    backbone,
    ...(head ? { projector: head } : {}),
    augment: views as unknown as readonly [ViewMaker, ViewMaker],
    batchSize,
    epochs,
    optimizer,
    schedule: schedules.warmup({ steps: warm, after }),
    seed,
    dispose() {
      optimizer.dispose();
      for (const model of head ? [backbone, head] : [backbone])
        tf.dispose([...parameters(model, "all").values()]);
    },
  };
}

/** The recipe of a name. */
function named(name: string): Recipe {
  const names = recipes.map((one) => one.name);
  checkChoice("prepareRecipe", "recipe", name, names);
  return recipes[names.indexOf(name)]!;
}

/** The projector of a recipe, where it has one. */
function headOf(plan: Recipe, backbone: LayersModel, generator: Generator): LayersModel | undefined {
  const outputs = plan.projector.at(-1);
  if (outputs === undefined) return undefined;
  const inputs = backbone.outputs[0]!.shape.at(-1)!;
  return projector({ inputs, hidden: plan.projector.slice(0, -1), outputs, batchNorm: true, generator });
}

/** Settings that fit a network that was made narrower: directclr takes the same share of its columns. */
function settingsOf(plan: Recipe, backbone: LayersModel): Recipe["settings"] {
  const { size } = plan.settings;
  if (size === undefined) return plan.settings;
  const paper = plan.depth === 50 ? 2048 : 512;
  const columns = backbone.outputs[0]!.shape.at(-1)!;
  return { ...plan.settings, size: Math.max(1, Math.round((size * columns) / paper)) };
}
