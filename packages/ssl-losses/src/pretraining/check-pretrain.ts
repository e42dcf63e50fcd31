import { ArgumentError, checkBoolean, checkChoice, checkInteger, formatShape, ShapeError } from "@lab/core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { simclrAugmentation } from "./augmentations.js";
import { checkSettings, METHODS, type MethodSettings } from "./method.js";
import type { PretrainOptions } from "./options.js";
import { checkData, type ViewMaker } from "./view-source.js";

/** Checked numbers of {@link PretrainOptions}. */
export interface CheckedPretrain {
  settings: MethodSettings;
  batchSize: number;
  /** Pairs encoded at once, where that is not the batch. */
  microBatch: number | undefined;
  length: number;
  steps: number;
  /** Columns of the representation. */
  features: number;
  isMomentum: boolean;
  viewsTogether: boolean;
}

/** Columns of the output of a model; refuses one that is not a matrix. */
export function columnsOf(caller: string, argument: string, model: LayersModel): number {
  const shape = model.outputs[0]!.shape;
  const columns = shape.at(-1);
  if (shape.length === 2 && typeof columns === "number") return columns;
  throw new ShapeError(
    `${caller}: ${argument} answers shape ${formatShape(shape.map((size) => size ?? -1))}; [batch,features] was expected`,
    { argument, shape: shape.map((size) => size ?? -1) },
  );
}

/** Refuses options of {@link pretrain} that cannot work. */
export function checkPretrain(options: PretrainOptions): CheckedPretrain {
  const caller = "pretrain";
  const method = checkChoice(caller, "method", options.method, METHODS);
  const settings = options.settings ?? {};
  checkSettings(caller, method, settings);
  const batchSize = checkInteger(caller, "batchSize", options.batchSize, { min: 2 });
  const epochs = checkInteger(caller, "epochs", options.epochs, { min: 1 });
  checkInteger(caller, "seed", options.seed, { min: 0 });
  const { length } = checkData(caller, options.data, batchSize);
  const isMomentum = method === "moco" || method === "moco-dcl";
  if (method === "directclr" && options.projector) {
    throw new ArgumentError(
      `${caller}: projector is given and directclr has none; leave it out, or choose simclr`,
      { argument: "projector", value: "a model" },
    );
  }
  const { microBatch } = options;
  if (microBatch !== undefined) {
    checkInteger(caller, "microBatch", microBatch, { min: 1, max: batchSize });
    if (batchSize % microBatch !== 0 || isMomentum) {
      throw new ArgumentError(
        isMomentum
          ? `${caller}: microBatch is ${microBatch} and ${method} takes its negatives from a queue; leave it out and choose a smaller batchSize`
          : `${caller}: microBatch is ${microBatch} and batchSize is ${batchSize}; a divisor was expected`,
        { argument: "microBatch", value: microBatch },
      );
    }
  }
  return {
    settings,
    batchSize,
    microBatch: microBatch === batchSize ? undefined : microBatch,
    length,
    steps: epochs * Math.floor(length / batchSize),
    features: columnsOf(caller, "backbone", options.backbone),
    isMomentum,
    viewsTogether: checkBoolean(caller, "viewsTogether", options.viewsTogether ?? method !== "directclr"),
  };
}

/** The functions that make first and second views of samples of a shape. */
export function viewMakers(
  augment: PretrainOptions["augment"],
  sampleShape: readonly number[],
): readonly [ViewMaker, ViewMaker] {
  if (augment !== undefined) {
    return typeof augment === "function" ? [augment, augment] : augment;
  }
  const [height, , channels] = sampleShape;
  if (sampleShape.length === 3 && (channels === 3 || channels === 1)) {
    const views = simclrAugmentation({ size: height!, ...(channels === 1 ? { strength: "grey" } : {}) });
    return views as unknown as readonly [ViewMaker, ViewMaker];
  }
  throw new ArgumentError(
    `pretrain: augment is undefined and samples have shape ${formatShape(sampleShape)}; a function was expected, since only pictures have a default`,
    { argument: "augment", value: undefined },
  );
}
