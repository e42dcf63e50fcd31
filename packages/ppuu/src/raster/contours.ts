import { checkChoice, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Which edges of the cars count. */
export type ContourMode = "near" | "official" | "none";

/**
 * The edges of cars that face the middle of the image, where the ego is.
 *
 * @param image - One channel, shape `[batch, height, width]`, or any number, `[batch, height, width, channels]`.
 * @param options - `mode`: `near` (default) takes the facing edges along and across; `official` across the far ones, as
 *   the published code does; `none` gives the image back.
 * @returns Same shape; differentiable. The caller disposes it.
 * @throws {@link ShapeError} for another rank.
 */
export function contours<T extends tf.Tensor3D | tf.Tensor4D>(
  image: T,
  options: { mode?: ContourMode } = {},
): T {
  if (image.rank !== 3 && image.rank !== 4) {
    throw new ShapeError(
      `contours: image has shape ${formatShape(image.shape)}; [batch,height,width] or [batch,height,width,channels] was expected`,
      { argument: "image", shape: image.shape },
    );
  }
  const mode = checkChoice("contours", "mode", options.mode ?? "near", ["near", "official", "none"] as const);
  if (mode === "none") return tf.clone(image);
  return tf.tidy(() => {
    const [batch, height, width, ...channels] = image.shape as [number, number, number, ...number[]];
    /** The image moved down (axis 1) or to the right (axis 2) by a cell. */
    const moved = (axis: 1 | 2) => {
      const kept = [batch, height - Number(axis === 1), width - Number(axis === 2), ...channels];
      const edge = [batch, axis === 1 ? 1 : height, axis === 2 ? 1 : width, ...channels];
      return tf.concat([tf.zeros(edge), tf.slice(image, new Array(image.rank).fill(0), kept)], axis);
    };
    const sign = (count: number, axis: 1 | 2) => {
      const shape = new Array<number>(image.rank).fill(1);
      shape[axis] = count;
      return tf.tensor(
        Array.from({ length: count }, (_, i) => (i < Math.floor(count / 2) ? -1 : 1)),
        shape,
      );
    };
    const vertical = tf.sub(image, moved(1));
    const horizontal = tf.mul(tf.sub(moved(2), image), mode === "near" ? -1 : 1);
    return tf.add(
      tf.relu(tf.mul(vertical, sign(height, 1))),
      tf.relu(tf.mul(horizontal, sign(width, 2))),
    ) as T;
  });
}
