import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabError } from "@lab/core";
import { imageFolder } from "@lab/core/data";
import { encodePng } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import { expectClose } from "@lab/core/testing";
import { DictionaryLearner, denoiseImages, psnr, sparseEncode, strokes } from "@lab/sparse-coding";
import { imagePatches, localContrastNormalize } from "@lab/sparse-coding/data";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";

/** Pictures made when asked for; counts what is asked for. */
function madePictures(length: number, size: number) {
  const asked: number[] = [];
  const get = async (index: number) => {
    asked.push(index);
    return { x: new Generator(index).uniform([size, size, 1]) as tf.Tensor };
  };
  return { source: { length, get }, asked };
}

const collect = async (stream: AsyncIterable<tf.Tensor2D>) => {
  const batches: Float32Array[] = [];
  for await (const batch of stream) {
    batches.push((await batch.data()) as Float32Array);
    batch.dispose();
  }
  return batches;
};

describe("patches of a folder of any size", () => {
  test("a patch is the normalised crop of its picture, standardised before", async () => {
    const { source } = madePictures(1, 20);
    const options = { crop: 20, batchSize: 1, smallestDeviation: 0, contrast: { size: 5, sigma: 2 } };
    const [values] = await collect(imagePatches(source, options));
    const { x } = await source.get(0);
    const standard = tf.div(tf.sub(tf.reshape(x, [1, 20, 20, 1]), 0.457), 0.259) as tf.Tensor4D;
    const { patches } = localContrastNormalize(standard, { size: 5, sigma: 2 });
    await expectClose(tf.reshape(patches, [-1]), values!);
  });

  test("only what the next batch needs is read, and nothing is left behind", async () => {
    const { source, asked } = madePictures(1000, 8);
    const options = { crop: 8, batchSize: 10, buffer: 20, contrast: false, smallestDeviation: 0 } as const;
    const before = tf.memory().numTensors;
    for await (const batch of imagePatches(source, options)) {
      expect(batch.shape).toEqual([10, 64]);
      batch.dispose();
      break;
    }
    expect(asked.length).toBeLessThan(40);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("a pass has every picture once, mixed, and is the same when it is asked for again", async () => {
    const { source, asked } = madePictures(24, 6);
    const options = { crop: 6, batchSize: 4, buffer: 8, contrast: false, smallestDeviation: 0 } as const;
    const stream = imagePatches(source, options);
    const first = await collect(stream.pass(0));
    expect([...asked].sort((a, b) => a - b)).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect(asked).not.toEqual([...asked].sort((a, b) => a - b));
    expect(await collect(stream.pass(0))).toEqual(first);
    const second = await collect(stream.pass(1));
    expect(second).not.toEqual(first);
    const sums = (batches: Float32Array[]) =>
      batches
        .flatMap((b) => [0, 1, 2, 3].map((r) => b.subarray(36 * r, 36 * r + 36).reduce((s, v) => s + v)))
        .sort();
    expect(sums(second)).toEqual(sums(first));
  });

  test("flat patches are left out, and a pass ends after the count", async () => {
    const source = {
      length: 30,
      get: async (i: number) => ({
        x: i % 2 ? tf.fill([6, 6, 3], 0.5) : tf.randomUniform([6, 6, 3], 0, 1, "float32", i),
      }),
    };
    const options = { crop: 6, batchSize: 5, contrast: false } as const;
    expect(await collect(imagePatches(source, options))).toHaveLength(3);
    expect(await collect(imagePatches(source, { ...options, count: 6, perImage: 2 }))).toHaveLength(1);
  });

  test("a real folder of pictures gives batches", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lab-"));
    await mkdir(join(folder, "a"));
    for (let i = 0; i < 3; i++) {
      const data = new Generator(i).float64(40 * 40);
      await writeFile(join(folder, "a", `${i}.png`), encodePng({ width: 40, height: 40, channels: 1, data }));
    }
    const options = { crop: 32, perImage: 2, batchSize: 3 };
    const batches = await collect(imagePatches(imageFolder(folder, { size: 40, channels: 1 }), options));
    expect(batches.map((b) => b.length)).toEqual([3 * 64, 3 * 64]);
  });

  test("refuses what cannot work, naming it", async () => {
    const { source } = madePictures(2, 40);
    expect(() => imagePatches(source, { crop: 20 })).toThrow("crop is 20; more than 24 pixels");
    const error = await collect(imagePatches(source, {})).catch((e: unknown) => e);
    expect(LabError.is(error) && error.code).toBe("LAB_SHAPE");
    expect(String(error)).toContain("has shape [40,40,1]; at least [52,52]");
    await expect(collect(imagePatches(source, { crop: 30, signal: AbortSignal.abort() }))).rejects.toThrow();
  });
});

describe("pictures from their patches", () => {
  const identity = async (patches: tf.Tensor2D) => tf.clone(patches);

  test("without a change they are the same, at every stride and to the edges", async () => {
    const images = new Generator(1).uniform([2, 11, 9, 3]) as tf.Tensor4D;
    for (const stride of [1, 2, 4]) {
      for (const removeMean of [true, false]) {
        const before = tf.memory().numTensors;
        const rebuilt = await denoiseImages(images, identity, { size: 4, stride, removeMean, chunk: 13 });
        expect(tf.memory().numTensors).toBe(before + 1);
        await expectClose(rebuilt, images);
      }
    }
  });

  test("overlaps are averages, and kept pixels have their weight", async () => {
    const image = tf.tensor4d([0, 0, 0], [1, 1, 3, 1]);
    let next = 0;
    const counting = async (patches: tf.Tensor2D) =>
      tf.tensor2d(Array.from({ length: patches.shape[0] }, () => [next++]));
    const one = { size: 1, removeMean: false };
    await expectClose(await denoiseImages(image, counting, one), [0, 1, 2]);
    next = 0;
    await expectClose(await denoiseImages(image, counting, { ...one, keep: 1 }), [0, 0.5, 1]);
  });

  test("a dictionary learned from noisy patches takes noise out", async () => {
    const clean = tf.tensor4d(strokes({ count: 4, seed: 3, size: 24 }), [4, 24, 24, 1]);
    const noisy = tf.add(clean, new Generator(5).normal([4, 24, 24, 1], 0, 0.15)) as tf.Tensor4D;
    const learner = new DictionaryLearner({ atoms: 32, alpha: 0.3, iterations: 2, batchSize: 128 });
    const patches = await collectPatches(noisy, 6);
    await learner.fit(patches);
    const code = async (part: tf.Tensor2D) => {
      const dictionary = learner.dictionary;
      const coded = await sparseEncode(part, dictionary, {
        algorithm: "omp",
        nonzero: 8,
        errorTolerance: 1.15 * 36 * 0.15 ** 2,
      });
      const rebuilt = tf.matMul(coded.codes, dictionary, false, true) as tf.Tensor2D;
      coded.dispose();
      return rebuilt;
    };
    const denoised = await denoiseImages(noisy, code, { size: 6, stride: 2 });
    const [before, after] = [(await psnr(clean, noisy)).mean, (await psnr(clean, denoised)).mean];
    expect(after).toBeGreaterThan(before + 2);
    learner.dispose();
  });
});

/** Patches without their means. */
async function collectPatches(images: tf.Tensor4D, size: number): Promise<tf.Tensor2D> {
  let kept: tf.Tensor2D | undefined;
  const keep = async (patches: tf.Tensor2D) => {
    kept ??= tf.clone(patches);
    return tf.clone(patches);
  };
  (await denoiseImages(images, keep, { size })).dispose();
  return kept!;
}
