import { findData, glyphs, type ImageSet, mnist } from "@lab/core/data";
import type { ExperimentData } from "@lab/core/experiment";

/** Pictures as whole numbers from 0 to 255. */
export interface Pixels {
  /** Name of the data. */
  name: string;
  /** Training pictures, one a row. */
  train: Uint8Array;
  /** Test pictures, one a row. */
  test: Uint8Array;
  /** Number of training pictures. */
  numTrain: number;
  /** Number of test pictures. */
  numTest: number;
  /** Height and width. */
  size: number;
}

/** The first pictures of MNIST where it is found, else generated glyphs. */
export async function loadPixels(data: ExperimentData, numTrain: number, numTest: number): Promise<Pixels> {
  const found = await findData("mnist", { dir: data.dir });
  const sets: [ImageSet, ImageSet] =
    found === null
      ? [glyphs({ count: numTrain, seed: "train" }), glyphs({ count: numTest, seed: "test" })]
      : [await mnist({ dir: found.dir, split: "train" }), await mnist({ dir: found.dir, split: "test" })];
  const [train, test] = [sets[0].take(numTrain), sets[1].take(numTest)];
  return {
    name: train.name,
    train: bytesOf(train),
    test: bytesOf(test),
    numTrain: train.length,
    numTest: test.length,
    size: train.imageShape[0],
  };
}

/** Values of pictures as whole numbers from 0 to 255, one picture a row. */
export function bytesOf(set: ImageSet): Uint8Array {
  const perPicture = set.imageShape.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(set.length * perPicture);
  const step = 2000;
  for (let start = 0; start < set.length; start += step) {
    const { x } = set.arrays({ start, end: Math.min(start + step, set.length) });
    const at = start * perPicture;
    for (let i = 0; i < x.length; i++) bytes[at + i] = Math.round(255 * x[i]!);
  }
  return bytes;
}

/** The central `side × side` pixels of square pictures. */
export function centralPixels(bytes: Uint8Array, count: number, size: number, side: number): Uint8Array {
  const first = Math.floor((size - side) / 2);
  const out = new Uint8Array(count * side * side);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < side; y++) {
      const from = i * size * size + (first + y) * size + first;
      out.set(bytes.subarray(from, from + side), at);
      at += side;
    }
  }
  return out;
}
