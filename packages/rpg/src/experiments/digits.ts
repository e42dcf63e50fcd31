import { findData, glyphs, type ImageSet, mnist } from "@lab/core/data";

/** Pictures as standardised flat rows with their classes, on the host. */
export interface Rows {
  x: Float32Array;
  labels: Int32Array;
  count: number;
}

/** Training and test digits: MNIST where it is found, else drawn ones. */
export interface Digits {
  name: "MNIST" | "glyphs (generated)";
  train: Rows;
  test: Rows;
}

/** Pixels of a picture. */
export const PIXELS = 784;
const MEAN = 0.1307;
const DEVIATION = 0.3081;

function rowsOf(set: ImageSet, start: number, end: number): Rows {
  const { x, labels, shape } = set.arrays({ start, end });
  return { x: x.map((value) => (value - MEAN) / DEVIATION), labels, count: shape[0] };
}

/** Loads or draws `numTrain` and `numTest` digits. */
export async function digits(
  dir: string | undefined,
  seed: number,
  numTrain: number,
  numTest: number,
): Promise<Digits> {
  const found = await findData("mnist", { dir });
  if (found) {
    return {
      name: "MNIST",
      train: rowsOf(mnist({ dir: found.dir, split: "train" }), 0, numTrain),
      test: rowsOf(mnist({ dir: found.dir, split: "test" }), 0, numTest),
    };
  }
  const drawn = glyphs({ count: numTrain + numTest, seed });
  return {
    name: "glyphs (generated)",
    train: rowsOf(drawn, 0, numTrain),
    test: rowsOf(drawn, numTrain, numTrain + numTest),
  };
}
