import type { ImageShape } from "../src/index.js";

/** `x_ij = sin(1.7 i + 0.9 j)`, one channel. */
export function goldenImage(height: number, width: number): Float64Array {
  return Float64Array.from({ length: height * width }, (_, k) =>
    Math.sin(1.7 * Math.floor(k / width) + 0.9 * (k % width)),
  );
}

/** Values for any shape that no symmetry hides a mistake in. */
export function colourImage([height, width, channels]: ImageShape): Float64Array {
  return Float64Array.from(
    { length: height * width * channels },
    (_, k) => 0.5 + 0.4 * Math.sin(1.3 * k + 0.02 * k * k),
  );
}

export const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
