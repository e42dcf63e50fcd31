import { DataError } from "@lab/core";
import { cifar10, findData, glyphs, type ImageSet, imageFolder } from "@lab/core/data";
import { normalizeImageNet } from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";

/** Labelled pictures, standardised by channel, as they are asked for. */
export interface Pictures {
  count: number;
  numClasses: number;
  /** `[height, width, channels]`. */
  shape: [number, number, number];
  /** Pictures at some indices; the tensor belongs to the caller. */
  at(indices: ArrayLike<number>): Promise<{ x: tf.Tensor4D; labels: Int32Array }>;
}

/** Training and test pictures. */
export interface PictureData {
  name: string;
  /** Whether a mirrored picture shows the same. */
  canFlip: boolean;
  train: Pictures;
  test: Pictures;
}

const CIFAR = { mean: [0.49, 0.48, 0.45], deviation: 0.22 };

/** Pictures in memory, averaged over 2×2 pixels. */
function pooled(set: ImageSet, start: number, end: number): Pictures {
  const { x, labels, shape } = set.arrays({ start, end });
  const [count, height, width, channels] = shape;
  const size = [height >> 1, width >> 1, channels] as const;
  const mean = channels === 3 ? CIFAR.mean : [0.47];
  const values = new Float32Array(count * size[0] * size[1] * channels);
  const at = (i: number, row: number, column: number, c: number) =>
    x[((i * height + row) * width + column) * channels + c]!;
  let to = 0;
  for (let i = 0; i < count; i++) {
    for (let row = 0; row < size[0]; row++) {
      for (let column = 0; column < size[1]; column++) {
        for (let c = 0; c < channels; c++) {
          const [r, k] = [2 * row, 2 * column];
          const sum = at(i, r, k, c) + at(i, r, k + 1, c) + at(i, r + 1, k, c) + at(i, r + 1, k + 1, c);
          values[to++] = (sum / 4 - mean[c]!) / CIFAR.deviation;
        }
      }
    }
  }
  const length = size[0] * size[1] * channels;
  return {
    count,
    numClasses: set.numClasses,
    shape: [...size],
    at: async (indices) => {
      const chosen = new Float32Array(indices.length * length);
      for (let i = 0; i < indices.length; i++) {
        chosen.set(values.subarray(indices[i]! * length, (indices[i]! + 1) * length), i * length);
      }
      return {
        x: tf.tensor4d(chosen, [indices.length, ...size]),
        labels: Int32Array.from(indices, (index) => labels[index]!),
      };
    },
  };
}

/** CIFAR-10 where it is found, else drawn signs, at half their size. */
export async function smallPictures(
  dir: string | undefined,
  seed: number,
  numTrain: number,
  numTest: number,
): Promise<PictureData> {
  const found = await findData("cifar10", { dir });
  if (!found) {
    const drawn = glyphs({ count: numTrain + numTest, seed });
    return {
      name: "glyphs (generated)",
      canFlip: false,
      train: pooled(drawn, 0, numTrain),
      test: pooled(drawn, numTrain, numTrain + numTest),
    };
  }
  const [train, test] = (["train", "test"] as const).map((split) => cifar10({ dir: found.dir, split }));
  return {
    name: "CIFAR-10, or the part that is there",
    canFlip: true,
    train: pooled(train!, 0, Math.min(numTrain, train!.length)),
    test: pooled(test!, 0, Math.min(numTest, test!.length)),
  };
}

/** ImageNet from the folders `imagenet/train` and `imagenet/val`, decoded when it is asked for. */
export async function imagenet(dir: string | undefined): Promise<PictureData> {
  const root = dir ?? globalThis.process?.env.LAB_DATA_DIR;
  if (root === undefined) {
    throw new DataError(
      "rpg-imagenet: no data folder is given; one with imagenet/train and imagenet/val was expected, by --data or LAB_DATA_DIR",
      { path: "imagenet" },
    );
  }
  const load = (part: string): Pictures => {
    // The shorter side to 256 pixels, and the square in the middle.
    const set = imageFolder(`${root}/imagenet/${part}`, { size: 256 });
    return {
      count: set.length,
      numClasses: set.classNames.length,
      shape: [256, 256, 3],
      at: async (indices) => {
        const { x, shape, labels } = await set.read(indices);
        return { x: tf.tidy(() => normalizeImageNet(tf.tensor4d(x, shape))), labels };
      },
    };
  };
  return { name: "ImageNet", canFlip: true, train: load("train"), test: load("val") };
}
