import {
  checkAborted,
  checkInteger,
  checkNumber,
  checkRank,
  checkShape,
  type Progress,
  tidyAsync,
} from "@lab/core";
import { combinePatches, extractPatches } from "@lab/core/image";
import * as tf from "@tensorflow/tfjs-core";

/** Turns patches `[n, p]` into their reconstructions `[n, p]`, which the caller disposes; the patches stay the caller's. */
export type PatchCoder = (patches: tf.Tensor2D) => Promise<tf.Tensor2D>;

/** Options of {@link denoiseImages}. */
export interface DenoiseImagesOptions {
  /** Side of a patch in pixels. */
  size: number;
  /** Pixels from one patch to the next; overlapping patches are averaged. @defaultValue 1 */
  stride?: number;
  /** Whether the mean of each patch is kept aside, so that atoms need not hold it. @defaultValue true */
  removeMean?: boolean;
  /**
   * Weight of the given pixels beside the average of the patches, where each patch counts 1, as in the K-SVD denoiser.
   * @defaultValue 0
   */
  keep?: number;
  /** Patches that are coded at a time. @defaultValue 4096 */
  chunk?: number;
  /** Stops between chunks. */
  signal?: AbortSignal;
  /** Receives patches done. */
  onProgress?: (progress: Progress) => void;
}

/**
 * Pictures rebuilt from sparse codes of their overlapping patches, which takes noise out of them.
 *
 * $\hat x = (\mu x + \sum_p R_p^\top \hat y_p) / (\mu + \sum_p R_p^\top R_p 1)$ with $\hat y_p$ the reconstruction of the patch
 * $R_p x$ and $\mu$ the weight `keep`.
 *
 * @param images - Shape `[n, h, w, c]`, any scale.
 * @param code - Reconstructs patches `[m, size * size * c]`: with a dictionary through `sparseEncode`, or with an autoencoder as
 * `async (p) => m.decode(m.encode(p))`.
 * @param o - See {@link DenoiseImagesOptions}.
 * @returns Same shape; pixels that no patch holds stay as they are. The caller disposes it.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit; the signal's reason.
 * @see Elad, Aharon (2006), Image denoising via sparse and redundant representations over learned dictionaries, eq. (10).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { denoiseImages, sparseEncode } from "@lab/sparse-coding";
 *
 * await init();
 * const image = tf.reshape(tf.range(0, 36), [1, 6, 6, 1]) as tf.Tensor4D;
 * const dictionary = tf.eye(4);
 * const code = async (patches: tf.Tensor2D) => {
 *   const coded = await sparseEncode(patches, dictionary, { algorithm: "omp", nonzero: 4 });
 *   const rebuilt = tf.matMul(coded.codes, dictionary, false, true) as tf.Tensor2D;
 *   coded.dispose();
 *   return rebuilt;
 * };
 * const rebuilt = await denoiseImages(image, code, { size: 2 });
 * Math.round((await rebuilt.data())[35]!); // => 35
 * ```
 */
export async function denoiseImages(
  images: tf.Tensor4D,
  code: PatchCoder,
  o: DenoiseImagesOptions,
): Promise<tf.Tensor4D> {
  const caller = "denoiseImages";
  checkRank(caller, "images", images, 4);
  const [count, height, width, channels] = images.shape;
  const size = checkInteger(caller, "size", o.size, { min: 1, max: Math.min(height, width) });
  const stride = checkInteger(caller, "stride", o.stride ?? 1, { min: 1 });
  const chunk = checkInteger(caller, "chunk", o.chunk ?? 4096, { min: 1 });
  const keep = checkNumber(caller, "keep", o.keep ?? 0, { min: 0 });
  const removeMean = o.removeMean ?? true;
  const dim = size * size * channels;
  return tidyAsync(async (track) => {
    const lattice = track(extractPatches(images, { size, stride }));
    const rows = track(tf.reshape(lattice, [-1, dim]) as tf.Tensor2D);
    const total = rows.shape[0];
    const parts: tf.Tensor2D[] = [];
    for (let from = 0; from < total; from += chunk) {
      checkAborted(o.signal);
      const length = Math.min(chunk, total - from);
      const [part, mean] = tf.tidy(() => {
        const all = tf.slice(rows, [from, 0], [length, dim]);
        const mean = removeMean ? tf.mean(all, 1, true) : tf.zeros([length, 1]);
        return [tf.sub(all, mean) as tf.Tensor2D, mean as tf.Tensor2D];
      }) as [tf.Tensor2D, tf.Tensor2D];
      track(part);
      track(mean);
      const rebuilt = track(await code(part));
      checkShape(caller, "code(patches)", rebuilt, [length, dim]);
      parts.push(track(tf.add(rebuilt, mean) as tf.Tensor2D));
      tf.dispose([rebuilt, part, mean]);
      o.onProgress?.({ done: from + length, total });
    }
    return tf.tidy(() => {
      const [, down, across] = lattice.shape;
      const shape = [count, down, across, dim] as [number, number, number, number];
      const layout = { size, stride, image: [height, width] as const, overlap: "sum" as const };
      const sums = combinePatches(tf.reshape(tf.concat(parts), shape) as tf.Tensor4D, layout);
      const weights = combinePatches(tf.ones([1, down, across, size * size]), layout);
      // Where no patch lies the pixel itself has all the weight.
      const own = tf.add(keep, tf.sub(1, tf.step(weights)));
      return tf.div(tf.add(sums, tf.mul(images, own)), tf.add(weights, own)) as tf.Tensor4D;
    });
  });
}
