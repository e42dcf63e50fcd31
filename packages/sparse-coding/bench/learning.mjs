import {
  DictionaryLearner,
  infer,
  LISTA,
  linearDecoder,
  preset,
  SparseAutoencoder,
  strokes,
} from "@lab/sparse-coding";
import { sparseEncode } from "@lab/sparse-coding/lasso";
import * as tf from "@tensorflow/tfjs-core";
import { objectiveOf } from "./objective.mjs";
import { besideRivals } from "./pairs.mjs";

/** Inference with the variance term at MNIST's sizes, after some training so that codes are not those of a random start. */
export const inference = () =>
  besideRivals(async ({ share, compare }) => {
    const large = tf.tidy(() => {
      const drawn = tf.tensor2d(strokes({ count: 500, seed: 2, size: 28 }), [500, 784]);
      return tf.div(tf.sub(drawn, 0.1), 0.25);
    });
    const official = preset("VDL", "mnist");
    const model = new SparseAutoencoder({
      ...official,
      decoder: linearDecoder({ codeDim: 128, dataDim: 784, seed: 1 }),
      encoder: new LISTA({ dataDim: 784, codeDim: 128, seed: 1 }),
      decoderRate: 3e-3,
      encoderRate: 1e-3,
    });
    await model.fit(large, { epochs: 30 });
    const batch = tf.slice(large, [0, 0], [250, 784]);
    const predicted = model.encode(batch);
    await share("batch", batch);
    await share("predicted", predicted);
    await share("learned", model.decoder.dictionary);
    const weights = { sparsity: 0.02, variance: 10, varianceThreshold: 0.5, prediction: 5 };
    await compare({
      name: "inference with the variance term, 250 x 784, 128 components",
      unit: "ms a batch",
      scale: 1,
      bar: { of: "ratio", atMost: 1 / 10 },
      ours: async () => {
        const found = await infer(model.decoder, batch, {
          ...weights,
          predicted,
          tolerance: 1e-3,
          stop: "change",
          validate: false,
        });
        found.dispose();
        return found;
      },
      rival: {
        ...{ kind: "inference", y: "batch", dictionary: "learned", predicted: "predicted" },
        ...{ lambda: 0.02, beta: 10, gamma: 5, threshold: 0.5, eta: 0.5 },
      },
      rivalName: "PyTorch, the authors' loop (K = 200, 1e-3)",
      objective: (found) => found.energy.total,
    });
    await compare({
      name: "MNIST, VDL, 44 000 updates (from 20 of them)",
      unit: "minutes",
      scale: 44_000 / 20 / 60_000,
      bar: { of: "ours", atMost: 60 },
      ours: async () => {
        for (let i = 0; i < 20; i++) await model.step(batch);
      },
    });
    model.dispose();
  });

/** Training on drawn strokes, which have no rival. */
export const training = () =>
  besideRivals(async ({ compare }) => {
    const small = tf.tidy(() =>
      tf.div(tf.sub(tf.tensor2d(strokes({ count: 250, seed: 1 }), [250, 256]), 0.132629), 0.271746),
    );
    const learner = new SparseAutoencoder({
      ...preset("VDL", "strokes"),
      decoder: linearDecoder({ codeDim: 64, dataDim: 256, seed: 1 }),
    });
    await compare({
      name: "strokes, VDL, 1500 updates (from 50 of them)",
      unit: "s",
      scale: 1500 / 50 / 1000,
      bar: { of: "ours", atMost: 30 },
      ours: async () => {
        for (let i = 0; i < 50; i++) await learner.step(small);
      },
    });
    learner.dispose();
  });

/** Online learning from patches of drawn pictures, 12 by 12. */
export const online = () =>
  besideRivals(async ({ share, compare }) => {
    const patches = tf.tidy(() => {
      const drawn = tf.tensor2d(strokes({ count: 2560, seed: 4, size: 12 }), [2560, 144]);
      return tf.mul(tf.sub(drawn, tf.mean(drawn, 1, true)), 4);
    });
    // About one code in twenty is not zero.
    const PATCH_ALPHA = 2;
    await share("patches", patches);
    await compare({
      name: "online dictionary learning, 10 batches of 256 x 144, 256 atoms",
      unit: "s",
      scale: 1e-3,
      bar: { of: "ratio", atMost: 1 / 2 },
      ours: async () => {
        const online = new DictionaryLearner({ atoms: 256, alpha: PATCH_ALPHA, batchSize: 256, seed: 0 });
        for (let i = 0; i < 2560; i += 256) {
          const part = tf.slice(patches, [i, 0], [256, 144]);
          await online.partialFit(part);
          part.dispose();
        }
        return online;
      },
      objective: async (online) => {
        const part = tf.slice(patches, [0, 0], [256, 144]);
        const coded = await sparseEncode(part, online.dictionary, { alpha: PATCH_ALPHA, algorithm: "cd" });
        return objectiveOf(part, online.dictionary, coded.codes, PATCH_ALPHA);
      },
      rival: { kind: "online", y: "patches", atoms: 256, alpha: PATCH_ALPHA },
      rivalName: "scikit-learn MiniBatchDictionaryLearning(fit_algorithm='cd')",
    });
  });
