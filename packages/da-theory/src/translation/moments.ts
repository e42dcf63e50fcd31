import { checkChoice, ShapeError } from "@lab/core";
import { type Distribution, point } from "../distribution/distribution.js";
import { checkLaw } from "../distribution/law.js";
import { type Boundary, checkImageShape, type ImageShape } from "../transforms/transform.js";
import { shiftAxis } from "./shift-axis.js";
import { shiftCovariance, shiftMean } from "./shift-covariance.js";

/** Laws of the translation in pixels: content moves down by `y` and right by `x`. */
export interface TranslationOptions {
  /** Horizontal law. @defaultValue the point 0 */
  x?: Distribution;
  /** Vertical law. @defaultValue the point 0 */
  y?: Distribution;
  /** What lies outside. @defaultValue `"zero"` */
  boundary?: Boundary;
}

/** Exact moments of a translated picture, in float64 on the host. */
export interface TranslationMoments {
  /** Mean picture `μ`. */
  mean: Float64Array;
  /** Trace of the covariance: the expected squared distance from `μ`. */
  trace: number;
  /** Variance of each value. */
  diagonal: Float64Array;
  /** `Σ v` without forming `Σ`. */
  apply(v: ArrayLike<number>): Float64Array;
}

/**
 * Exact mean and covariance of a picture under random translation with bilinear interpolation.
 *
 * $\mu = \sum_s g_s x_s$, $S = \sum_{s,s'} G_{ss'} x_s x_{s'}^\top$, $\Sigma = S - \mu\mu^\top$, with the mass matrix $G$ of the law.
 *
 * @param image - Values, row by row, channels last.
 * @param shape - `[height, width, channels]`.
 * @param options - Laws and boundary.
 * @returns Mean, trace, diagonal and the operator; one `apply` is a Fourier correlation and a convolution.
 * @throws {@link ShapeError} when the number of values does not fit the shape.
 * @throws {@link ArgumentError} when an option is out of range.
 * @see Balestriero, Misra, LeCun (2022), A Data-Augmentation Is Worth A Thousand Samples, section 3.
 * @example
 * ```ts
 * import { translationMomentsHost, uniform } from "@lab/da-theory";
 *
 * const m = translationMomentsHost([0, 1, 0], [1, 3, 1], { x: uniform(-1, 1) });
 * Array.from(m.mean); // => [0.25, 0.5, 0.25]
 * ```
 */
export function translationMomentsHost(
  image: ArrayLike<number>,
  shape: ImageShape,
  options: TranslationOptions = {},
): TranslationMoments {
  checkImageShape("translationMomentsHost", shape);
  const [height, width, channels] = shape;
  const size = height * width * channels;
  checkLength("translationMomentsHost", "image", image, size);
  const boundary = checkChoice("translationMomentsHost", "boundary", options.boundary ?? "zero", [
    "zero",
    "edge",
    "reflect",
    "wrap",
  ]);
  const law = (name: "x" | "y") => checkLaw("translationMomentsHost", name, options[name] ?? point(0));
  const y = shiftAxis(law("y"), height, boundary);
  const x = shiftAxis(law("x"), width, boundary);
  const mean = shiftMean(image, channels, y, x);
  const term = shiftCovariance(image, channels, y, x, mean, boundary);
  const diagonal = new Float64Array(size);
  term.diagonal(diagonal);
  return {
    mean,
    diagonal,
    trace: diagonal.reduce((a, b) => a + b, 0),
    apply(v) {
      checkLength("translationMomentsHost.apply", "v", v, size);
      const out = new Float64Array(size);
      term.apply(Float64Array.from(v), out);
      return out;
    },
  };
}

function checkLength(caller: string, argument: string, values: ArrayLike<number>, size: number): void {
  if (values.length === size) return;
  throw new ShapeError(`${caller}: ${argument} has ${values.length} values; ${size} were expected`, {
    argument,
    shape: [values.length],
  });
}

/**
 * One translated picture with the law that {@link translationMomentsHost} integrates: bilinear interpolation.
 *
 * @param image - Values, row by row, channels last.
 * @param shape - `[height, width, channels]`.
 * @param shift - `[down, right]` in pixels.
 * @param boundary - What lies outside.
 * @returns The picture.
 * @throws {@link ShapeError} when the number of values does not fit the shape.
 */
export function translateHost(
  image: ArrayLike<number>,
  shape: ImageShape,
  shift: readonly [number, number],
  boundary: Boundary = "zero",
): Float64Array {
  checkImageShape("translateHost", shape);
  checkLength("translateHost", "image", image, shape[0] * shape[1] * shape[2]);
  const y = shiftAxis(point(shift[0]), shape[0], boundary);
  const x = shiftAxis(point(shift[1]), shape[1], boundary);
  return shiftMean(image, shape[2], y, x);
}
