import { ArgumentError } from "@lab/core";
import { readNpy } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";

/** A matrix of a .npy file on the device. */
export async function readMatrix(argument: string, path: string): Promise<tf.Tensor2D> {
  const { shape, data } = await readNpy(path);
  if (shape.length !== 2) {
    throw new ArgumentError(`lab sparse: ${argument} has shape [${shape}]; a matrix was expected`, {
      argument,
      value: path,
    });
  }
  return tf.tensor2d(Float32Array.from(data as ArrayLike<number>), shape as [number, number]);
}
