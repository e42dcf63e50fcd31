import { ArgumentError, DataError } from "@lab/core";
import { cifar10, type Dataset, fashionMnist, glyphs, imageFolder, mnist, optdigits } from "@lab/core/data";
import { type NpyArray, readNpy, readNpz } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { arrayDataset } from "../pretraining/index.js";

/** Samples for a command. */
export interface CommandData {
  data: Dataset<{ x: tf.Tensor; label: number }>;
  length: number;
  /** Shape of a sample. */
  shape: readonly number[];
  hasLabels: boolean;
}

const NAMED = ["mnist", "fashion-mnist", "cifar10", "optdigits", "glyphs"] as const;

/** Reads the data set of a name, an .npy or .npz file, or a folder of pictures with one subfolder a class. */
export async function readData(source: string, size: number, seed: number): Promise<CommandData> {
  if (/\.np[yz]$/.test(source)) return fromFile(source);
  if ((NAMED as readonly string[]).includes(source)) {
    const set = {
      mnist: () => mnist({ split: "train" }),
      "fashion-mnist": () => fashionMnist({ split: "train" }),
      cifar10: () => cifar10({ split: "train" }),
      optdigits: () => optdigits(),
      glyphs: () => glyphs({ count: 2000, size: size > 0 && size <= 8 ? 8 : 28, seed }),
    }[source as (typeof NAMED)[number]]();
    return { data: set, length: set.length, shape: set.imageShape, hasLabels: true };
  }
  // Views are cut from a picture somewhat larger than they are.
  const side = Math.round((size || 224) * 1.15);
  const folder = imageFolder(source, { size: side });
  return { data: folder, length: folder.length, shape: [side, side, 3], hasLabels: true };
}

async function fromFile(path: string): Promise<CommandData> {
  let samples: NpyArray | undefined;
  let labels: NpyArray | undefined;
  if (path.endsWith(".npz")) {
    const arrays = await readNpz(path);
    samples = arrays.get("x") ?? arrays.get("images");
    labels = arrays.get("y") ?? arrays.get("labels");
    if (!samples) {
      throw new DataError(
        `lab ssl: ${path} holds ${[...arrays.keys()].join(", ") || "nothing"}; an array x or images was expected`,
        { path },
      );
    }
  } else samples = await readNpy(path);
  const { shape, values } = asSamples(path, samples);
  const classes = labels && Int32Array.from(labels.data as ArrayLike<number>, Number);
  return {
    data: arrayDataset(values, shape, classes),
    length: shape[0]!,
    shape: shape.slice(1),
    hasLabels: classes !== undefined,
  };
}

/** Values as floats; bytes are pictures with 255 as white. */
function asSamples(path: string, { shape, data }: NpyArray): { shape: number[]; values: Float32Array } {
  if (shape.length < 2 || shape.length > 4) {
    throw new ArgumentError(
      `lab ssl: ${path} has shape [${shape}]; [samples,columns], [samples,height,width] or [samples,height,width,channels] was expected`,
      { argument: "data", value: shape },
    );
  }
  const white = data instanceof Uint8Array ? 255 : 1;
  const values = Float32Array.from(data as ArrayLike<number>, (value) => Number(value) / white);
  return { shape: shape.length === 3 ? [...shape, 1] : [...shape], values };
}

/** Reads a matrix of embeddings. */
export async function readMatrix(argument: string, path: string): Promise<tf.Tensor2D> {
  const { shape, data } = await readNpy(path);
  if (shape.length !== 2) {
    throw new ArgumentError(`lab ssl: ${argument} has shape [${shape}]; [rows,columns] was expected`, {
      argument,
      value: shape,
    });
  }
  return tf.tensor2d(Float32Array.from(data as ArrayLike<number>, Number), [shape[0]!, shape[1]!]);
}

/** Reads one class a row. */
export async function readLabels(argument: string, path: string, count: number): Promise<Int32Array> {
  const { shape, data } = await readNpy(path);
  if (shape.length !== 1 || shape[0] !== count) {
    throw new ArgumentError(`lab ssl: ${argument} has shape [${shape}]; [${count}] was expected`, {
      argument,
      value: shape,
    });
  }
  return Int32Array.from(data as ArrayLike<number>, Number);
}
