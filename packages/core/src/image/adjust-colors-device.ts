import * as tf from "@tensorflow/tfjs-core";
import type { ColorChange } from "./adjust-colors.js";
import { GREY } from "./color.js";

const clamp = (x: tf.Tensor4D) => tf.clipByValue(x, 0, 1);

/** Values, one an image, that broadcast over its pixels. */
const perImage = (values: readonly number[]) => tf.tensor4d([...values], [values.length, 1, 1, 1]);

/** Grey of each pixel, `[batch, height, width, 1]`. */
export const greyOf = (x: tf.Tensor4D): tf.Tensor4D => tf.sum(tf.mul(x, tf.tensor1d([...GREY])), 3, true);

/** {@link ColorChange}s as tensor operations, for backends that do not share memory with this process. */
export function adjustColorsOnDevice(images: tf.Tensor4D, changes: readonly ColorChange[]): tf.Tensor4D {
  const of = (key: "brightness" | "contrast" | "saturation" | "hue") =>
    perImage(changes.map((change) => change[key]));
  const factors = [of("brightness"), of("contrast"), of("saturation"), of("hue")] as const;
  const operations: ((x: tf.Tensor4D) => tf.Tensor4D)[] = [
    (x) => clamp(tf.mul(x, factors[0])),
    (x) => blend(x, tf.mean(greyOf(x), [1, 2], true), factors[1]),
    (x) => blend(x, greyOf(x), factors[2]),
    (x) => turnHue(x, factors[3]),
  ];
  let x = images;
  for (let place = 0; place < 4; place++) {
    // Images that have different operations in this place are computed both ways and picked by zeros and ones.
    const picked: tf.Tensor4D[] = [];
    for (const [operation, apply] of operations.entries()) {
      const mask = changes.map(({ order }) => (order[place] === operation ? 1 : 0));
      if (mask.some((value) => value === 1)) picked.push(tf.mul(apply(x), perImage(mask)));
    }
    x = tf.addN(picked);
  }
  return x;
}

function blend(x: tf.Tensor4D, other: tf.Tensor4D, factor: tf.Tensor4D): tf.Tensor4D {
  return clamp(tf.add(tf.mul(x, factor), tf.mul(other, tf.sub(1, factor))));
}

function turnHue(x: tf.Tensor4D, shift: tf.Tensor4D): tf.Tensor4D {
  const [r, g, b] = tf.split(x, 3, 3) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const value = tf.max(x, 3, true);
  const chroma = tf.sub(value, tf.min(x, 3, true));
  const safe = tf.where(tf.greater(chroma, 0), chroma, tf.onesLike(chroma));
  const fromGreen = tf.add(tf.div(tf.sub(b, r), safe), 2);
  const fromBlue = tf.add(tf.div(tf.sub(r, g), safe), 4);
  const isRed = tf.equal(value, r);
  const isGreen = tf.equal(value, g);
  const sixths = tf.where(isRed, tf.div(tf.sub(g, b), safe), tf.where(isGreen, fromGreen, fromBlue));
  const turned = tf.add(sixths, tf.mul(shift, 6));
  // A channel is value - chroma * clamp(min(k, 4 - k)) with k = (n + hue) mod 6 and n = 5, 3, 1.
  const channel = (n: number) => {
    const k = tf.mod(tf.add(turned, n), 6);
    return tf.sub(value, tf.mul(chroma, tf.clipByValue(tf.minimum(k, tf.sub(4, k)), 0, 1)));
  };
  return tf.concat([channel(5), channel(3), channel(1)], 3) as tf.Tensor4D;
}
