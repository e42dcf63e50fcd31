import * as tf from "@tensorflow/tfjs-core";
import { checkBoolean, checkChoice, checkInteger, checkShape } from "../check/index.js";
import { ShapeError } from "../errors/index.js";
import { callKernel, hasHostKernel, registerHostKernel } from "../host-kernel/index.js";
import { checkImages } from "./augmentation.js";
import { gridGradientOnDevice, imageGradientOnDevice, sampleOnDevice } from "./grid-sample-device.js";
import {
  gridGradientKernel,
  imageGradientKernel,
  type Sampling,
  sampleKernel,
} from "./grid-sample-kernels.js";
import type { SamplePadding } from "./sample-coordinates.js";

/** Options of {@link gridSample}. */
export interface GridSampleOptions {
  /** How values between pixels are made. @defaultValue `"bilinear"` */
  mode?: "bilinear" | "nearest";
  /** What lies outside of the image: nothing, the outer pixels, or its mirror image. @defaultValue `"zeros"` */
  padding?: SamplePadding;
  /** Whether −1 and 1 are the centres of the outer pixels, rather than their outer edges. @defaultValue false */
  alignCorners?: boolean;
}

/** Options of {@link affineGrid}. */
export interface AffineGridOptions {
  /** As in {@link GridSampleOptions}; both must agree. @defaultValue false */
  alignCorners?: boolean;
}

/**
 * Values of images at given points; differentiable in the images and in the points.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param grid - Points, shape `[batch, h, w, 2]`: x then y, from −1 (left, top) to 1 (right, bottom).
 * @param options - See {@link GridSampleOptions}.
 * @returns Shape `[batch, h, w, channels]`; the caller disposes it.
 * @throws {@link ShapeError} when the shapes do not fit.
 * @throws {@link ArgumentError} for an unknown mode or padding.
 * @remarks With `nearest` the gradient by the grid is 0. Points in the middle between two pixels go to the even one.
 *   Second derivatives are not supported.
 * @see Jaderberg, Simonyan, Zisserman, Kavukcuoglu (2015), Spatial transformer networks, eq. (5)–(7).
 * @see `torch.nn.functional.grid_sample`, whose values and gradients these are, with channels last.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { gridSample } from "@lab/core/image";
 *
 * await init();
 * const image = tf.tensor4d([0, 2, 4, 6], [1, 2, 2, 1]);
 * const middle = gridSample(image, tf.zeros([1, 1, 1, 2]));
 * (await middle.data())[0]; // => 3
 * ```
 */
export function gridSample(
  images: tf.Tensor4D,
  grid: tf.Tensor4D,
  options: GridSampleOptions = {},
): tf.Tensor4D {
  checkImages("gridSample", images);
  checkShape("gridSample", "grid", grid, [images.shape[0], null, null, 2]);
  if (images.shape[1] === 0 || images.shape[2] === 0) {
    throw new ShapeError(`gridSample: images has shape [${images.shape}]; at least one pixel was expected`, {
      argument: "images",
      shape: images.shape,
    });
  }
  const sampling: Sampling = {
    mode: checkChoice("gridSample", "mode", options.mode ?? "bilinear", ["bilinear", "nearest"]),
    padding: checkChoice("gridSample", "padding", options.padding ?? "zeros", [
      "zeros",
      "border",
      "reflection",
    ]),
    alignCorners: checkBoolean("gridSample", "alignCorners", options.alignCorners ?? false),
  };
  for (const kernel of [sampleKernel, imageGradientKernel, gridGradientKernel]) registerHostKernel(kernel);
  const attributes = { ...sampling };
  const run = tf.customGrad((...parameters: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [x, points, save] = parameters as [tf.Tensor4D, tf.Tensor4D, tf.GradSaveFunc];
    save([x, points]);
    const value = hasHostKernel(sampleKernel.name)
      ? (callKernel(sampleKernel.name, { images: x, grid: points }, attributes)[0] as tf.Tensor4D)
      : sampleOnDevice(x, points, sampling);
    const gradFunc = (upstream: tf.Tensor | tf.Tensor[], saved: tf.Tensor[]) => {
      const dy = upstream as tf.Tensor4D;
      const [image, at] = saved as [tf.Tensor4D, tf.Tensor4D];
      const gradient = (name: string, onDevice: typeof imageGradientOnDevice) =>
        hasHostKernel(name)
          ? callKernel(name, { dy, images: image, grid: at }, attributes)[0]!
          : onDevice(dy, image, at, sampling);
      return [
        gradient(imageGradientKernel.name, imageGradientOnDevice),
        gradient(gridGradientKernel.name, gridGradientOnDevice),
      ];
    };
    return { value, gradFunc };
  });
  return run(images, grid) as tf.Tensor4D;
}

/**
 * Points at which {@link gridSample} applies an affine map to images; differentiable.
 *
 * Output point $(x, y)$ takes its value at $\theta\,(x, y, 1)^\top$.
 *
 * @param theta - Maps, shape `[batch, 2, 3]`.
 * @param size - Height and width of the output.
 * @param options - See {@link AffineGridOptions}.
 * @returns Shape `[batch, height, width, 2]`; the caller disposes it.
 * @throws {@link ShapeError} when `theta` has another shape.
 * @see Jaderberg, Simonyan, Zisserman, Kavukcuoglu (2015), Spatial transformer networks, eq. (1).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { affineGrid } from "@lab/core/image";
 *
 * await init();
 * const identity = tf.tensor3d([1, 0, 0, 0, 1, 0], [1, 2, 3]);
 * Array.from(await affineGrid(identity, [1, 2]).data()); // => [-0.5, 0, 0.5, 0]
 * ```
 */
export function affineGrid(
  theta: tf.Tensor3D,
  size: readonly [height: number, width: number],
  options: AffineGridOptions = {},
): tf.Tensor4D {
  checkShape("affineGrid", "theta", theta, [null, 2, 3]);
  const [height, width] = size;
  checkInteger("affineGrid", "size[0]", height, { min: 1 });
  checkInteger("affineGrid", "size[1]", width, { min: 1 });
  const alignCorners = checkBoolean("affineGrid", "alignCorners", options.alignCorners ?? false);
  const coordinate = (i: number, count: number) => {
    if (!alignCorners) return (2 * i + 1) / count - 1;
    return count === 1 ? 0 : (2 * i) / (count - 1) - 1;
  };
  const points = new Float32Array(height * width * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      points[at++] = coordinate(x, width);
      points[at++] = coordinate(y, height);
      points[at++] = 1;
    }
  }
  return tf.tidy(() => {
    const base = tf.tensor2d(points, [height * width, 3]);
    // [batch * 2, 3] times [3, points]: one product instead of a batched one with a broadcast operand.
    const batch = theta.shape[0];
    const mapped = tf.matMul(tf.reshape(theta, [batch * 2, 3]), base, false, true);
    return tf.transpose(tf.reshape(mapped, [batch, 2, height, width]), [0, 2, 3, 1]);
  });
}
