import { findData, glyphs, type ImageSet, optdigits } from "@lab/core/data";
import { type Augmentation, affineGrid, gridSample } from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";

const SIZE = 8;

/** The UCI digits where they are found, else drawn figures; at most `most` pictures of 8 × 8 pixels. */
export async function digits(
  dir: string | undefined,
  seed: number,
  most: number,
): Promise<{ name: string; set: ImageSet }> {
  const found = await findData("optdigits", { dir });
  return found
    ? { name: "UCI optical digits", set: optdigits({ dir: found.dir }).take(most) }
    : { name: "glyphs (generated)", set: glyphs({ count: most, seed, size: SIZE }) };
}

/** Views of pictures: turned, scaled and shifted, with another contrast, and noise. */
export const digitView: Augmentation = (images, generator) =>
  tf.tidy(() => {
    const [count, height, width] = images.shape;
    const u = generator.split("numbers").float64(5 * count);
    const theta = new Float32Array(6 * count);
    const contrast = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const between = (k: number, low: number, high: number) => low + (high - low) * u[5 * i + k]!;
      const [angle, scale] = [between(0, -0.25, 0.25), between(1, 0.85, 1.15)];
      const [c, s] = [Math.cos(angle) / scale, Math.sin(angle) / scale];
      const [dx, dy] = [between(2, -2, 2) / width, between(3, -2, 2) / height];
      theta.set([c, -s, dx, s, c, dy], 6 * i);
      contrast[i] = between(4, 0.6, 1.4);
    }
    const grid = affineGrid(tf.tensor3d(theta, [count, 2, 3]), [height, width]);
    const warped = tf.mul(gridSample(images, grid), tf.reshape(contrast, [count, 1, 1, 1]));
    return tf.add(warped, generator.split("noise").normal(warped.shape, 0, 0.1)) as tf.Tensor4D;
  });
