import { ArgumentError, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { relativePose } from "../ego/relative-pose.js";
import { stopGradient } from "../gradient/index.js";
import { type ContourMode, contours } from "../raster/contours.js";
import { CELL, type GridOptions } from "../raster/grid.js";
import { taperMask } from "../raster/masks.js";
import type { CostModel } from "./cost-model.js";

/** Weights and options of {@link imageCosts}. */
export interface ImageCostWeights {
  /** Closeness to other cars. @defaultValue 4 */
  proximity?: number;
  /** Lane markings under the car. @defaultValue 0.2 */
  lane?: number;
  /** Off-road under the car. @defaultValue 1 */
  offroad?: number;
  /** Size of the action, in units of 2 m/s² and 0.01 1/m. @defaultValue 0.001 */
  action?: number;
  /** Change of the action, in the same units. @defaultValue 0 */
  jerk?: number;
  /** Distance from where the image was predicted. @defaultValue 1 */
  reference?: number;
  /** Slowness below 80 km/h. @defaultValue 0 */
  speed?: number;
  /** Metres not yet driven. @defaultValue 0 */
  destination?: number;
  /** Factor on the three costs that come from the image. @defaultValue 10 */
  maskScale?: number;
  /** Which edges of the others count. @defaultValue `"near"` */
  contours?: ContourMode;
  /** How cells are placed; size and cell come from the image. @defaultValue `"pixel"` */
  grid?: Exclude<GridOptions["grid"], undefined>;
  /** Metres of a cell; by default 117 rows are 72 m, whatever the number of rows. */
  cell?: number;
}

const DEFAULTS = {
  proximity: 4,
  lane: 0.2,
  offroad: 1,
  action: 0.001,
  jerk: 0,
  reference: 1,
  speed: 0,
  destination: 0,
};
/** 80 km/h. */
const TARGET_SPEED = 80 / 3.6;
const EMPTY = 1e-6;

/**
 * Costs of the ego placed into a predicted image: the gradient reaches the actions through its pose alone.
 *
 * Each of lane, proximity and off-road is $\sum M I^2 / (\sum M + 10^{-6})$ over the cells, with the masks of
 * {@link taperMask} at the ego's pose relative to the image, proximity on the {@link contours} of the cars. `reference`
 * is $[|\Delta x| - 30]_+^4 + [|\Delta y| - 5]_+^4$, which keeps the ego where the image is valid.
 *
 * @param weights - See {@link ImageCostWeights}.
 * @returns A cost that needs `scene.image` and `scene.reference`.
 * @throws {@link ArgumentError} when a weight is negative or the scene has no image.
 * @see Sobal et al. (2022), section 3; weights and formulas are those of its published code.
 */
export function imageCosts(weights: ImageCostWeights = {}): CostModel {
  const { maskScale = 10, contours: mode = "near", grid = "pixel", cell, ...given } = weights;
  const all = { ...DEFAULTS, ...given };
  for (const [name, weight] of Object.entries({ ...all, maskScale })) {
    checkNumber("imageCosts", `weights.${name}`, weight, { min: 0 });
  }
  const cost: CostModel = ({ scene, ego, action, previousAction, car }) => {
    const { image, reference } = scene;
    if (!image || !reference) {
      throw new ArgumentError(
        `imageCosts: scene.${image ? "reference" : "image"} is left out; an image and its frame were expected; see renderContext`,
        { argument: "scene", value: undefined },
      );
    }
    return tf.tidy(() => {
      const [batch, height, width] = image.shape;
      const pose = relativePose(ego, reference);
      const [x, y, , , v] = tf.split(pose, 5, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const flat = (t: tf.Tensor) => tf.reshape(t, [batch]) as tf.Tensor1D;
      const size = cell ?? (CELL * 117) / height;
      const masks = taperMask(pose, car, stopGradient(flat(v)), { height, width, cell: size, grid });
      const channel = (i: number) =>
        tf.reshape(tf.slice(image, [0, 0, 0, i], [batch, height, width, 1]), [
          batch,
          height,
          width,
        ]) as tf.Tensor3D;
      const under = (mask: tf.Tensor, values: tf.Tensor) =>
        tf.mul(
          tf.div(tf.sum(tf.mul(mask, tf.square(values)), [1, 2]), tf.add(tf.sum(mask, [1, 2]), EMPTY)),
          maskScale,
        ) as tf.Tensor1D;
      const units = tf.tensor1d([0.5, 100]);
      const change = previousAction ? tf.sub(action, previousAction) : tf.zerosLike(action);
      const beyond = (t: tf.Tensor, free: number) => tf.square(tf.square(tf.relu(tf.sub(tf.abs(t), free))));
      const along = tf.mul(v, tf.slice(ego, [0, 2], [batch, 1]));
      const parts = {
        proximity: under(masks.proximity, contours(channel(1), { mode })),
        lane: under(masks.lane, channel(0)),
        offroad: under(masks.lane, channel(2)),
        action: tf.sum(tf.square(tf.mul(action, units)), 1) as tf.Tensor1D,
        jerk: tf.sum(tf.square(tf.mul(change, units)), 1) as tf.Tensor1D,
        reference: flat(tf.add(beyond(x, 30), beyond(y, 5))),
        speed: flat(tf.square(tf.sub(TARGET_SPEED, along))),
        destination: flat(tf.neg(tf.slice(ego, [0, 0], [batch, 1]))),
      };
      const total = tf.addN(
        Object.entries(parts).map(([name, part]) => tf.mul(part, all[name as keyof typeof all])),
      ) as tf.Tensor1D;
      return { total, parts };
    });
  };
  return Object.assign(cost, { spec: { kind: "image" as const, weights: { ...weights } } });
}
