import type * as tf from "@tensorflow/tfjs-core";
import type { PreparedDecoder } from "../decoders/index.js";
import type { MeanWeights } from "./energy.js";

/** What an iteration needs to know. */
export interface Setup {
  prepared: PreparedDecoder;
  w: MeanWeights;
  groups: number;
  positive: boolean;
  predicted: tf.Tensor2D | undefined;
  restart: boolean;
  /** Constant momentum at a step, 0 for none; `undefined` takes the classical sequence. */
  momentum: (step: number) => number | undefined;
  /** Whether the concave part of the hinge is replaced by its tangent. */
  isTangent: boolean;
}

/** Moves the codes of a batch; on the device, or in typed arrays where the backend is plain JavaScript. */
export interface Stepper {
  /** Does some iterations with a step; with `isTangent` the tangent is taken at the codes before them. */
  advance(count: number, step: number): void;
  /** The codes, `[N, l]`; they belong to the stepper. */
  codes(): tf.Tensor2D;
  /** Codes that the change is relative to, where they are on the device; they belong to the stepper. */
  before?(): tf.Tensor2D;
  /** Relative change of each row, `[N, 1]`: in the last iteration, or since the tangent was taken. Runs in a tidy. */
  change(): tf.Tensor2D;
  /** Forgets the momentum. */
  restart(): void;
  /** Frees what it holds. */
  dispose(): void;
}
