// The main loop of each package at three sizes: what a user of it waits for.
import { init } from "@lab/core";
import { mlp, parameters } from "@lab/core/nn";
import { adamw } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { augmentedMoments, rotate, uniform } from "@lab/da-theory";
import { ConvexHull } from "@lab/hull";
import {
  mlpPolicy,
  replayWorld,
  simulateTraffic,
  subsampleLog,
  trainPolicy,
  unicycle,
  vectorCosts,
} from "@lab/ppuu";
import { GaussianPrior, sghmc } from "@lab/priors";
import { compress } from "@lab/rpg";
import { sparseEncode } from "@lab/sparse-coding/lasso";
import { decoupledContrastive } from "@lab/ssl-losses";
import * as tf from "@tensorflow/tfjs-core";

export const start = () => init({ backend: process.env.LAB_BACKEND ?? "wasm" });

/** Reads something of a result, so that the device has done it, and frees it. */
async function settle(result) {
  await (Array.isArray(result) ? result[0] : result).data();
  tf.dispose(result);
}

const BATCH = 64;
function labelled(features) {
  const images = new Generator(1).normal([BATCH, features]);
  const classes = tf.tensor1d(
    Array.from({ length: BATCH }, (_, i) => i % 10),
    "int32",
  );
  return { images, labels: tf.cast(tf.oneHot(classes, 10), "float32") };
}

/** A training step of a model, with what is added to its loss. */
function stepOf(model, { images, labels }, optimizer, more = () => tf.scalar(0)) {
  const variables = [...parameters(model).values()];
  return async () =>
    settle(
      optimizer.minimize(
        () => tf.add(tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true })), more()),
        true,
        variables,
      ),
    );
}

/** Each: what its size counts, three sizes, and a function that prepares one step at a size. */
export const loops = {
  "contrastive loss and gradient": {
    size: "pairs of 128",
    sizes: [256, 512, 1024],
    prepare(pairs) {
      const [a, b] = ["a", "b"].map((name) => new Generator(name).normal([pairs, 128]));
      return async () => {
        const { value, grads } = tf.valueAndGrads((x, y) => decoupledContrastive(x, y))([a, b]);
        await settle([value, ...grads]);
      };
    },
  },
  "sparse codes": {
    size: "samples of 144, 256 atoms",
    sizes: [250, 500, 1000],
    prepare(samples) {
      const unit = (x, axis) => tf.div(x, tf.norm(x, 2, axis, true));
      const dictionary = tf.tidy(() => unit(new Generator(1).normal([144, 256]), 0));
      const y = tf.tidy(() => unit(new Generator(2).normal([samples, 144]), 1));
      return async () => {
        const { codes } = await sparseEncode(y, dictionary, { alpha: 0.1, algorithm: "cd" });
        await settle(codes);
      };
    },
  },
  "ring step": {
    size: "weights from 4000 parameters, batch 64",
    sizes: [100_000, 400_000, 1_600_000],
    prepare(weights) {
      const width = Math.round(Math.sqrt(weights + 397 ** 2) - 397);
      const layers = [784, width, width, 10];
      const model = mlp({ sizes: layers, generator: new Generator(1) });
      const ring = compress(model, { parameters: 4000 });
      return stepOf(ring.model, labelled(784), adamw({ learningRate: 1e-3 }));
    },
  },
  "hull queries": {
    size: "points of 20, 200 queries",
    sizes: [5000, 10_000, 20_000],
    async prepare(points) {
      const x = new Generator(1).normal64(points * 20);
      const queries = { data: new Generator(2).normal64(200 * 20), shape: [200, 20] };
      const hull = await ConvexHull.from({ data: x, shape: [points, 20] });
      return () => hull.contains(queries);
    },
  },
  "moments under rotations": {
    size: "pixels, 3 channels, 64 nodes",
    sizes: [32 * 32, 64 * 64, 128 * 128],
    prepare(pixels) {
      const side = Math.sqrt(pixels);
      const image = new Generator(1).uniform([side, side, 3]);
      const turn = rotate({ angle: uniform(-15, 15) });
      return async () => {
        const moments = await augmentedMoments(image, turn, { nodes: 64 });
        await moments.covariance.trace();
        moments.dispose();
      };
    },
  },
  "sampler step under a prior": {
    size: "parameters, prior of rank 20, batch 64",
    sizes: [100_000, 400_000, 1_600_000],
    prepare(count) {
      const width = Math.round(Math.sqrt(count + 397 ** 2) - 397);
      const model = mlp({ sizes: [784, width, width, 10], generator: new Generator(1) });
      const trainable = parameters(model);
      const size = [...trainable.values()].reduce((sum, variable) => sum + variable.size, 0);
      const drawn = new Generator(3);
      const prior = GaussianPrior.from({
        mean: drawn.split("mean").normal([size], 0, 0.05),
        variance: tf.square(drawn.split("variance").normal([size], 0, 1e-2)),
        deviations: drawn.split("deviations").normal([20, size], 0, 1e-3),
        layout: { entries: [...trainable].map(([name, { shape }]) => ({ name, shape })) },
      });
      const sampler = sghmc({ learningRate: 1e-5, generator: new Generator(4), dataSize: 1000 });
      return stepOf(model, labelled(784), sampler, () => tf.neg(tf.div(prior.logProb(trainable), 1000)));
    },
  },
  "policy update by imagined rollouts": {
    size: "rollouts of 20 steps",
    sizes: [16, 32, 64],
    async prepare(batch) {
      const log = subsampleLog(await simulateTraffic({ seconds: 30, scenes: 8, seed: 0 }), 2);
      const policy = mlpPolicy();
      const world = replayWorld(log);
      const common = { policy, world, ego: unicycle({ dt: 0.2 }), costs: vectorCosts(), log, seed: 0 };
      const STEPS = 4;
      return { run: () => trainPolicy({ ...common, batch, horizon: 20, steps: STEPS }), per: STEPS };
    },
  },
};
