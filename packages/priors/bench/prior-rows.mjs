import { init } from "@lab/core";
import { parameters, resnet } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import { GaussianPrior, SwagCollector } from "@lab/priors";
import { inTurns, python, repeatsOr, row } from "@lab/tooling/bench";
import * as tf from "@tensorflow/tfjs-core";

const RANK = 20;

/** Rows of one backend, for a ResNet-18 of a width and batches of a size. */
export async function priorRows(backend, { width, batch }) {
  let version;
  try {
    ({ version } = await init({ backend }));
  } catch (error) {
    return { rows: [], skipped: [{ name: backend, reason: error.message }] };
  }
  const model = resnet({ depth: 18, classes: 10, stem: "cifar", width, generator: new Generator(1) });
  const trainable = parameters(model);
  const variables = [...trainable.values()];
  const images = new Generator(2).normal([batch, 32, 32, 3]);
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: batch }, (_, i) => i % 10),
      "int32",
    ),
    10,
  );
  const optimizer = tf.train.sgd(1e-3);
  async function step() {
    const loss = optimizer.minimize(
      () => tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true })),
      true,
      variables,
    );
    await loss.data();
    loss.dispose();
  }

  const size = variables.reduce((sum, { size: own }) => sum + own, 0);
  const layout = { entries: [...trainable].map(([name, { shape }]) => ({ name, shape })) };
  const drawn = new Generator(3);
  const unscaled = GaussianPrior.from({
    mean: drawn.split("mean").normal([size], 0, 0.05),
    variance: tf.square(drawn.split("variance").normal([size], 0, 1e-2)),
    deviations: drawn.split("deviations").normal([RANK, size], 0, 1e-3),
    layout,
  });
  const prior = unscaled.scale(10, { floor: 1e-4 });
  async function priorTerm() {
    const { value, grads } = tf.variableGrads(
      () => prior.logProb(trainable, { constants: false }),
      variables,
    );
    await value.data();
    tf.dispose([value, grads]);
  }

  const collector = new SwagCollector(model, { rank: RANK, every: 1 });
  async function collect() {
    collector.collect();
    // Read something back, so that the device has done it.
    await tf.tidy(() => tf.sum(variables[0])).data();
  }

  const repeats = repeatsOr(5);
  const times = await inTurns({ step, priorTerm, collect }, repeats);
  const rivalName = `training step of ResNet-18 (CIFAR stem, width ${width}, batch ${batch})`;
  const beside = (name, ours, atMost) =>
    row({ name, ours, rival: times.step, arePairs: true, rivalName, bar: { of: "ratio", atMost } });

  const before = tf.memory().numBytes;
  const { peakBytes } = await tf.profile(async () => {
    await priorTerm();
    return [];
  });
  const rows = [
    beside(`prior and gradient, P = ${size}, K = ${RANK}`, times.priorTerm, 0.15),
    beside("collecting at every step", times.collect, 0.05),
    row({
      name: "floats beyond the prior's own, per parameter",
      ours: (peakBytes - before) / 4 / size,
      unit: "floats",
      bar: { of: "ours", atMost: 2 },
    }),
  ];
  const torch = python(new URL("torch_rival.py", import.meta.url), [size, RANK, repeats]);
  if (!torch.missing)
    rows.push(
      row({
        name: "prior and gradient, beside PyTorch",
        ours: times.priorTerm,
        rival: torch,
        rivalName: "LowRankMultivariateNormal of PyTorch, log_prob and backward",
        bar: { of: "ratio", atMost: 1.5 },
      }),
    );
  return {
    rows,
    skipped: torch.missing ? [{ name: "PyTorch", reason: torch.missing }] : [],
    versions: { [backend]: version },
  };
}
