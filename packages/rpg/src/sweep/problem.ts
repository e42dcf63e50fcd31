import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { CompressOptions } from "../compress/index.js";

/** Examples with their classes, on the host. */
export interface SweepRows {
  /** Values of all examples, one after the other. */
  x: Float32Array;
  /** Shape of one example. */
  shape: readonly number[];
  /** Class of each example, from 0. */
  labels: Int32Array;
}

/** How every arm of a sweep is trained: Adam, with a rate that falls to zero by a cosine. */
export interface SweepTraining {
  /** Passes over the training examples. */
  epochs: number;
  /** Examples in a step. */
  batch: number;
  /** First learning rate. */
  learningRate: number;
}

/** A task of classification whose network a sweep trains from rings of many sizes. */
export interface SweepProblem {
  /** A fresh network with logits for outputs; the same seed gives the same values. */
  model(seed: number): LayersModel;
  /** A network of about `parameters` weights, for the arm `narrow`. */
  narrow?(parameters: number, seed: number): LayersModel;
  /** The examples. */
  data(seed: number): SweepData | Promise<SweepData>;
  /** How arms are trained. */
  training: SweepTraining;
  /** Options of `compress` beside the ring's size, seed and sharing. */
  compress?: Omit<CompressOptions, "parameters" | "seed" | "share">;
}

/** Training and test examples. */
export interface SweepData {
  /** Name of the data, for reports. */
  name: string;
  /** Examples to train on. */
  train: SweepRows;
  /** Examples to judge by. */
  test: SweepRows;
}

/**
 * What the module that a sweep names exports by default.
 *
 * @param settings - What the sweep was given as `settings`; plain JSON.
 */
export type SweepModule = (settings: unknown) => SweepProblem | Promise<SweepProblem>;
