import type { Generator } from "@lab/core/random";
import type { ShiftMasses } from "../distribution/shift-masses.js";
import { type ComplexPlane, planeTransform, powerOfTwo } from "../moments/fft.js";
import type { CovarianceTerm } from "../moments/host-covariance.js";
import type { Boundary } from "../transforms/transform.js";
import { addSeparable, massOf, padChannel, type ShiftAxis, shiftedProduct } from "./shift-axis.js";

/** Mean of all translations of an image. */
export function shiftMean(
  image: ArrayLike<number>,
  channels: number,
  y: ShiftAxis,
  x: ShiftAxis,
): Float64Array {
  const mean = new Float64Array(y.size * x.size * channels);
  for (let c = 0; c < channels; c++)
    addSeparable(padChannel(image, y, x, channels, c), y, x, y.g, x.g, 1, mean, channels, c);
  return mean;
}

/** Variances of all values: the mass matrix is tridiagonal, so neighbouring shifts are all that meets. */
function shiftVariances(
  image: ArrayLike<number>,
  channels: number,
  y: ShiftAxis,
  x: ShiftAxis,
  mean: Float64Array,
): Float64Array {
  const out = mean.map((m) => -m * m);
  const width = x.source.length;
  for (let c = 0; c < channels; c++) {
    const p = padChannel(image, y, x, channels, c);
    const add = (product: Float64Array, wy: Float64Array, wx: Float64Array, scale: number) =>
      addSeparable(product, y, x, wy, wx, scale, out, channels, c);
    add(shiftedProduct(p, width, [0, 0], [0, 0]), y.diagonal, x.diagonal, 1);
    if (y.count > 1) add(shiftedProduct(p, width, [0, 0], [1, 0]), y.coupling, x.diagonal, 2);
    if (x.count > 1) add(shiftedProduct(p, width, [0, 0], [0, 1]), y.diagonal, x.coupling, 2);
    if (y.count > 1 && x.count > 1) {
      const both = shiftedProduct(p, width, [0, 0], [1, 1]);
      const other = shiftedProduct(p, width, [1, 0], [0, 1]);
      add(
        both.map((value, i) => value + other[i]!),
        y.coupling,
        x.coupling,
        2,
      );
    }
  }
  return out;
}

/**
 * Covariance of all translations of an image, matrix-free.
 *
 * `corr[s] = ⟨x_s, v⟩` for all shifts is one Fourier product, `E = G corr Gᵀ - g gᵀcorr` acts on the few shifts,
 * and `Σ v = Σ_s E_s x_s` is another one. Channels share the shift.
 */
export function shiftCovariance(
  image: ArrayLike<number>,
  channels: number,
  y: ShiftAxis,
  x: ShiftAxis,
  mean: Float64Array,
  boundary: Boundary,
): CovarianceTerm {
  const numShifts = y.count * x.count;
  // With nothing outside, what wraps around the period meets zeros; else the margins must fit in.
  const sides = (axis: ShiftAxis) => powerOfTwo(axis.size + (boundary === "zero" ? 1 : 2) * axis.margin);
  const fourier = planeTransform(sides(y), sides(x));
  const [rows, columns] = fourier.sides;
  const spectra = Array.from({ length: channels }, (_, c) => {
    const plane = fourier.plane();
    const padded = padChannel(image, y, x, channels, c);
    const width = x.source.length;
    for (let i = 0; i < y.source.length; i++) {
      if (y.source[i]! < 0) continue;
      const to = ((i - y.margin + rows) % rows) * columns;
      for (let j = 0; j < width; j++) {
        if (x.source[j]! >= 0) plane.re[to + ((j - x.margin + columns) % columns)] = padded[i * width + j]!;
      }
    }
    fourier.forward(plane);
    return plane;
  });
  const indexOf = (a: number, b: number) =>
    ((y.first + a + rows) % rows) * columns + ((x.first + b + columns) % columns);

  const correlate = (v: Float64Array): Float64Array => {
    const sum = fourier.plane();
    for (let c = 0; c < channels; c++) {
      const plane = fourier.plane();
      for (let i = 0; i < y.size; i++) {
        for (let j = 0; j < x.size; j++) plane.re[i * columns + j] = v[(i * x.size + j) * channels + c]!;
      }
      fourier.forward(plane);
      addProduct(sum, plane, spectra[c]!, -1);
    }
    fourier.inverse(sum);
    return Float64Array.from(
      { length: numShifts },
      (_, k) => sum.re[indexOf(Math.floor(k / x.count), k % x.count)]!,
    );
  };
  const addCombination = (weights: Float64Array, out: Float64Array) => {
    const plane = fourier.plane();
    for (let k = 0; k < numShifts; k++) plane.re[indexOf(Math.floor(k / x.count), k % x.count)] = weights[k]!;
    fourier.forward(plane);
    for (let c = 0; c < channels; c++) {
      const product = fourier.plane();
      addProduct(product, plane, spectra[c]!, 1);
      fourier.inverse(product);
      for (let i = 0; i < y.size; i++) {
        for (let j = 0; j < x.size; j++)
          out[(i * x.size + j) * channels + c]! += product.re[i * columns + j]!;
      }
    }
  };
  return {
    apply(v, out) {
      if (numShifts === 0) return;
      const corr = correlate(v);
      let along = 0;
      for (let k = 0; k < numShifts; k++)
        along += y.g[Math.floor(k / x.count)]! * x.g[k % x.count]! * corr[k]!;
      const right = new Float64Array(numShifts);
      for (let a = 0; a < y.count; a++) {
        for (let b = 0; b < x.count; b++) {
          let sum = 0;
          for (let d = Math.max(0, b - 1); d <= Math.min(x.count - 1, b + 1); d++)
            sum += massOf(x, b, d) * corr[a * x.count + d]!;
          right[a * x.count + b] = sum;
        }
      }
      const weights = new Float64Array(numShifts);
      for (let a = 0; a < y.count; a++) {
        for (let b = 0; b < x.count; b++) {
          let sum = -y.g[a]! * x.g[b]! * along;
          for (let d = Math.max(0, a - 1); d <= Math.min(y.count - 1, a + 1); d++)
            sum += massOf(y, a, d) * right[d * x.count + b]!;
          weights[a * x.count + b] = sum;
        }
      }
      addCombination(weights, out);
    },
    diagonal(out) {
      const own = shiftVariances(image, channels, y, x, mean);
      for (let i = 0; i < out.length; i++) out[i]! += own[i]!;
    },
    sample(generator, out) {
      if (numShifts === 0) return;
      addCombination(drawShiftWeights(y, x, generator), out);
    },
  };
}

