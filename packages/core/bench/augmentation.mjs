// Augmentation of a batch against the engine's operations image by image, and against kornia.
import { init } from "@lab/core";
import {
  colorJitter,
  gaussianBlur,
  pipeline,
  randomFlip,
  randomGrayscale,
  randomResizedCrop,
} from "@lab/core/image";
import { Generator } from "@lab/core/random";
import { inTurns, python, row } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";

const SIZE = 32;

/** The five usual augmentations of contrastive learning on small images. */
export const augment = pipeline(
  randomResizedCrop({ size: SIZE }),
  randomFlip(),
  colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8 }),
  randomGrayscale({ probability: 0.2 }),
  gaussianBlur({ kernel: 3, probability: 0.5 }),
);

/** The same for one image in the engine's own operations, as a user of it would write it. */
export function augmentOne(image, random) {
  return tf.tidy(() => {
    const between = (low, high) => low + (high - low) * random();
    const side = Math.sqrt(between(0.08, 1));
    const [top, left] = [between(0, 1 - side), between(0, 1 - side)];
    const box = [[top, left, top + side, left + side]];
    let x = tf.squeeze(tf.image.cropAndResize(tf.expandDims(image, 0), box, [0], [SIZE, SIZE]), [0]);
    if (random() < 0.5) x = tf.reverse(x, 1);
    if (random() < 0.8) {
      x = tf.clipByValue(tf.mul(x, between(0.6, 1.4)), 0, 1);
      const grey = () => tf.sum(tf.mul(x, [0.2989, 0.587, 0.114]), 2, true);
      const blend = (other, f) => tf.clipByValue(tf.add(tf.mul(x, f), tf.mul(other, 1 - f)), 0, 1);
      x = blend(tf.mean(grey()), between(0.6, 1.4));
      x = blend(grey(), between(0.8, 1.2));
      x = hue(x, between(-0.1, 0.1));
    }
    if (random() < 0.2) x = tf.tile(tf.sum(tf.mul(x, [0.2989, 0.587, 0.114]), 2, true), [1, 1, 3]);
    if (random() < 0.5) {
      const sigma = between(0.1, 2);
      const side2 = Math.exp(-0.5 / sigma ** 2);
      const weights = [side2, 1, side2].map((w) => w / (1 + 2 * side2));
      const padded = tf.mirrorPad(
        x,
        [
          [1, 1],
          [1, 1],
          [0, 0],
        ],
        "reflect",
      );
      const kernel = tf.tensor4d(
        weights.flatMap((a) => weights.flatMap((b) => [a * b, a * b, a * b])),
        [3, 3, 3, 1],
      );
      x = tf.depthwiseConv2d(padded, kernel, 1, "valid");
    }
    return x;
  });
}
function hue(x, shift) {
  const [r, g, b] = tf.split(x, 3, 2);
  const value = tf.max(x, 2, true);
  const chroma = tf.sub(value, tf.min(x, 2, true));
  const safe = tf.maximum(chroma, 1e-7);
  const sixths = tf.where(
    tf.equal(value, r),
    tf.div(tf.sub(g, b), safe),
    tf.where(
      tf.equal(value, g),
      tf.add(tf.div(tf.sub(b, r), safe), 2),
      tf.add(tf.div(tf.sub(r, g), safe), 4),
    ),
  );
  const turned = tf.add(sixths, 6 * shift);
  const channel = (n) => {
    const k = tf.mod(tf.add(turned, n), 6);
    return tf.sub(value, tf.mul(chroma, tf.clipByValue(tf.minimum(k, tf.sub(4, k)), 0, 1)));
  };
  return tf.concat([channel(5), channel(3), channel(1)], 2);
}

/** Milliseconds for a batch at once and for the loop over its images, in turns, on the current backend. */
async function compareWithLoop(repeats, batch) {
  const generator = new Generator(1);
  const images = generator.uniform([batch, SIZE, SIZE, 3]);
  const numbers = new Generator(2).float64(4096);
  let at = 0;
  const read = (f) => async () => {
    const out = f();
    await out.data();
    out.dispose();
  };
  const together = read(() => augment(images, generator));
  const oneByOne = read(() =>
    tf.tidy(() => {
      const random = () => numbers[at++ % numbers.length];
      return tf.stack(tf.unstack(images).map((image) => augmentOne(image, random)));
    }),
  );
  const times = await inTurns({ ours: together, rival: oneByOne }, repeats, { warm: 2 });
  images.dispose();
  return times;
}

const BATCH = 256;
const name = `crop, flip, jitter, grayscale, blur of ${BATCH} images ${SIZE}×${SIZE}`;

export async function rows() {
  const result = [];
  const skipped = [];
  const kornia = python(new URL("augmentation-rivals.py", import.meta.url));
  if (kornia.missing) skipped.push({ name: "kornia", reason: kornia.missing });
  for (const backend of ["wasm", "tensorflow"]) {
    try {
      await init({ backend });
    } catch (error) {
      skipped.push({ name: backend, reason: error.message });
      continue;
    }
    const { ours, rival } = await compareWithLoop(7, BATCH);
    const isWasm = backend === "wasm";
    result.push(
      row({
        name: `${backend}: ${name}`,
        ours,
        rival,
        rivalName: "the engine's operations, image by image",
        ...(isWasm && { bar: { of: "ratio", atMost: 0.05 } }),
      }),
      row({
        name: `${backend}: the same against kornia`,
        ours,
        rival: kornia.times,
        rivalName: "kornia",
        ...(!isWasm && { bar: { of: "ratio", atMost: 1.5 } }),
      }),
    );
  }
  return { rows: result, skipped };
}
