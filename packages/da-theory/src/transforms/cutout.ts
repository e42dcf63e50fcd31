import { ArgumentError, checkChoice, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { uniform } from "../distribution/distribution.js";
import type { CovarianceTerm } from "../moments/host-covariance.js";
import { createTransform, type ImageShape, type RandomTransform } from "./transform.js";

/** Options of {@link cutout}. */
export interface CutoutOptions {
  /** Side of the square in pixels. */
  size: number;
  /** Value that is put there. @defaultValue 0 */
  fill?: number;
  /** `center`: the centre is any pixel and the square is clipped; `inside`: the square lies inside. @defaultValue `"center"` */
  placement?: "center" | "inside";
}

/** Box sums over all positions of one axis: which pixels each position covers. */
interface Cover {
  positions: number;
  /** First pixel and one after the last. */
  from: Int32Array;
  to: Int32Array;
}

/**
 * A square at a random place replaced by a value; exact.
 *
 * $\mu = x - \pi \odot (x - f)$, $\Sigma_{uv} = (\pi_{uv} - \pi_u\pi_v)(x-f)_u(x-f)_v$ with the frequencies at which pixels are covered
 * together. One product with $\Sigma$ costs as much as two integral images.
 *
 * @param options - See {@link CutoutOptions}.
 * @returns A transform with two parameters in [0, 1): the place as a share of all places, vertically and horizontally.
 * @throws {@link ArgumentError} when an option is out of range, or a square placed inside is larger than the image.
 * @see DeVries, Taylor (2017), Improved regularization of convolutional neural networks with cutout, section 3.2.
 */
export function cutout(options: CutoutOptions): RandomTransform {
  const size = checkInteger("cutout", "size", options.size, { min: 1 });
  const fill = checkNumber("cutout", "fill", options.fill ?? 0);
  const placement = checkChoice("cutout", "placement", options.placement ?? "center", ["center", "inside"]);
  const half = placement === "center" ? Math.floor(size / 2) : 0;
  const places = (side: number) => {
    if (placement === "center") return side;
    if (size > side) {
      throw new ArgumentError(
        `cutout: size is ${size} and the image has a side of ${side}; a square inside must fit`,
        {
          argument: "size",
          value: size,
        },
      );
    }
    return side - size + 1;
  };
  const cover = (side: number): Cover => {
    const positions = places(side);
    return {
      positions,
      from: Int32Array.from({ length: positions }, (_, p) => Math.max(0, p - half)),
      to: Int32Array.from({ length: positions }, (_, p) => Math.min(side, p - half + size)),
    };
  };
  const first = (u: number, side: number) => Math.min(places(side) - 1, Math.floor(u * places(side))) - half;
  return createTransform({
    name: "cutout",
    parameters: { y: uniform(0, 1), x: uniform(0, 1) },
    linear: fill === 0,
    apply: (images, theta) => {
      const covered = (axis: 0 | 1) => {
        const side = images.shape[axis + 1]!;
        const u = tf.slice(theta, [0, axis], [-1, 1]);
        const start = tf.sub(tf.minimum(tf.floor(tf.mul(u, places(side))), places(side) - 1), half);
        const at = tf.sub(tf.reshape(tf.range(0, side), [1, side]), start);
        return tf.cast(tf.logicalAnd(tf.greaterEqual(at, 0), tf.less(at, size)), "float32");
      };
      const mask = tf.mul(
        tf.reshape(covered(0), [-1, images.shape[1], 1, 1]),
        tf.reshape(covered(1), [-1, 1, images.shape[2], 1]),
      );
      return tf.add(tf.mul(images, tf.sub(1, mask)), tf.mul(mask, fill));
    },
    applyHost(image, [height, width, channels], theta, out) {
      out.set(image);
      const [top, left] = [first(theta[0]!, height), first(theta[1]!, width)];
      for (let i = Math.max(0, top); i < Math.min(height, top + size); i++) {
        const row = i * width;
        out.fill(fill, (row + Math.max(0, left)) * channels, (row + Math.min(width, left + size)) * channels);
      }
    },
    exact([height, width]) {
      const [ny, nx] = [places(height), places(width)];
      return {
        count: ny * nx,
        make: () => ({
          theta: Float64Array.from({ length: 2 * ny * nx }, (_, k) => {
            const node = k >> 1;
            return k % 2 === 0 ? (Math.floor(node / nx) + 0.5) / ny : ((node % nx) + 0.5) / nx;
          }),
          weights: new Float64Array(ny * nx).fill(1 / (ny * nx)),
        }),
      };
    },
    async moments(image, shape) {
      const [height, width] = shape;
      const [y, x] = [cover(height), cover(width)];
      const frequency = (c: Cover, side: number) => {
        const counts = new Float64Array(side);
        for (let p = 0; p < c.positions; p++)
          for (let i = c.from[p]!; i < c.to[p]!; i++) counts[i]! += 1 / c.positions;
        return counts;
      };
      const [py, px] = [frequency(y, height), frequency(x, width)];
      const pi = Float64Array.from(
        { length: height * width },
        (_, k) => py[Math.floor(k / width)]! * px[k % width]!,
      );
      const difference = image.map((value) => value - fill);
      const channels = shape[2];
      return {
        shape,
        mean: image.map((value, i) => value - pi[Math.floor(i / channels)]! * difference[i]!),
        terms: [cutoutTerm(shape, difference, pi, y, x)],
        error: { method: "exact", nodes: 0, meanEstimate: 0, traceEstimate: 0 },
      };
    },
  });
}

/** `Σ v = d ⊙ (BᵀB(d ⊙ v) / n - π⟨π, d ⊙ v⟩)` with box sums `B`; channels share the box. */
function cutoutTerm(
  [height, width, channels]: ImageShape,
  d: Float64Array,
  pi: Float64Array,
  y: Cover,
  x: Cover,
): CovarianceTerm {
  const numBoxes = y.positions * x.positions;
  const pixels = height * width;
  const boxSums = (plane: Float64Array): Float64Array => {
    const sums = new Float64Array((height + 1) * (width + 1));
    for (let i = 0; i < height; i++) {
      let row = 0;
      for (let j = 0; j < width; j++) {
        row += plane[i * width + j]!;
        sums[(i + 1) * (width + 1) + j + 1] = sums[i * (width + 1) + j + 1]! + row;
      }
    }
    const out = new Float64Array(numBoxes);
    for (let a = 0; a < y.positions; a++) {
      const [top, bottom] = [y.from[a]! * (width + 1), y.to[a]! * (width + 1)];
      for (let b = 0; b < x.positions; b++) {
        const [left, right] = [x.from[b]!, x.to[b]!];
        out[a * x.positions + b] =
          sums[bottom + right]! - sums[top + right]! - sums[bottom + left]! + sums[top + left]!;
      }
    }
    return out;
  };
  /** Adds a number to all pixels of each box, by differences at its corners. */
  const spread = (weights: Float64Array): Float64Array => {
    const steps = new Float64Array((height + 1) * (width + 1));
    for (let a = 0; a < y.positions; a++) {
      const [top, bottom] = [y.from[a]! * (width + 1), y.to[a]! * (width + 1)];
      for (let b = 0; b < x.positions; b++) {
        const w = weights[a * x.positions + b]!;
        steps[top + x.from[b]!]! += w;
        steps[top + x.to[b]!]! -= w;
        steps[bottom + x.from[b]!]! -= w;
        steps[bottom + x.to[b]!]! += w;
      }
    }
    const out = new Float64Array(pixels);
    const above = new Float64Array(width + 1);
    for (let i = 0; i < height; i++) {
      let row = 0;
      for (let j = 0; j < width; j++) {
        above[j]! += steps[i * (width + 1) + j]!;
        row += above[j]!;
        out[i * width + j] = row;
      }
    }
    return out;
  };
  const addPlane = (plane: Float64Array, out: Float64Array) => {
    for (let i = 0; i < out.length; i++) out[i]! += d[i]! * plane[Math.floor(i / channels)]!;
  };
  return {
    apply(v, out) {
      const plane = new Float64Array(pixels);
      for (let i = 0; i < v.length; i++) plane[Math.floor(i / channels)]! += d[i]! * v[i]!;
      let along = 0;
      for (let k = 0; k < pixels; k++) along += pi[k]! * plane[k]!;
      const together = spread(boxSums(plane));
      for (let k = 0; k < pixels; k++) together[k] = together[k]! / numBoxes - pi[k]! * along;
      addPlane(together, out);
    },
    diagonal(out) {
      for (let i = 0; i < out.length; i++) {
        const p = pi[Math.floor(i / channels)]!;
        out[i]! += p * (1 - p) * d[i]! * d[i]!;
      }
    },
    sample(generator, out) {
      const noise = generator.normal64(numBoxes).map((z) => z / Math.sqrt(numBoxes));
      const total = noise.reduce((sum, z) => sum + z, 0);
      addPlane(
        spread(noise).map((z, k) => z - pi[k]! * total),
        out,
      );
    },
  };
}
