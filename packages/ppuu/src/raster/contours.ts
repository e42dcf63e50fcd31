import { checkChoice, checkRank } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/** Which edges of the cars count. */
export type ContourMode = "near" | "official" | "none";

/**
 * The edges of cars that face the middle of the image, where the ego is.
 *
 * @param image - One channel, shape `[batch, height, width]`.
 * @param options - `mode`: `near` (default) takes the facing edges along and across; `official` across the far ones, as
 *   the published code does; `none` gives the image back.
 * @returns Same shape; differentiable. The caller disposes it.
 * @throws {@link ShapeError} for another rank.
 */
export function contours(image: tf.Tensor3D, options: { mode?: ContourMode } = {}): tf.Tensor3D {
  checkRank("contours", "image", image, 3);
  const mode = checkChoice("contours", "mode", options.mode ?? "near", ["near", "official", "none"] as const);
  if (mode === "none") return tf.clone(image);
  return tf.tidy(() => {
    const [batch, height, width] = image.shape;
    const above = tf.concat(
      [tf.zeros([batch, 1, width]), tf.slice(image, [0, 0, 0], [batch, height - 1, width])],
      1,
    );
    const left = tf.concat(
      [tf.zeros([batch, height, 1]), tf.slice(image, [0, 0, 0], [batch, height, width - 1])],
      2,
    );
    const sign = (count: number, shape: number[]) =>
      tf.tensor(
        Array.from({ length: count }, (_, i) => (i < Math.floor(count / 2) ? -1 : 1)),
        shape,
      );
    const vertical = tf.sub(image, above);
    const horizontal = tf.mul(tf.sub(left, image), mode === "near" ? -1 : 1);
    return tf.add(
      tf.relu(tf.mul(vertical, sign(height, [1, height, 1]))),
      tf.relu(tf.mul(horizontal, sign(width, [1, 1, width]))),
    ) as tf.Tensor3D;
  });
}
