import { findData, glyphs, type ImageSet, mnist } from "@lab/core/data";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Pictures as flat rows with their classes, on the host. */
export interface Rows {
  x: Float32Array;
  labels: Int32Array;
  count: number;
  dim: number;
}

/** Source and downstream pictures: MNIST where it is found, else drawn figures. */
export interface TransferImages {
  name: string;
  source: Rows;
  /** Pictures that the source task has not seen. */
  downstream: Rows;
  test: Rows;
}

function rowsOf(set: ImageSet, start: number, end: number): Rows {
  const { x, labels, shape } = set.arrays({ start, end });
  return { x, labels, count: shape[0], dim: shape[1] * shape[2] * shape[3] };
}

/** How many pictures each part has. */
export interface ImageCounts {
  source: number;
  downstream: number;
  test: number;
}

/** Loads or draws the pictures. */
export async function transferImages(
  dir: string | undefined,
  seed: number,
  counts: ImageCounts,
): Promise<TransferImages> {
  const found = await findData("mnist", { dir });
  if (found) {
    const train = mnist({ dir: found.dir, split: "train" });
    return {
      name: "MNIST",
      source: rowsOf(train, 0, counts.source),
      downstream: rowsOf(train, counts.source, counts.source + counts.downstream),
      test: rowsOf(mnist({ dir: found.dir, split: "test" }), 0, counts.test),
    };
  }
  const drawn = glyphs({ count: counts.source + counts.downstream + counts.test, seed });
  const rest = counts.source + counts.downstream;
  return {
    name: "glyphs (generated)",
    source: rowsOf(drawn, 0, counts.source),
    downstream: rowsOf(drawn, counts.source, rest),
    test: rowsOf(drawn, rest, rest + counts.test),
  };
}

/** Adds normal noise and clamps to [0, 1]. */
export function noisy(rows: Rows, deviation: number, generator: Generator): Rows {
  const noise = generator.normal64(rows.x.length);
  const x = rows.x.map((value, i) => Math.min(1, Math.max(0, value + deviation * noise[i]!)));
  return { ...rows, x };
}

/** `shots` rows of each class, chosen at random. */
export function fewShot(rows: Rows, shots: number, generator: Generator): Rows {
  const taken: number[] = [];
  const counts = new Map<number, number>();
  for (const index of generator.permutation(rows.count)) {
    const label = rows.labels[index]!;
    const count = counts.get(label) ?? 0;
    if (count === shots) continue;
    counts.set(label, count + 1);
    taken.push(index);
  }
  return pick(rows, taken);
}

/** The rows at some indices. */
export function pick(rows: Rows, indices: readonly number[]): Rows {
  const x = new Float32Array(indices.length * rows.dim);
  const labels = new Int32Array(indices.length);
  for (const [to, from] of indices.entries()) {
    x.set(rows.x.subarray(from * rows.dim, (from + 1) * rows.dim), to * rows.dim);
    labels[to] = rows.labels[from]!;
  }
  return { x, labels, count: indices.length, dim: rows.dim };
}

/** A batch on the device. */
export interface Batch {
  x: tf.Tensor2D;
  y: tf.Tensor1D;
}

/** Batches of random rows by step: the same step gives the same batch. */
export function batchesOf(rows: Rows, size: number, generator: Generator): (step: number) => Batch {
  return (step) => {
    const uniforms = generator.split(step).float64(size);
    const { x, labels } = pick(
      rows,
      Array.from(uniforms, (u) => Math.floor(u * rows.count)),
    );
    return { x: tf.tensor2d(x, [size, rows.dim]), y: tf.tensor1d(labels, "int32") };
  };
}