/** `sum += a · b` (sign 1) or `a · conj(b)` (sign -1). */
function addProduct(sum: ComplexPlane, a: ComplexPlane, b: ComplexPlane, sign: 1 | -1): void {
  for (let k = 0; k < sum.re.length; k++) {
    const im = sign * b.im[k]!;
    sum.re[k]! += a.re[k]! * b.re[k]! - a.im[k]! * im;
    sum.im[k]! += a.re[k]! * im + a.im[k]! * b.re[k]!;
  }
}

/**
 * Normal weights of the shifts with covariance `G - g gᵀ`.
 *
 * With `w ~ N(0, G)` that is `w - g (1ᵀw)`, as the rows of `G` sum to `g` and all of it to 1. Shifts that bring nothing
 * into the image are drawn too, for the sum.
 */
function drawShiftWeights(y: ShiftAxis, x: ShiftAxis, generator: Generator): Float64Array {
  const [ny, nx] = [y.whole.g.length, x.whole.g.length];
  const noise = generator.normal64(ny * nx);
  const [ly, lx] = [tridiagonalRoot(y.whole), tridiagonalRoot(x.whole)];
  const half = new Float64Array(ny * nx);
  const w = new Float64Array(ny * nx);
  for (let k = 0; k < half.length; k++) {
    const b = k % nx;
    half[k] = lx.main[b]! * noise[k]! + (b > 0 ? lx.below[b - 1]! * noise[k - 1]! : 0);
  }
  let sum = 0;
  for (let k = 0; k < w.length; k++) {
    const a = Math.floor(k / nx);
    w[k] = ly.main[a]! * half[k]! + (a > 0 ? ly.below[a - 1]! * half[k - nx]! : 0);
    sum += w[k]!;
  }
  const [dy, dx] = [y.first - y.whole.first, x.first - x.whole.first];
  return Float64Array.from({ length: y.count * x.count }, (_, k) => {
    const [a, b] = [Math.floor(k / x.count), k % x.count];
    return w[(a + dy) * nx + b + dx]! - y.g[a]! * x.g[b]! * sum;
  });
}

/** Cholesky factor of a mass matrix. */
function tridiagonalRoot(masses: ShiftMasses): { main: Float64Array; below: Float64Array } {
  const count = masses.g.length;
  const main = new Float64Array(count);
  const below = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const left = i > 0 ? below[i - 1]! : 0;
    main[i] = Math.sqrt(Math.max(0, masses.diagonal[i]! - left * left));
    below[i] = main[i]! > 1e-150 ? masses.coupling[i]! / main[i]! : 0;
  }
  return { main, below };
}
