import { ArgumentError, checkRank } from "@lab/core";
import { gridSample } from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "../ego/check-state.js";
import { CELL, type Grid, gridOf } from "./grid.js";

/** Options of {@link warpContext}. */
export interface WarpContextOptions {
  /** Metres of a cell; by default 117 rows are 72 m, whatever the number of rows. */
  cell?: number;
}

/** Sample positions, −1 … 1 on the outer cell centres, of cells at `(ahead, aside)` metres. */
function positions(grid: Grid, ahead: tf.Tensor, aside: tf.Tensor): tf.Tensor4D {
  const halfWidth = ((grid.width - 1) / 2) * grid.cell;
  const halfHeight = ((grid.height - 1) / 2) * grid.cell;
  return tf.stack([tf.div(aside, halfWidth), tf.div(tf.neg(ahead), halfHeight)], 3) as tf.Tensor4D;
}

/**
 * A context image as seen from a moved ego, by bilinear interpolation; outside is 0.
 *
 * @param image - Image in the reference frame, shape `[batch, height, width, channels]`.
 * @param pose - The ego in the reference frame, shape `[batch, 5]`; see `relativePose`.
 * @param options - See {@link WarpContextOptions}.
 * @returns Same shape; differentiable in the image and the pose. The caller disposes it.
 * @throws {@link ShapeError} when the shapes do not fit.
 */
export function warpContext(
  image: tf.Tensor4D,
  pose: tf.Tensor2D,
  options: WarpContextOptions = {},
): tf.Tensor4D {
  checkRank("warpContext", "image", image, 4);
  checkState("warpContext", pose, "pose");
  return tf.tidy(() => {
    const [batch, height, width] = image.shape;
    const grid = gridOf("warpContext", { height, width, cell: options.cell ?? (CELL * 117) / height });
    const deep = (t: tf.Tensor) => tf.reshape(t, [batch, 1, 1]);
    const [x, y, dx, dy] = (tf.split(pose, 5, 1) as tf.Tensor[]).map(deep) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const forward = tf.tensor2d(grid.ahead, [height, 1]);
    const right = tf.tensor2d(grid.aside, [1, width]);
    const ahead = tf.add(x, tf.sub(tf.mul(dx, forward), tf.mul(dy, right)));
    const aside = tf.add(y, tf.add(tf.mul(dy, forward), tf.mul(dx, right)));
    return gridSample(image, positions(grid, ahead, aside), { alignCorners: true, padding: "zeros" });
  });
}

/**
 * The middle of a context image, as an image of its own.
 *
 * @param image - Shape `[batch, height, width, channels]`.
 * @param size - Rows and columns to keep; both must leave the same number of cells on either side.
 * @returns Shape `[batch, size[0], size[1], channels]`; the caller disposes it.
 * @throws {@link ShapeError} for another rank; {@link ArgumentError} for another size.
 */
export function cropContext(image: tf.Tensor4D, size: readonly [height: number, width: number]): tf.Tensor4D {
  checkRank("cropContext", "image", image, 4);
  const [batch, height, width, channels] = image.shape;
  const [top, left] = [(height - size[0]) / 2, (width - size[1]) / 2];
  if (![top, left].every((margin) => Number.isInteger(margin) && margin >= 0)) {
    throw new ArgumentError(
      `cropContext: size is [${size}] for an image of [${height},${width}]; smaller by an even number was expected`,
      { argument: "size", value: size },
    );
  }
  return tf.slice(image, [0, top, left, 0], [batch, size[0], size[1], channels]);
}
