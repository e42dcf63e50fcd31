import * as tf from "@tensorflow/tfjs-core";
import type { Sampling } from "./grid-sample-kernels.js";

interface Axis {
  position: tf.Tensor;
  slope: tf.Tensor;
}

function locateAll(coordinate: tf.Tensor, size: number, { padding, alignCorners }: Sampling): Axis {
  const scale = alignCorners ? (size - 1) / 2 : size / 2;
  let position = tf.add(tf.mul(coordinate, scale), (size - 1) / 2);
  let slope: tf.Tensor = tf.fill(coordinate.shape, scale);
  if (padding === "reflection") {
    const low = alignCorners ? 0 : -0.5;
    const span = alignCorners ? size - 1 : size;
    if (span === 0) {
      position = tf.zerosLike(position);
      slope = tf.zerosLike(slope);
    } else {
      const signed = tf.sub(position, low);
      const distance = tf.abs(signed);
      const flips = tf.floor(tf.div(distance, span));
      const rest = tf.sub(distance, tf.mul(flips, span));
      const isOdd = tf.greater(tf.mod(flips, 2), 0.5);
      position = tf.add(tf.where(isOdd, tf.sub(span, rest), rest), low);
      slope = tf.mul(slope, tf.where(tf.less(signed, 0), tf.fill(signed.shape, -1), tf.onesLike(signed)));
      slope = tf.where(isOdd, tf.neg(slope), slope);
    }
  }
  if (padding !== "zeros") {
    const isInside = tf.logicalAnd(tf.greater(position, 0), tf.less(position, size - 1));
    slope = tf.mul(slope, tf.cast(isInside, "float32"));
    position = tf.clipByValue(position, 0, size - 1);
  }
  return { position, slope };
}

interface Corner {
  /** Row of the flattened images, clipped into them. */
  index: tf.Tensor1D;
  /** 1 inside, 0 outside. */
  mask: tf.Tensor;
  weight: tf.Tensor;
}

/** The four corners of every sample, or the one nearest pixel. */
function cornersOf(images: tf.Tensor4D, grid: tf.Tensor4D, sampling: Sampling) {
  const [batch, height, width] = images.shape;
  const [gx, gy] = tf.unstack(grid, 3) as [tf.Tensor, tf.Tensor];
  const across = locateAll(gx, width, sampling);
  const down = locateAll(gy, height, sampling);
  const rows = tf.reshape(tf.mul(tf.range(0, batch), height), [batch, 1, 1]);
  const corner = (x: tf.Tensor, y: tf.Tensor, weight: tf.Tensor): Corner => {
    const isIn = (v: tf.Tensor, size: number) =>
      tf.logicalAnd(tf.greaterEqual(v, 0), tf.lessEqual(v, size - 1));
    const mask = tf.cast(tf.logicalAnd(isIn(x, width), isIn(y, height)), "float32");
    const row = tf.add(rows, tf.clipByValue(y, 0, height - 1));
    // Whole numbers stay exact in float32 up to 2^24, so the index is built from integers.
    const column = tf.cast(tf.clipByValue(x, 0, width - 1), "int32");
    const index = tf.add(tf.mul(tf.cast(row, "int32"), tf.scalar(width, "int32")), column);
    return { index: tf.reshape(index, [-1]) as tf.Tensor1D, mask, weight };
  };
  if (sampling.mode === "nearest") {
    const [x, y] = [tf.round(across.position), tf.round(down.position)];
    return { corners: [corner(x, y, tf.onesLike(x))], across, down, fx: x, fy: y };
  }
  const [x, y] = [tf.floor(across.position), tf.floor(down.position)];
  const [fx, fy] = [tf.sub(across.position, x), tf.sub(down.position, y)];
  const [ox, oy] = [tf.sub(1, fx), tf.sub(1, fy)];
  const [nx, ny] = [tf.add(x, 1), tf.add(y, 1)];
  const corners = [
    corner(x, y, tf.mul(ox, oy)),
    corner(nx, y, tf.mul(fx, oy)),
    corner(x, ny, tf.mul(ox, fy)),
    corner(nx, ny, tf.mul(fx, fy)),
  ];
  return { corners, across, down, fx, fy };
}

const flat = (images: tf.Tensor4D) => tf.reshape(images, [-1, images.shape[3]]) as tf.Tensor2D;

/** Values at the grid's points. */
export function sampleOnDevice(images: tf.Tensor4D, grid: tf.Tensor4D, sampling: Sampling): tf.Tensor4D {
  const pixels = flat(images);
  const { corners } = cornersOf(images, grid, sampling);
  const shape = [images.shape[0], grid.shape[1], grid.shape[2], images.shape[3]] as const;
  const parts = corners.map(({ index, mask, weight }) => {
    const values = tf.reshape(tf.gather(pixels, index), [...shape]);
    return tf.mul(values, tf.expandDims(tf.mul(mask, weight), 3)) as tf.Tensor4D;
  });
  return tf.addN(parts);
}

/** Gradient by the images. */
export function imageGradientOnDevice(
  dy: tf.Tensor4D,
  images: tf.Tensor4D,
  grid: tf.Tensor4D,
  sampling: Sampling,
): tf.Tensor4D {
  const { corners } = cornersOf(images, grid, sampling);
  const channels = images.shape[3];
  const parts = corners.map(({ index, mask, weight }) => {
    const shares = tf.reshape(tf.mul(dy, tf.expandDims(tf.mul(mask, weight), 3)), [-1, channels]);
    return tf.scatterND(tf.expandDims(index, 1), shares, [images.size / channels, channels]);
  });
  return tf.reshape(tf.addN(parts), images.shape);
}

/** Gradient by the grid. */
export function gridGradientOnDevice(
  dy: tf.Tensor4D,
  images: tf.Tensor4D,
  grid: tf.Tensor4D,
  sampling: Sampling,
): tf.Tensor4D {
  if (sampling.mode === "nearest") return tf.zerosLike(grid);
  const pixels = flat(images);
  const { corners, across, down, fx, fy } = cornersOf(images, grid, sampling);
  const [a, b, d, e] = corners.map(({ index, mask }) => {
    const values = tf.reshape(tf.gather(pixels, index), dy.shape);
    return tf.mul(tf.sum(tf.mul(values, dy), 3), mask); // slopes are linear in the values, so channels can be summed first
  }) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  const mix = (low: tf.Tensor, high: tf.Tensor, part: tf.Tensor) =>
    tf.add(tf.mul(low, tf.sub(1, part)), tf.mul(high, part));
  const dx = tf.mul(mix(tf.sub(b, a), tf.sub(e, d), fy), across.slope);
  const dyDown = tf.mul(mix(tf.sub(d, a), tf.sub(e, b), fx), down.slope);
  return tf.stack([dx, dyDown], 3) as tf.Tensor4D;
}
