import { checkChoice, checkInteger, ShapeError } from "@lab/core";
import { type Distribution, point, type ShiftMasses, shiftMasses } from "./distribution.js";

/** What lies outside the picture; `reflect` is half-sample symmetric. */
export type Boundary = "zero" | "edge" | "reflect" | "wrap";

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

/** Source index on one axis for every output index, or -1. */
export function sourceIndices(size: number, shift: number, boundary: Boundary): Int32Array {
  return Int32Array.from({ length: size }, (_, i) => {
    const at = i - shift;
    if (at >= 0 && at < size) return at;
    if (boundary === "zero") return -1;
    if (boundary === "edge") return at < 0 ? 0 : size - 1;
    const period = boundary === "wrap" ? size : 2 * size;
    const folded = ((at % period) + period) % period;
    return folded < size ? folded : period - 1 - folded;
  });
}

/**
 * Exact mean and covariance of a picture under random translation with bilinear interpolation:
 * `μ = Σ g_s x_s`, `S = Σ G_ss' x_s x_s'ᵀ`, `Σ = S - μμᵀ`, with the mass matrix `G` of the law.
 * One `apply` costs `shifts * size` multiplications twice; no matrix of the size of the picture is formed.
 *
 * @param image - Values, row by row, channels last.
 * @param shape - `[height, width, channels]`.
 * @param options - Laws and boundary.
 * @returns Mean, trace, diagonal and the operator.
 * @throws ShapeError when the number of values does not fit the shape.
 *
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
  shape: readonly [number, number, number],
  options: TranslationOptions = {},
): TranslationMoments {
  const [height, width, channels] = shape;
  for (const size of shape) checkInteger("translationMomentsHost", "shape", size, { min: 1 });
  const size = height * width * channels;
  if (image.length !== size)
    throw new ShapeError(
      `translationMomentsHost: image has ${image.length} values; shape [${shape.join(",")}] needs ${size}`,
      { argument: "image", shape: [image.length] },
    );
  const boundary = options.boundary ?? "zero";
  checkChoice("translationMomentsHost", "boundary", boundary, ["zero", "edge", "reflect", "wrap"]);
  const ty = shiftMasses(options.y ?? point(0));
  const tx = shiftMasses(options.x ?? point(0));
  const rows = Array.from(ty.g, (_, i) => sourceIndices(height, ty.first + i, boundary));
  const columns = Array.from(tx.g, (_, i) => sourceIndices(width, tx.first + i, boundary));
  const ny = rows.length;
  const nx = columns.length;

  /** Calls `visit(output, source)` for each value of the shifted picture that is inside. */
  const each = (a: number, b: number, visit: (to: number, from: number) => void): void => {
    const row = rows[a] as Int32Array;
    const column = columns[b] as Int32Array;
    for (let i = 0; i < height; i++) {
      if ((row[i] as number) < 0) continue;
      for (let j = 0; j < width; j++) {
        if ((column[j] as number) < 0) continue;
        const to = (i * width + j) * channels;
        const from = ((row[i] as number) * width + (column[j] as number)) * channels;
        for (let c = 0; c < channels; c++) visit(to + c, from + c);
      }
    }
  };
  const combine = (weights: Float64Array): Float64Array => {
    const out = new Float64Array(size);
    for (let a = 0; a < ny; a++)
      for (let b = 0; b < nx; b++) {
        const w = weights[a * nx + b] as number;
        if (w !== 0)
          each(a, b, (to, from) => {
            out[to] = (out[to] as number) + w * (image[from] as number);
          });
      }
    return out;
  };
  const g = Float64Array.from({ length: ny * nx }, (_, k) => at(ty.g, Math.floor(k / nx)) * at(tx.g, k % nx));
  const mean = combine(g);

  const diagonal = Float64Array.from(mean, (m) => -m * m);
  const shifted = new Float64Array(size);
  for (let a = 0; a < ny; a++)
    for (let b = 0; b < nx; b++) {
      const near: [number, number, number][] = [];
      for (let c = Math.max(0, a - 1); c <= Math.min(ny - 1, a + 1); c++)
        for (let d = Math.max(0, b - 1); d <= Math.min(nx - 1, b + 1); d++)
          near.push([c, d, mass(ty, a, c) * mass(tx, b, d)]);
      shifted.fill(0);
      for (const [c, d, w] of near)
        each(c, d, (to, from) => {
          shifted[to] = (shifted[to] as number) + w * (image[from] as number);
        });
      each(a, b, (to, from) => {
        diagonal[to] = (diagonal[to] as number) + (image[from] as number) * (shifted[to] as number);
      });
    }

  const apply = (v: ArrayLike<number>): Float64Array => {
    if (v.length !== size)
      throw new ShapeError(`translationMomentsHost.apply: v has ${v.length} values; ${size} were expected`, {
        argument: "v",
        shape: [v.length],
      });
    const inner = new Float64Array(ny * nx);
    let along = 0;
    for (let k = 0; k < inner.length; k++) {
      let sum = 0;
      each(Math.floor(k / nx), k % nx, (to, from) => {
        sum += (image[from] as number) * (v[to] as number);
      });
      inner[k] = sum;
      along += sum * (g[k] as number);
    }
    const weights = g.map((value) => -value * along);
    for (let a = 0; a < ny; a++)
      for (let b = 0; b < nx; b++)
        for (let c = Math.max(0, a - 1); c <= Math.min(ny - 1, a + 1); c++)
          for (let d = Math.max(0, b - 1); d <= Math.min(nx - 1, b + 1); d++)
            weights[a * nx + b] =
              (weights[a * nx + b] as number) +
              mass(ty, a, c) * mass(tx, b, d) * (inner[c * nx + d] as number);
    return combine(weights);
  };
  return { mean, diagonal, trace: diagonal.reduce((a, b) => a + b, 0), apply };
}

function at(array: Float64Array, i: number): number {
  return array[i] as number;
}

function mass(m: ShiftMasses, i: number, j: number): number {
  return i === j ? at(m.diagonal, i) : at(m.coupling, Math.min(i, j));
}

/**
 * One translated picture with the law that {@link translationMomentsHost} integrates: bilinear interpolation.
 *
 * @param image - Values, row by row, channels last.
 * @param shape - `[height, width, channels]`.
 * @param shift - `[down, right]` in pixels.
 * @param boundary - What lies outside.
 * @returns The picture.
 */
export function translateHost(
  image: ArrayLike<number>,
  shape: readonly [number, number, number],
  shift: readonly [number, number],
  boundary: Boundary = "zero",
): Float64Array {
  return translationMomentsHost(image, shape, { y: point(shift[0]), x: point(shift[1]), boundary }).mean;
}
