import { ArgumentError } from "@lab/core";
import { imageFolder } from "@lab/core/data";
import { readNpy } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { imagePatches, type PictureSource } from "../data/index.js";
import { pictures, strokeData } from "../experiments/training-data.js";
import type { BatchPasses, PresetData } from "../training/index.js";

/** Data that a command names. */
export interface NamedData {
  train: tf.Tensor2D | BatchPasses;
  /** Held-out rows. */
  test: tf.Tensor2D;
  /** Side of a picture, where rows are square. */
  side: number;
  /** What values were divided by. */
  scale: number;
  /** Tables of the presets that belong to the data. */
  preset: PresetData;
  /** Frees the tensors. */
  dispose(): void;
}

/** Batches of a held-out part of a folder. */
const TEST_BATCHES = 4;
const BATCH = 250;

/**
 * Opens data by name: `strokes`, `mnist` (drawn figures where it is not found), a .npy matrix, or a folder of pictures.
 *
 * A folder is streamed: one picture is in memory at a time. Every tenth picture of it, and the last tenth of a matrix, is held out.
 */
export async function openData(
  name: string,
  o: { dir?: string | undefined; count?: number | undefined; seed: number; signal: AbortSignal },
): Promise<NamedData> {
  if (name === "strokes") {
    const train = o.count ?? 5000;
    return owned(strokeData({ train, test: Math.min(1000, Math.max(250, train / 5)) }), "strokes");
  }
  if (name === "mnist") {
    const train = o.count ?? 55_000;
    const test = Math.min(5000, Math.max(250, Math.floor(train / 11)));
    return owned(await pictures(o.dir, o.seed, { train, test }), "mnist");
  }
  if (name.endsWith(".npy")) return ofMatrix(name);
  return ofFolder(name, o);
}

function owned(
  data: { train: tf.Tensor2D; test: tf.Tensor2D; side: number; scale: number },
  preset: PresetData,
): NamedData {
  return { ...data, preset, dispose: () => tf.dispose([data.train, data.test]) };
}

async function ofMatrix(path: string): Promise<NamedData> {
  const { shape, data } = await readNpy(path);
  const [rows, dim] = shape as [number, number];
  if (shape.length !== 2 || rows < 10) {
    throw new ArgumentError(
      `lab sparse: data has shape [${shape}]; a matrix of at least 10 rows was expected`,
      {
        argument: "data",
        value: path,
      },
    );
  }
  const values = Float32Array.from(data as ArrayLike<number>);
  const kept = rows - Math.max(1, Math.floor(rows / 10));
  const part = (from: number, to: number) =>
    tf.tensor2d(values.slice(from * dim, to * dim), [to - from, dim]);
  const [train, test] = [part(0, kept), part(kept, rows)];
  return owned({ train, test, side: Math.sqrt(dim), scale: 1 }, "patches");
}

async function ofFolder(path: string, o: { count?: number | undefined; seed: number; signal: AbortSignal }) {
  const all = imageFolder(path, { size: 256, channels: 1 });
  const part = (isHeldOut: boolean): PictureSource => {
    const places = Array.from({ length: all.length }, (_, i) => i).filter(
      (i) => (i % 10 === 9) === isHeldOut,
    );
    return { length: places.length, get: (index) => all.get(places[index]!) };
  };
  const options = { seed: o.seed, signal: o.signal, contrast: { floor: "batch" } as const, batchSize: BATCH };
  const held: tf.Tensor2D[] = [];
  const perImage = Math.ceil((2 * TEST_BATCHES * BATCH) / part(true).length);
  const count = TEST_BATCHES * BATCH;
  for await (const batch of imagePatches(part(true), { ...options, perImage, count })) held.push(batch);
  if (held.length === 0) {
    throw new ArgumentError(
      `lab sparse: data gave fewer than ${BATCH} patches to hold out; a folder of more pictures was expected`,
      { argument: "data", value: path },
    );
  }
  const test = tf.concat(held);
  tf.dispose(held);
  const train = imagePatches(part(false), {
    ...options,
    ...(o.count === undefined ? {} : { count: o.count }),
  });
  return { train, test, side: 28, scale: 0.259, preset: "patches" as const, dispose: () => test.dispose() };
}
