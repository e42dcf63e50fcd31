import type * as tf from "@tensorflow/tfjs-core";
import type { LearnedWorldModel } from "./world-model.js";

/** Options of `cnnWorldModel`. */
export interface CnnWorldModelOptions {
  /**
   * `dfm-km`: sees the next ego state that kinematics predicts, not the action. `cfm-km`: sees the action; kinematics
   * moves the ego. `cfm`: sees the action and predicts the ego too (full size only).
   */
  kind: "dfm-km" | "cfm-km" | "cfm";
  /** The network of the source, or one that trains in a minute without a graphics card. @defaultValue `"small"` */
  size?: "full" | "small";
  /** `logit`: a copy of the last frame is output 0; `add`: as in the source, where it is not. @defaultValue `"logit"` */
  residual?: "logit" | "add";
  /** Whether latent variables carry what cannot be known; else they are 0. @defaultValue true */
  isStochastic?: boolean;
  /** Latent variables. @defaultValue 32 at full size, 8 for the small network */
  latentSize?: number;
  /** Share of units that are dropped while learning. @defaultValue 0.1 */
  dropout?: number;
  /** Share of steps whose latent variables are drawn blindly while learning. @defaultValue 0.5 */
  latentDropout?: number;
  /** Weight of the divergence of the latent variables. @defaultValue 1e-6 */
  beta?: number;
  /** Mean and standard deviation of `[Δx, Δy, dx, dy, v]` by which states are normalised. @defaultValue dense traffic's */
  normalisation?: { mean: readonly number[]; std: readonly number[] };
  /** Seed of the initial weights. @defaultValue 0 */
  seed?: number;
}

/** The network of a world model on images. */
export interface CnnModule {
  /** Parameters by name. */
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  /**
   * One prediction, nothing dropped: the raw image before the residual and, where the network has a state head, the change of
   * the normalised state.
   *
   * @param input - Frames `[batch, height, width, 3 * frames]`, normalised states `[batch, 5 * frames]`, action or next state,
   *   latent variables.
   */
  predict(input: { images: tf.Tensor4D; states: tf.Tensor2D; action: tf.Tensor2D; latent: tf.Tensor2D }): {
    image: tf.Tensor4D;
    state?: tf.Tensor2D;
  };
}

/** A world model on images. */
export interface CnnWorldModel extends LearnedWorldModel {
  /** The network. */
  readonly model: CnnModule;
  /** Rows and columns of its images. */
  readonly imageSize: readonly [height: number, width: number];
  /** Metres of a cell. */
  readonly cell: number;
  /** Frames that it sees. */
  readonly frames: number;
  /** Whether units are dropped also in `step`, for estimates of uncertainty; the seed is that of `reset`. */
  dropsUnits: boolean;
  /**
   * Further futures that `reset` begins and `step` moves on with dropped units and the same latent variables; scenes then have
   * their images as `passes`. `uncertaintyCost` sets it.
   */
  passes: number;
  /**
   * Squared error of the predicted images of a window, step by step, and that of copying the last frame.
   *
   * @param window - What to predict.
   * @param seed - Seed of the latent variables.
   */
  errors(
    window: Parameters<LearnedWorldModel["loss"]>[0],
    seed: number,
  ): Promise<{ model: number[]; copy: number[] }>;
}
