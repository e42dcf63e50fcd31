import { cifar10, findData, glyphs, type ImageSet, mnist } from "@lab/core/data";
import type { Pictures } from "./transform-spec.js";

/** Training and test pictures of a sweep. */
export interface SweepData {
  /** Name of the data. */
  name: string;
  /** Pictures to train on, before a seed draws its own. */
  train: ImageSet;
  /** Pictures to test on. */
  test: Pictures;
  /** Number of classes. */
  numClasses: number;
  /** Names of the classes. */
  classNames: readonly string[] | undefined;
}

/** Blocks of 2×2 pixels averaged. */
function halve({ x, labels, shape: [height, width, channels] }: Pictures): Pictures {
  const [h, w] = [height >> 1, width >> 1];
  const out = new Float32Array(labels.length * h * w * channels);
  for (let n = 0, at = 0; n < labels.length; n++)
    for (let i = 0; i < h; i++)
      for (let j = 0; j < w; j++)
        for (let c = 0; c < channels; c++, at++) {
          const from = ((n * height + 2 * i) * width + 2 * j) * channels + c;
          const below = from + width * channels;
          out[at] = (x[from]! + x[from + channels]! + x[below]! + x[below + channels]!) / 4;
        }
  return { x: out, labels, shape: [h, w, channels] };
}

/** Some pictures of a set as arrays, at half the size where asked for. */
export function picturesOf(set: ImageSet, isHalved: boolean): Pictures {
  const { x, labels, shape } = set.arrays();
  const pictures: Pictures = { x, labels, shape: [shape[1], shape[2], shape[3]] };
  return isHalved ? halve(pictures) : pictures;
}

/** A data set where it is found on this machine, else generated glyphs. */
export async function loadSweepData(
  name: "mnist" | "cifar10",
  options: { dir: string | undefined; numTest: number; isHalved: boolean },
): Promise<SweepData> {
  const found = await findData(name, { dir: options.dir });
  const open = name === "mnist" ? mnist : cifar10;
  const train = found ? open({ dir: found.dir, split: "train" }) : glyphs({ count: 10_000, seed: 1 });
  const all = found
    ? open({ dir: found.dir, split: "test" })
    : glyphs({ count: Math.min(options.numTest, 2000), seed: 2 });
  const test = all.take(Math.min(options.numTest, all.length));
  return {
    name: train.name,
    train,
    test: picturesOf(test, options.isHalved),
    numClasses: train.numClasses,
    classNames: train.classNames,
  };
}
