import { DataError } from "@lab/core";
import type { ImageFolder } from "@lab/core/data";
import { normalizeImageNet, pipeline, randomFlip, randomResizedCrop } from "@lab/core/image";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Pictures and their classes, `[n, size, size, 3]` standardised by channel. */
export interface PictureBatch {
  x: tf.Tensor4D;
  y: tf.Tensor1D;
}

/** Data of the paper's protocol, below one folder. */
export function rootOf(caller: string, dir: string | undefined): string {
  const root = dir ?? globalThis.process?.env.LAB_DATA_DIR;
  if (root !== undefined) return root;
  throw new DataError(
    `${caller}: no data folder is given; one with weights and image folders was expected, by --data or LAB_DATA_DIR`,
    { path: "data" },
  );
}

async function read(set: ImageFolder, indices: readonly number[]): Promise<PictureBatch> {
  const { x, shape, labels } = await set.read(indices);
  return { x: tf.tensor4d(x, shape), y: tf.tensor1d(labels, "int32") };
}

/** Random pictures of chosen ones by step, cropped and mirrored at random; the same step gives the same batch. */
export function trainingBatches(
  set: ImageFolder,
  chosen: readonly number[],
  options: { size: number; batch: number; generator: Generator },
): (step: number) => Promise<PictureBatch> {
  const { size, batch, generator } = options;
  const augment = pipeline(randomResizedCrop({ size, scale: [0.5, 1] }), randomFlip());
  return async (step) => {
    const own = generator.split(step);
    const picked = Array.from(
      own.split("pictures").float64(batch),
      (u) => chosen[Math.floor(u * chosen.length)]!,
    );
    const { x, y } = await read(set, picked);
    const changed = tf.tidy(() => normalizeImageNet(augment(x, own.split("augmentation"))));
    x.dispose();
    return { x: changed, y };
  };
}

/** All pictures in their order, a batch at a time. */
export async function* testBatches(set: ImageFolder, batch: number): AsyncGenerator<PictureBatch> {
  for (let from = 0; from < set.length; from += batch) {
    const count = Math.min(batch, set.length - from);
    const { x, y } = await read(
      set,
      Array.from({ length: count }, (_, i) => from + i),
    );
    const whole = normalizeImageNet(x);
    x.dispose();
    yield { x: whole, y };
  }
}

/** `shots` pictures of each class, or all of them. */
export function chosenOf(set: ImageFolder, shots: number | "all", generator: Generator): number[] {
  const order = generator.permutation(set.length);
  if (shots === "all") return [...order];
  const counts = new Map<number, number>();
  return [...order].filter((index) => {
    const label = set.labels[index]!;
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    return count <= shots;
  });
}
