import { ArgumentError } from "@lab/core";
import type { Dataset } from "@lab/core/data";
import * as tf from "@tensorflow/tfjs-core";
import type { ImageShape } from "../transforms/transform.js";
import { batchShapeOf, imageShapeOf } from "./augmented-moments.js";

/** Images: a batch `[N, height, width, channels]`, or a data set of labelled pictures. */
export type Images = tf.Tensor4D | Dataset<{ x: tf.Tensor; label: number }>;

/** Images on the host. */
export interface ImageValues {
  /** Values, image by image. */
  values: Float32Array;
  /** Classes, where the images have any. */
  labels: Int32Array | undefined;
  /** `[height, width, channels]`. */
  shape: ImageShape;
  /** Number of images. */
  count: number;
}

/** Reads a batch or a whole data set; tensors of a data set are freed, a batch is not. */
export async function imageValues(caller: string, data: Images): Promise<ImageValues> {
  if (data instanceof tf.Tensor || "dataId" in data) {
    const images = data as tf.Tensor4D;
    const shape = batchShapeOf(caller, images);
    const count = images.shape[0];
    refuseEmpty(caller, count);
    return { values: Float32Array.from(await images.data()), labels: undefined, shape, count };
  }
  const parts: Float32Array[] = [];
  const labels: number[] = [];
  let shape: ImageShape | undefined;
  for await (const { x, label } of data) {
    const own = imageShapeOf(caller, x);
    shape ??= own;
    parts.push((await x.data()) as Float32Array);
    labels.push(label);
    x.dispose();
    if (own.some((side, axis) => side !== shape![axis])) {
      throw new ArgumentError(
        `${caller}: image ${labels.length - 1} has shape [${own.join(",")}] and the first has [${shape.join(",")}]; equal shapes were expected`,
        {
          argument: "data",
          value: own,
        },
      );
    }
  }
  refuseEmpty(caller, labels.length);
  const size = parts[0]!.length;
  const values = new Float32Array(parts.length * size);
  for (const [n, part] of parts.entries()) values.set(part, n * size);
  return { values, labels: Int32Array.from(labels), shape: shape!, count: labels.length };
}

function refuseEmpty(caller: string, count: number): void {
  if (count > 0) return;
  throw new ArgumentError(`${caller}: data holds no image; at least one was expected`, {
    argument: "data",
    value: count,
  });
}
