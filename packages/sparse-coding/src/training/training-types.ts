import type * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";
import type { LISTA } from "../encoder/index.js";
import type { EnergyTerms } from "../inference/energy.js";
import type { TrainOptions } from "./preset.js";

/** Options of {@link SparseAutoencoder}. */
export interface SparseAutoencoderOptions extends TrainOptions {
  /** Maps codes to data; disposed with the autoencoder. */
  decoder: Decoder;
  /** Predicts codes; disposed with the autoencoder. @defaultValue a new {@link LISTA} */
  encoder?: LISTA;
}

/** What one step of training did; figures are those before the update. */
export interface StepReport {
  /** Energy of the inferred codes, sums over the batch. */
  energy: EnergyTerms;
  /** Mean squared error of the reconstruction, over rows and components. */
  decoderLoss: number;
  /** Mean squared distance of the prediction to the codes. */
  encoderLoss: number;
  /** Iterations of inference. */
  iterations: number;
  /** Lipschitz constant at which inference stepped. */
  lipschitz: number;
  /** Share of codes that are exactly zero. */
  zeros: number;
  /** Mean l1 norm of a code. */
  meanL1: number;
}

/** Means of the step reports of an epoch. */
export interface EpochReport {
  /** Number of the epoch, from 1. */
  epoch: number;
  /** Updates done. */
  step: number;
  /** Mean energy of a batch. */
  energy: number;
  /** Mean decoder loss. */
  decoderLoss: number;
  /** Mean encoder loss. */
  encoderLoss: number;
  /** Mean iterations of inference. */
  iterations: number;
  /** Mean share of zeros. */
  zeros: number;
  /** Mean l1 norm of a code. */
  meanL1: number;
  /** Mean squared error of the decoded prediction on the validation data, where there are some. */
  validation?: number;
  /** Mean energy of a batch of the validation data at the predicted codes; what the best epoch is chosen by. */
  validationEnergy?: number;
}

/** All epochs of a training. */
export interface History {
  /** Reports in order. */
  epochs: EpochReport[];
  /** Updates done. */
  steps: number;
  /** Epoch of the least validation energy, with validation data. */
  best?: { epoch: number; energy: number };
}

/** Options of {@link SparseAutoencoder.fit}. */
export interface FitAutoencoderOptions {
  /** Passes through the data. @defaultValue 1 */
  epochs?: number;
  /** Held-out data, shape `[n, d]`: after each epoch its predicted codes are judged, without inference. */
  validation?: tf.Tensor2D;
  /** File (Node) that receives the autoencoder of the best epoch so far; {@link SparseAutoencoder.load} takes its bytes. */
  best?: string;
  /** Receives each epoch. */
  onEpoch?: (report: EpochReport) => void;
  /** Receives each step. */
  onStep?: (step: number, report: StepReport) => void;
  /** File of the checkpoint (Node); a run that finds one goes on from there. */
  checkpoint?: string;
  /** Steps between checkpoints. @defaultValue one epoch */
  checkpointEvery?: number;
  /** Stops the run; with a checkpoint it can be taken up again. */
  signal?: AbortSignal;
}

/** A saved autoencoder. */
export interface Artifacts {
  /** Sizes and options, plain JSON. */
  config: Record<string, unknown>;
  /** Weights and optimizer state as a safetensors file. */
  weights: Uint8Array;
}

/** Batches that can be gone through again and again; a pass after the first may differ, such as in its order. */
export interface BatchPasses extends AsyncIterable<tf.Tensor2D> {
  /** The batches of a pass, from 0; the same ones whenever it is asked for. */
  pass(index: number): AsyncIterable<tf.Tensor2D>;
}
