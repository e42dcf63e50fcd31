import { cifar10, findData, glyphs, type ImageSet, mnist } from "@lab/core/data";
import { Generator } from "@lab/core/random";

/** The first paper. */
export const samplesPaper = {
  title: "A Data-Augmentation Is Worth A Thousand Samples",
  authors: "R. Balestriero, I. Misra, Y. LeCun",
  year: 2022,
  arxiv: "2202.08325",
} as const;

/** Labelled pictures on the host. */
export interface Pictures {
  /** Name of the data. */
  name: string;
  /** Values, picture by picture. */
  x: Float32Array;
  /** Classes. */
  labels: Int32Array;
  /** `[height, width, channels]`. */
  shape: [number, number, number];
  /** Number of pictures. */
  count: number;
}

/** Pictures drawn at random from MNIST, or glyphs where it is not on disk. */
export async function digits(
  count: number,
  seed: number,
  split: "train" | "test",
  dir: string | undefined,
): Promise<Pictures> {
  const found = await findData("mnist", { dir });
  if (!found) return gathered(glyphs({ count, seed: split === "train" ? seed : seed + 1000 }));
  return drawn(mnist({ dir: found.dir, split }), count, seed);
}

/** Pictures drawn at random from CIFAR-10, or null where it is not on disk. */
export async function colours(
  count: number,
  seed: number,
  dir: string | undefined,
): Promise<Pictures | null> {
  const found = await findData("cifar10", { dir });
  return found ? drawn(cifar10({ dir: found.dir, split: "train" }), count, seed) : null;
}

function drawn(set: ImageSet, count: number, seed: number): Pictures {
  const order = new Generator(seed).split("pictures").permutation(set.length);
  return gathered(set.select(order.subarray(0, Math.min(count, set.length))));
}

function gathered(set: ImageSet): Pictures {
  const { x, labels, shape } = set.arrays();
  const [count, ...image] = shape;
  return { name: set.name, x, labels, shape: image, count };
}

/** One picture of a set. */
export function pictureAt(set: Pictures, index: number): Float32Array {
  const size = set.shape[0] * set.shape[1] * set.shape[2];
  return set.x.slice(index * size, (index + 1) * size);
}

/** The middle value, or the mean of both. */
export function median(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/** Value below which a share of the values lies, interpolated. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.slice().sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
