import { cifar10, findData, glyphs, type ImageSet } from "../data/index.js";
import type { ExperimentData } from "../experiment/index.js";

/** Pictures to learn from and to be tested on. */
export interface ClassifierData {
  train: ImageSet;
  test: ImageSet;
}

/** CIFAR-10 where it is on this machine, else generated glyphs. */
export async function loadClassifierData(
  data: ExperimentData,
  numTrain: number,
  numTest: number,
): Promise<ClassifierData> {
  const found = await findData("cifar10", { dir: data.dir });
  if (!found) {
    return { train: glyphs({ count: numTrain, seed: 1 }), test: glyphs({ count: numTest, seed: 2 }) };
  }
  const [train, test] = [
    cifar10({ dir: found.dir, split: "train" }),
    cifar10({ dir: found.dir, split: "test" }),
  ];
  return {
    train: train.take(Math.min(numTrain, train.length)),
    test: test.take(Math.min(numTest, test.length)),
  };
}
