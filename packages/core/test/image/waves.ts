import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";

/** Values and gradients of torch and torchvision; made by test/reference/image.py. */
export const reference = JSON.parse(
  readFileSync(new URL("../reference/image.json", import.meta.url), "utf8"),
);

/** The script's test images: a sine over all values, between `low` and `high`. */
export function wave(shape: number[], low = -1, high = 1, speed = 0.7): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => (Math.sin(i * speed) * (high - low)) / 2 + (high + low) / 2,
  );
  return tf.tensor(values, shape);
}
