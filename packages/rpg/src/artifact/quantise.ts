import { checkChoice, checkFinite, checkInteger } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { ParameterGenerator } from "../generator/index.js";

/** Options of {@link quantiseRing} and {@link fakeQuantise}. */
export interface QuantiseOptions {
  /** Bits of each number. */
  bits: 8 | 6 | 4 | 3;
  /** Neighbours on the ring that share a scale. @defaultValue 64 */
  groupSize?: number;
}

/** A ring in few bits. */
export interface QuantisedRing {
  /** Bits of each number. */
  bits: 8 | 6 | 4 | 3;
  /** Neighbours that share a scale. */
  groupSize: number;
  /** Whole numbers from $-(2^{bits-1}-1)$ to $2^{bits-1}-1$. */
  values: Int8Array;
  /** What each group's numbers are multiplied by. */
  scales: Float32Array;
}

const GROUP_SIZE = 64;

/**
 * Rounds a ring to few bits, group by group.
 *
 * $q = \mathrm{round}(w/s)$ with $s = \max|w|/m$ over the group and $m = 2^{bits-1}-1$; halves round up.
 *
 * @param ring - The numbers, all finite.
 * @param options - See {@link QuantiseOptions}.
 * @returns See {@link QuantisedRing}.
 * @throws {@link ArgumentError} when an option is out of range or a number is not finite.
 * @example
 * ```ts
 * import { dequantiseRing, quantiseRing } from "@lab/rpg";
 *
 * const quantised = quantiseRing(Float32Array.of(7, -3.4, 0), { bits: 4 });
 * Array.from(quantised.values); // => [7, -3, 0]
 * Array.from(dequantiseRing(quantised)); // => [7, -3, 0]
 * ```
 */
export function quantiseRing(ring: Float32Array, options: QuantiseOptions): QuantisedRing {
  const bits = checkChoice("quantiseRing", "bits", options.bits, [8, 6, 4, 3] as const);
  const groupSize = checkInteger("quantiseRing", "groupSize", options.groupSize ?? GROUP_SIZE, { min: 1 });
  checkFinite("quantiseRing", "ring", ring);
  const most = 2 ** (bits - 1) - 1;
  const scales = new Float32Array(Math.ceil(ring.length / groupSize));
  const values = new Int8Array(ring.length);
  for (let group = 0; group < scales.length; group++) {
    const part = ring.subarray(group * groupSize, (group + 1) * groupSize);
    const largest = part.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const scale = Math.fround(largest / most) || 1;
    scales[group] = scale;
    for (let i = 0; i < part.length; i++) {
      values[group * groupSize + i] = Math.min(most, Math.max(-most, Math.round(part[i]! / scale)));
    }
  }
  return { bits, groupSize, values, scales };
}

/**
 * The numbers that a quantised ring stands for.
 *
 * @param quantised - What {@link quantiseRing} gave.
 */
export function dequantiseRing(quantised: QuantisedRing): Float32Array {
  const { values, scales, groupSize } = quantised;
  return Float32Array.from(values, (value, i) => value * scales[Math.floor(i / groupSize)]!);
}

const removers = new WeakMap<ParameterGenerator, () => void>();

/**
 * Lets every pass see the quantised ring while the gradient passes unchanged, for training that anticipates rounding.
 *
 * @param generator - The generator.
 * @param options - See {@link QuantiseOptions}; `null` turns it off.
 * @throws {@link ArgumentError} when an option is out of range.
 */
export function fakeQuantise(generator: ParameterGenerator, options: QuantiseOptions | null): void {
  removers.get(generator)?.();
  removers.delete(generator);
  if (options === null) return;
  const bits = checkChoice("fakeQuantise", "bits", options.bits, [8, 6, 4, 3] as const);
  const groupSize = checkInteger("fakeQuantise", "groupSize", options.groupSize ?? GROUP_SIZE, { min: 1 });
  const most = 2 ** (bits - 1) - 1;
  const rounded = (ring: tf.Tensor): tf.Tensor => {
    const numGroups = Math.ceil(generator.size / groupSize);
    const padding = numGroups * groupSize - generator.size;
    const groups = tf.reshape(tf.pad(ring, [[0, padding]]), [numGroups, groupSize]);
    const largest = tf.div(tf.max(tf.abs(groups), 1, true), most);
    const scale = tf.where(tf.greater(largest, 0), largest, tf.onesLike(largest));
    const whole = tf.clipByValue(tf.floor(tf.add(tf.div(groups, scale), 0.5)), -most, most);
    return tf.slice(tf.reshape(tf.mul(whole, scale), [-1]), 0, generator.size);
  };
  const straightThrough = tf.customGrad((x) => ({
    value: rounded(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor | tf.Tensor[]) => tf.clone(Array.isArray(dy) ? dy[0]! : dy),
  }));
  removers.set(generator, generator.addForward(straightThrough));
}
