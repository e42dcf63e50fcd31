import { checkChoice } from "@lab/core";
import type { EnergyWeights } from "../inference/energy.js";

/** Options of training that do not name a decoder. */
export interface TrainOptions extends EnergyWeights {
  /** Learning rate of the decoder. @defaultValue 1e-3 */
  decoderRate?: number;
  /** Learning rate of the encoder. @defaultValue 3e-4 */
  encoderRate?: number;
  /** Norm of the decoder's atoms, for whoever builds the decoder. @defaultValue none */
  columnNorm?: number;
  /** Code components, for whoever builds the decoder. */
  codeDim?: number;
  /** Hidden widths, for whoever builds the decoder; none is linear. */
  hidden?: number[];
  /** Coupled weight decay of the decoder's biases. @defaultValue 0 */
  decoderDecay?: number;
  /** Coupled weight decay of the encoder's bias. @defaultValue 0 */
  encoderDecay?: number;
  /** Rows of a batch, over which deviations are taken. @defaultValue 250, the paper's */
  batchSize?: number;
  /** Factor on the decoder's learning rate at each `annealEvery` epochs. @defaultValue 1 */
  anneal?: number;
  /** Epochs between annealings. @defaultValue 30 */
  annealEvery?: number;
  /** Weight of the variance hinge for each row of a batch: $\beta$ is this times the rows. Replaces `variance`. */
  varianceWeightPerSample?: number;
  /** Step of inference. @defaultValue `"auto"`; the authors fix 1 or 0.5 */
  step?: "auto" | number;
  /** Most iterations of inference. @defaultValue 200 */
  maxIterations?: number;
  /** Relative change that ends inference. @defaultValue 1e-3 */
  tolerance?: number;
  /** Iterations between the checks of inference. @defaultValue as in `infer` */
  checkEvery?: number;
  /** Seed of the order of the rows and of a default encoder. @defaultValue 31, the authors' */
  seed?: number;
}

/** The paper's models: a linear or multi-layer decoder with constrained atoms (`SDL`) or with the variance term (`VDL`), or neither. */
export type Preset = "SDL" | "SDL-NL" | "VDL" | "VDL-NL" | "none";

/** Data that the presets were chosen for. */
export type PresetData = "mnist" | "patches" | "strokes";

type Row = readonly [
  sparsity: number,
  variance: number,
  prediction: number,
  decoder: number,
  encoder: number,
];

// λ, β, γ and learning rates of the authors' scripts; strokes are those of the scaled-down protocol.
const TABLE: Record<PresetData, Record<Preset, Row>> = {
  mnist: {
    SDL: [0.005, 0, 1, 1e-3, 3e-4],
    "SDL-NL": [0.01, 0, 1, 1e-3, 1e-4],
    VDL: [0.02, 10, 5, 3e-4, 1e-4],
    "VDL-NL": [0.01, 10, 100, 3e-4, 1e-4],
    none: [0.02, 0, 5, 3e-4, 1e-4],
  },
  patches: {
    SDL: [0.005, 0, 1, 1e-3, 1e-4],
    "SDL-NL": [0.01, 0, 1, 1e-3, 1e-4],
    VDL: [0.01, 10, 5, 3e-4, 1e-4],
    "VDL-NL": [0.01, 10, 40, 5e-5, 1e-4],
    none: [0.01, 0, 5, 3e-4, 1e-4],
  },
  strokes: {
    SDL: [0.005, 0, 1, 1e-2, 1e-3],
    "SDL-NL": [0.01, 0, 1, 3e-3, 1e-3],
    VDL: [0.02, 10, 5, 1e-2, 1e-3],
    "VDL-NL": [0.02, 10, 50, 3e-3, 1e-3],
    none: [0.02, 0, 5, 1e-2, 1e-3],
  },
};

/** Code components and hidden width of each data set. */
const SIZES: Record<PresetData, readonly [codeDim: number, hidden: number]> = {
  mnist: [128, 1024],
  patches: [256, 2048],
  strokes: [64, 256],
};

const BIAS_DECAY: Record<PresetData, Partial<Record<Preset, number>>> = {
  mnist: { "SDL-NL": 1e-3, "VDL-NL": 1e-3 },
  patches: { "SDL-NL": 0.01, "VDL-NL": 0.1 },
  strokes: { "SDL-NL": 1e-3, "VDL-NL": 1e-3 },
};

// Steps that the authors fix for the whole training, with a norm constraint and without; those of the strokes are the protocol's.
const STEPS: Record<PresetData, readonly [constrained: number, free: number]> = {
  mnist: [1, 0.5],
  patches: [0.5, 0.5],
  strokes: [0.8, 0.4],
};

/** Options of {@link preset}. */
export interface PresetOptions {
  /**
   * Whether inference takes the authors' fixed step instead of one from the spectrum of each batch. It is refused where it
   * would diverge. @defaultValue false
   */
  isOfficial?: boolean;
}

/**
 * Weights, rates and sizes of the authors' scripts, or of the scaled-down protocol on drawn strokes.
 *
 * @param p - The model.
 * @param dataset - The data.
 * @param o - See {@link PresetOptions}.
 * @returns Frozen options for {@link SparseAutoencoder}; `codeDim`, `hidden` and `columnNorm` are for building the decoder.
 * @throws {@link ArgumentError} for an unknown name.
 * @see https://github.com/kevtimova/deep-sparse, its scripts.
 */
export function preset(p: Preset, dataset: PresetData, o: PresetOptions = {}): TrainOptions {
  checkChoice("preset", "dataset", dataset, ["mnist", "patches", "strokes"]);
  checkChoice("preset", "p", p, ["SDL", "SDL-NL", "VDL", "VDL-NL", "none"]);
  const [sparsity, variance, prediction, decoderRate, encoderRate] = TABLE[dataset][p];
  const [codeDim, width] = SIZES[dataset];
  const isDeep = p.endsWith("NL");
  const isShort = isDeep && dataset === "strokes";
  return Object.freeze({
    ...{ sparsity, variance, varianceThreshold: 0.5, prediction, decoderRate, encoderRate, codeDim },
    hidden: Object.freeze(isDeep ? [width] : []) as number[],
    ...(p.startsWith("SDL") ? { columnNorm: 1 } : {}),
    decoderDecay: BIAS_DECAY[dataset][p] ?? 0,
    encoderDecay: dataset === "patches" ? 0.01 : 0,
    batchSize: 250,
    // On the strokes the rate falls once, after 760 of 1000 updates, and inference is short.
    anneal: isShort ? 0.3 : p === "VDL-NL" ? 0.5 : 1,
    annealEvery: isShort ? 38 : 30,
    ...(isShort ? { maxIterations: 30 } : {}),
    ...(o.isOfficial ? { step: STEPS[dataset][p.startsWith("SDL") ? 0 : 1] } : {}),
    tolerance: 1e-3,
    seed: 31,
  });
}
