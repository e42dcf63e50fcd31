import { gridSample, type SamplePadding } from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";
import type { Boundary } from "./transform.js";

const PADDING: Record<Exclude<Boundary, "wrap">, SamplePadding> = {
  zero: "zeros",
  edge: "border",
  reflect: "reflection",
};

/** Lines of a batch of affine maps by output row, column and 1; entries are numbers or `[N]`. */
export type DeviceMap = readonly (tf.Tensor | number)[];

/**
 * Bilinear resampling along affine maps, differentiable in the images and in the maps.
 *
 * @param images - Shape `[N, height, width, channels]`.
 * @param map - Six entries as in the host form.
 */
export function warpDevice(
  images: tf.Tensor4D,
  map: DeviceMap,
  boundary: Boundary,
  outHeight: number,
  outWidth: number,
): tf.Tensor4D {
  const [batch, height, width] = images.shape;
  const base = new Float32Array(outHeight * outWidth * 3);
  for (let i = 0, at = 0; i < outHeight; i++) {
    for (let j = 0; j < outWidth; j++) {
      base[at++] = i;
      base[at++] = j;
      base[at++] = 1;
    }
  }
  const points = tf.tensor2d(base, [outHeight * outWidth, 3]);
  const line = (entries: DeviceMap) => {
    const columns = entries.map((entry) =>
      typeof entry === "number" ? tf.fill([batch], entry) : tf.reshape(entry, [batch]),
    );
    return tf.matMul(tf.stack(columns, 1), points, false, true); // [N, pixels]
  };
  const [y, x] = [line(map.slice(0, 3)), line(map.slice(3))];
  if (boundary !== "wrap") {
    const grid = tf.stack([normalised(x, width), normalised(y, height)], 2);
    return gridSample(images, tf.reshape(grid, [batch, outHeight, outWidth, 2]), {
      padding: PADDING[boundary],
    });
  }
  // One more row and column, so that the tap after the last one is the first.
  const tall = tf.concat([images, tf.slice(images, [0, 0, 0, 0], [-1, 1, -1, -1])], 1);
  const padded = tf.concat([tall, tf.slice(tall, [0, 0, 0, 0], [-1, -1, 1, -1])], 2) as tf.Tensor4D;
  const within = (position: tf.Tensor, size: number) =>
    tf.sub(position, tf.mul(tf.floor(tf.div(position, size)), size));
  const grid = tf.stack(
    [normalised(within(x, width), width + 1), normalised(within(y, height), height + 1)],
    2,
  );
  return gridSample(padded, tf.reshape(grid, [batch, outHeight, outWidth, 2]), { padding: "border" });
}

/** Pixel positions as coordinates from −1 to 1 between the outer edges. */
function normalised(position: tf.Tensor, size: number): tf.Tensor {
  return tf.sub(tf.div(tf.add(tf.mul(position, 2), 1), size), 1);
}
