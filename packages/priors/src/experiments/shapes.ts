import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Pictures of filled shapes on a sloping ground with the pixels that belong to a shape. */
export interface ShapePictures {
  /** Brightness in [0, 1], `[count, size, size, 1]`. */
  pictures: Float32Array;
  /** 1 inside a shape, 0 outside, `[count, size, size, 1]`. */
  masks: Float32Array;
  count: number;
  size: number;
}

/** How shapes are drawn. */
export interface ShapeStyle {
  /** Deviation of noise on every pixel. */
  noise: number;
  /** Difference of brightness between a shape and the ground below it. */
  contrast: number;
}

interface Shape {
  kind: "disc" | "square" | "triangle";
  x: number;
  y: number;
  radius: number;
}

const KINDS = ["disc", "square", "triangle"] as const;

function isInside({ kind, x, y, radius }: Shape, column: number, row: number): boolean {
  const [u, v] = [(column - x) / radius, (row - y) / radius];
  if (kind === "disc") return u * u + v * v <= 1;
  if (kind === "square") return Math.abs(u) <= 0.9 && Math.abs(v) <= 0.9;
  return v <= 0.8 && v >= 2 * Math.abs(u) - 1;
}

/** Draws pictures of one to three discs, squares and triangles, some brighter and some darker than the ground. */
export function drawShapes(
  count: number,
  size: number,
  style: ShapeStyle,
  generator: Generator,
): ShapePictures {
  const pixels = size * size;
  const pictures = new Float32Array(count * pixels);
  const masks = new Float32Array(count * pixels);
  for (let n = 0; n < count; n++) {
    const own = generator.split(n);
    const noise = own.split("noise").normal64(pixels);
    const at = own.float64(20);
    const numShapes = 1 + Math.floor(3 * at[0]!);
    const shapes = Array.from({ length: numShapes }, (_, i) => {
      const [kind, x, y, radius, sign] = at.subarray(4 + 5 * i, 9 + 5 * i) as unknown as number[];
      return {
        shape: {
          kind: KINDS[Math.floor(3 * kind!)]!,
          x: size * (0.15 + 0.7 * x!),
          y: size * (0.15 + 0.7 * y!),
          radius: size * (0.1 + 0.12 * radius!),
        },
        change: (sign! < 0.5 ? -1 : 1) * style.contrast,
      };
    });
    for (let i = 0; i < pixels; i++) {
      const [row, column] = [Math.floor(i / size), i % size];
      const ground = 0.5 + 0.2 * ((at[1]! - 0.5) * (column / size) + (at[2]! - 0.5) * (row / size));
      const top = shapes.findLast(({ shape }) => isInside(shape, column, row));
      const value = ground + (top?.change ?? 0) + style.noise * noise[i]!;
      pictures[n * pixels + i] = Math.min(1, Math.max(0, value));
      masks[n * pixels + i] = top ? 1 : 0;
    }
  }
  return { pictures, masks, count, size };
}

/** Pictures and masks on the device. */
export interface ShapeBatch {
  x: tf.Tensor4D;
  y: tf.Tensor4D;
}

/** The pictures at some indices as a batch. */
export function batchOfShapes(from: ShapePictures, indices: readonly number[]): ShapeBatch {
  const pixels = from.size * from.size;
  const take = (values: Float32Array) => {
    const taken = new Float32Array(indices.length * pixels);
    for (const [to, index] of indices.entries())
      taken.set(values.subarray(index * pixels, (index + 1) * pixels), to * pixels);
    return tf.tensor4d(taken, [indices.length, from.size, from.size, 1]);
  };
  return { x: take(from.pictures), y: take(from.masks) };
}
