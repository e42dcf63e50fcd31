import { DataError } from "@lab/core";
import { imageFolder } from "@lab/core/data";
import type { ExperimentContext, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import { nodeModule } from "@lab/core/io";
import { parameters } from "@lab/core/nn";
import { schedules, sgd } from "@lab/core/optim";
import type { BarsPlot } from "@lab/core/plot";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { isotropic } from "../baselines/index.js";
import { matchParameters } from "../file/index.js";
import type { GaussianPrior } from "../gaussian/index.js";
import { withPrior } from "../objective/index.js";
import { type ArmMean, type ArmResult, armMeans, bestLearned, finite } from "./arms.js";
import { chosenOf, type PictureBatch, rootOf, testBatches, trainingBatches } from "./folder-pictures.js";
import {
  type FolderCollection,
  type FolderNetwork,
  type FolderSource,
  folderPrior,
  HEAD,
  loadBackbone,
  networkFor,
  pictureLoss,
} from "./folder-source.js";

/** The paper's protocol over folders of pictures: a source network's prior against fine-tuning, on several tasks. */
export interface FolderTransferParams {
  network: FolderNetwork;
  /** Those whose weights are in the data folder are run. */
  sources: FolderSource[];
  collection: FolderCollection;
  /** Downstream tasks, folders `<name>/train` and `<name>/test`; those that are there are run. */
  sets: string[];
  /** Labelled pictures a class. */
  shots: (number | "all")[];
  /** Updates of a downstream training. */
  steps: number;
  learningRate: number;
  /** Scales of the covariance, and the floor of every variance. */
  scales: number[];
  floor: number;
}

/** One source and task with the arms of all numbers of labels; `all` counts as 0. */
interface FolderTask {
  source: string;
  set: string;
  arms: ArmResult[];
}

/** Result of one seed. */
export interface FolderTransferResult {
  tasks: FolderTask[];
}

/** What of a list lies in the data folder. */
function present<T>(root: string, list: readonly T[], pathOf: (one: T) => string, what: string): T[] {
  const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", "priors-transfer");
  const found = list.filter((one) => existsSync(`${root}/${pathOf(one)}`));
  if (found.length > 0) return found;
  throw new DataError(
    `priors-transfer: ${root} holds none of ${list.map(pathOf).join(", ")}; ${what} was expected`,
    { path: root },
  );
}

/** Trains and judges the arms of the paper's protocol. */
export async function runFolderTransfer(
  context: ExperimentContext<FolderTransferParams>,
): Promise<FolderTransferResult> {
  const { params, generator, signal, onProgress, store } = context;
  const { network, scales, floor, shots: allShots } = params;
  const root = rootOf("priors-transfer", context.data.dir);
  const sources = present(
    root,
    params.sources,
    ({ weights }) => weights,
    "a file of the source network's weights",
  );
  const sets = present(root, params.sets, (set) => `${set}/train`, "a folder of downstream pictures");
  const numArms = 1 + scales.length;
  const each = numArms * (1 + sets.length * allShots.length);
  const total = sources.length * each;
  const tasks: FolderTask[] = [];
  for (const [s, source] of sources.entries()) {
    let done = s * each;
    const prior = await folderPrior(root, source, network, params.collection, {
      ...{ store, signal, generator: generator.split(source.name) },
      on: (share) => onProgress({ done: done + numArms * share, total, message: `prior of ${source.name}` }),
    });
    done += numArms;
    try {
      for (const set of sets) {
        const arms: ArmResult[] = [];
        for (const shots of allShots) {
          for (const scale of [null, ...scales]) {
            const scaled = scale === null ? undefined : prior.scale(scale, { floor });
            const name = `${source.name}-${set}-${shots}-${scale ?? "fine-tuning"}`;
            try {
              const figures = await trainOn(root, set, shots, source, scaled, name, context);
              arms.push({
                shots: shots === "all" ? 0 : shots,
                arm: scaled ? "learned" : "fine-tuning",
                precision: scale === null ? null : 1 / scale,
                ...figures,
              });
            } finally {
              scaled?.dispose();
            }
            onProgress({ done: ++done, total, message: name });
          }
        }
        tasks.push({ source: source.name, set, arms });
      }
    } finally {
      prior.dispose();
    }
  }
  return { tasks };
}

/** One downstream training; figures are `null` after a divergence. */
async function trainOn(
  root: string,
  set: string,
  shots: number | "all",
  source: FolderSource,
  prior: GaussianPrior | undefined,
  name: string,
  { params, generator, signal, store }: ExperimentContext<FolderTransferParams>,
): Promise<{ accuracy: number | null; nll: number | null }> {
  const { network, steps, learningRate } = params;
  const [train, test] = ["train", "test"].map((part) =>
    imageFolder(`${root}/${set}/${part}`, { size: network.size }),
  );
  const branch = generator.split(`${set} ${shots}`);
  const chosen = chosenOf(train!, shots, branch.split("shots"));
  const model = networkFor(network, train!.classNames.length, branch.split("network"));
  const headPrior = isotropic(
    parameters(model, (own) => own.startsWith(HEAD)),
    { variance: 100 },
  );
  const dataSize = chosen.length;
  const loss = (batch: PictureBatch) => pictureLoss(model, batch);
  const optimizer = sgd({ learningRate, momentum: 0.9, nesterov: true });
  try {
    await loadBackbone(model, network, `${root}/${source.weights}`);
    const step = prior
      ? withPrior(loss, prior, {
          dataSize,
          parameters: matchParameters(model, prior.layout),
          head: headPrior,
        })
      : withPrior(loss, headPrior, { dataSize });
    await fit({
      step,
      batches: trainingBatches(train!, chosen, { ...network, generator: branch.split("batches") }),
      steps,
      optimizer,
      variables: parameters(model, "all"),
      schedule: schedules.cosine({ base: learningRate, steps }),
      signal,
      ...(store !== "" && { checkpoint: `${store}/${name}.safetensors` }),
    });
    return await judge(model, testBatches(test!, network.batch), signal);
  } catch (error) {
    if ((error as { code?: string }).code === "LAB_NUMERIC") return { accuracy: null, nll: null };
    throw error;
  } finally {
    optimizer.dispose();
    headPrior.dispose();
    for (const tensor of parameters(model, "all").values()) tensor.dispose();
  }
}

/** Accuracy in percent and mean negative log likelihood in nats. */
async function judge(
  model: LayersModel,
  batches: AsyncIterable<PictureBatch>,
  signal: AbortSignal,
): Promise<{ accuracy: number; nll: number }> {
  let [count, correct, nll] = [0, 0, 0];
  for await (const { x, y } of batches) {
    signal.throwIfAborted();
    const figures = tf.tidy(() => {
      const logits = model.apply(x, { training: false }) as tf.Tensor2D;
      const truth = tf.oneHot(y, logits.shape[1]!);
      const hits = tf.sum(tf.cast(tf.equal(tf.argMax(logits, 1), y), "float32"));
      return tf.stack([hits, tf.neg(tf.sum(tf.mul(tf.logSoftmax(logits), truth)))]);
    });
    const [hits, loss] = await figures.data();
    count += y.size;
    correct += hits!;
    nll += loss!;
    tf.dispose([figures, x, y]);
  }
  return { accuracy: (100 * correct) / count, nll: nll / count };
}

/** The best learned prior beside fine-tuning, task by task. */
export function summariseFolders(runs: readonly Run<FolderTransferResult>[]): Summary {
  const tasks = runs[0]!.result.tasks.map(({ source, set }, i) => ({
    source,
    set,
    means: armMeans(runs.map(({ result }) => result.tasks[i]!.arms)),
  }));
  const pairs = tasks.flatMap(({ source, set, means }) =>
    [...new Set(means.map((m) => m.shots))].map((shots) => ({
      name: `${set}, ${shots === 0 ? "all" : `${shots} a class`}, ${source}`,
      best: bestLearned(means, shots),
      tuned: means.find((m) => m.shots === shots && m.arm === "fine-tuning")!,
    })),
  );
  const isAhead = (best: ArmMean | undefined) => best !== undefined && best.gain > 0;
  const numAhead = pairs.filter(({ best }) => isAhead(best)).length;
  const verdict: Verdict = numAhead === pairs.length ? "reproduced" : numAhead > 0 ? "partly" : "failed";
  const table: Row[] = tasks.flatMap(({ source, set, means }) =>
    means.map((m) => ({
      source,
      task: set,
      "examples a class": m.shots === 0 ? "all" : m.shots,
      prior: m.arm,
      scale: m.precision === null ? null : Number((1 / m.precision).toPrecision(6)),
      "accuracy (%)": finite(m.accuracy),
      "NLL (nats)": finite(m.nll),
      "gain (points)": finite(m.gain),
    })),
  );
  const figure: BarsPlot = {
    kind: "bars",
    title: "Fine-tuning and the learned prior at its best scale",
    categories: pairs.map(({ name }) => name),
    y: { label: "test accuracy (%)" },
    series: [
      { name: "fine-tuning", y: pairs.map(({ tuned }) => finite(tuned.accuracy) ?? 0) },
      { name: "learned prior", y: pairs.map(({ best }) => finite(best?.accuracy ?? Number.NaN) ?? 0) },
    ],
  };
  return {
    verdict,
    paperValue:
      "learned priors beat plain fine-tuning on every downstream set, most with few labels (figure 3)",
    measured: `the learned prior is ahead in ${numAhead} of ${pairs.length} comparisons`,
    table,
    figures: [figure],
    notes: [
      `Data: folders of pictures, ${runs.length} seed(s); one learning rate in all arms.`,
      "The scale is chosen on the test pictures, as the best of the grid; tuneScale does it on held-out ones.",
    ],
  };
}
