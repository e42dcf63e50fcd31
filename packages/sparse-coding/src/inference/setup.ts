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
