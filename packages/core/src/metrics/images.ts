import {
  add,
  div,
  log,
  matMul,
  mean,
  mul,
  neg,
  reshape,
  square,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { checkInteger, checkNumber, checkRank, checkSameShape } from "../check/index.js";
import { ShapeError } from "../errors/index.js";

/** Options of {@link psnr}. */
export interface PsnrOptions {
  /** Largest possible value of a pixel. @defaultValue 1 */
  peak?: number;
}

/**
 * Peak signal-to-noise ratio of each picture.
 *
 * $10 \log_{10}(\mathrm{peak}^2 / \mathrm{MSE})$ with the mean squared error over the pixels and channels of one picture.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param reference - The pictures they stand for, same shape.
 * @param options - See {@link PsnrOptions}.
 * @returns Decibels, shape `[batch]`; infinite for equal pictures. Belongs to the caller; differentiable.
 * @throws {@link ShapeError} when the shapes differ or are not of rank 4.
 */
export function psnr(images: Tensor4D, reference: Tensor4D, options: PsnrOptions = {}): Tensor1D {
  checkRank("psnr", "images", images, 4);
  checkSameShape("psnr", "images", images, "reference", reference);
  const peak = checkNumber("psnr", "peak", options.peak ?? 1, { above: 0 });
  return tidy(() => {
    const error = mean(square(sub(images, reference)), [1, 2, 3]);
    return mul(10 / Math.LN10, neg(log(div(error, peak * peak)))) as Tensor1D;
  });
}

/** Options of {@link ssim}. */
export interface SsimOptions {
  /** Largest possible value of a pixel. @defaultValue 1 */
  peak?: number;
  /** Width of the window in pixels. @defaultValue 11, as in the paper */
  window?: number;
  /** Standard deviation of the window in pixels. @defaultValue 1.5, as in the paper */
  sigma?: number;
  /** Constants that keep the quotients stable. @defaultValue [0.01, 0.03], as in the paper */
  k?: readonly [number, number];
}

/**
 * Structural similarity of each picture to its reference.
 *
 * $\frac{(2\mu_x\mu_y + c_1)(2\sigma_{xy} + c_2)}{(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}$ under a Gaussian window,
 * averaged over the windows that lie wholly inside the picture and over channels.
 *
 * @param images - Shape `[batch, height, width, channels]`.
 * @param reference - The pictures they stand for, same shape.
 * @param options - See {@link SsimOptions}.
 * @returns Shape `[batch]`, at most 1, which equal pictures give. Belongs to the caller; differentiable.
 * @throws {@link ShapeError} when the shapes differ, are not of rank 4, or are smaller than the window.
 * @see Wang, Bovik, Sheikh, Simoncelli (2004), Image quality assessment, eq. (13).
 */
export function ssim(images: Tensor4D, reference: Tensor4D, options: SsimOptions = {}): Tensor1D {
  checkRank("ssim", "images", images, 4);
  checkSameShape("ssim", "images", images, "reference", reference);
  const window = checkInteger("ssim", "window", options.window ?? 11, { min: 1 });
  const sigma = checkNumber("ssim", "sigma", options.sigma ?? 1.5, { above: 0 });
  const peak = checkNumber("ssim", "peak", options.peak ?? 1, { above: 0 });
  const [k1, k2] = options.k ?? [0.01, 0.03];
  const [batch, height, width, channels] = images.shape;
  if (height < window || width < window) {
    throw new ShapeError(
      `ssim: images has shape [${images.shape}] and window is ${window}; pictures at least as large as the window were expected`,
      { argument: "images", shape: images.shape },
    );
  }
  const c1 = (checkNumber("ssim", "k[0]", k1, { min: 0 }) * peak) ** 2;
  const c2 = (checkNumber("ssim", "k[1]", k2, { min: 0 }) * peak) ** 2;
  return tidy(() => {
    const [across, down] = [windowMatrix(width, window, sigma), windowMatrix(height, window, sigma)];
    // Rows of pixels as rows of a matrix; smoothing is a product along each axis, differentiable on every backend.
    const rowsOf = (x: Tensor4D) => reshape(transpose(x, [0, 3, 1, 2]), [-1, width]) as Tensor2D;
    const smooth = (rows: Tensor) => {
      const smoothed = reshape(matMul(rows as Tensor2D, across), [batch * channels, height, -1]);
      return matMul(reshape(transpose(smoothed, [0, 2, 1]), [-1, height]) as Tensor2D, down);
    };
    const [x, y] = [rowsOf(images), rowsOf(reference)];
    const [meanX, meanY] = [smooth(x), smooth(y)];
    const product = mul(meanX, meanY);
    const squares = add(square(meanX), square(meanY));
    const covariance = sub(smooth(mul(x, y)), product);
    const variances = sub(smooth(add(square(x), square(y))), squares);
    const above = mul(add(mul(2, product), c1), add(mul(2, covariance), c2));
    const below = mul(add(squares, c1), add(variances, c2));
    return mean(reshape(div(above, below), [batch, -1]), 1) as Tensor1D;
  });
}

/** Shape `[size, size - window + 1]`: column j holds the Gaussian window that begins at j. */
function windowMatrix(size: number, window: number, sigma: number): Tensor2D {
  const weights = Array.from({ length: window }, (_, i) =>
    Math.exp(-((i - (window - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const columns = size - window + 1;
  const values = new Float32Array(size * columns);
  for (let j = 0; j < columns; j++) {
    for (const [i, weight] of weights.entries()) values[(i + j) * columns + j] = weight / total;
  }
  return tensor2d(values, [size, columns]);
}
