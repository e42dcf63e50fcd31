import { ArgumentError, checkAborted, checkChoice } from "@lab/core";
import { nodeModule } from "@lab/core/io";
import { cholesky, choleskySolve } from "@lab/core/linalg";
import { linearProbe } from "@lab/core/metrics";
import * as tf from "@tensorflow/tfjs-core";
import { type AuditOptions, auditClasses } from "../audit/audit-classes.js";
import type { ClassAudit, Run } from "../audit/types.js";
import { type Images, imageValues } from "../moments/images.js";
import type { RunOptions } from "../rules/rule.js";
import { loadSweep } from "./load-sweep.js";

/**
 * Features of downstream images under the model of one training; frozen, shape `[N, F]`. The result is disposed, the
 * images are not.
 */
export type FeatureExtractor = (
  setting: string | number,
  seed: number | string,
  images: tf.Tensor4D,
) => tf.Tensor2D | Promise<tf.Tensor2D>;

/** Options of {@link auditTransfer}. */
export interface AuditTransferOptions extends Omit<AuditOptions, "reference">, RunOptions {
  /** Setting that the others are compared with. @defaultValue `none` where the sweep has it, else its first setting */
  reference?: AuditOptions["reference"];
  /** Store of a sweep; its settings and seeds are audited. */
  store: string;
  /** A {@link FeatureExtractor}, or a module that has one as its default export. */
  features: FeatureExtractor | string;
  /** Labelled images of the other task; every second one trains the probe and the rest are audited. */
  downstream: Images;
  /** Linear probe: ridge regression on the classes, or logistic regression. @defaultValue `"ridge"` */
  probe?: "ridge" | "logistic";
}

/** Penalty of the ridge probe, relative to the mean variance of the features. */
const RIDGE = 1e-3;

async function extractorOf(features: FeatureExtractor | string): Promise<FeatureExtractor> {
  if (typeof features === "function") return features;
  let address = features;
  if (/^\.{0,2}[/\\]/.test(features)) {
    const { pathToFileURL } = nodeModule<typeof import("node:url")>("node:url", "auditTransfer");
    const { resolve } = nodeModule<typeof import("node:path")>("node:path", "auditTransfer");
    address = pathToFileURL(resolve(features)).href;
  }
  const module = (await import(/* @vite-ignore */ address)) as { default?: unknown };
  if (typeof module.default === "function") return module.default as FeatureExtractor;
  throw new ArgumentError(
    `auditTransfer: features ${features} has no default export that is a function; (setting, seed, images) => features was expected`,
    { argument: "features", value: features },
  );
}

/** Classes of the test rows by least squares on one-hot targets. */
function ridge(x: tf.Tensor2D, labels: Int32Array, test: tf.Tensor2D, classes: number): tf.Tensor1D {
  return tf.tidy(() => {
    const centre = tf.mean(x, 0);
    const rows = tf.sub(x, centre);
    const targets = tf.oneHot(tf.tensor1d(labels, "int32"), classes);
    const share = tf.mean(targets, 0);
    const gram = tf.matMul(rows, rows, true, false);
    const width = x.shape[1];
    const lambda = tf.add(tf.mul(tf.mean(tf.sum(tf.square(rows), 0)), RIDGE), 1e-12);
    const system = tf.add(gram, tf.mul(tf.eye(width), lambda));
    const weights = choleskySolve(cholesky(system), tf.matMul(rows, tf.sub(targets, share), true, false));
    return tf.argMax(
      tf.add(tf.matMul(tf.sub(test, centre), weights as tf.Tensor2D), share),
      1,
    ) as tf.Tensor1D;
  });
}

function halve(labels: Int32Array): { train: Int32Array; test: Int32Array } {
  const all = Int32Array.from(labels, (_, i) => i);
  return { train: all.filter((i) => i % 2 === 0), test: all.filter((i) => i % 2 === 1) };
}

/**
 * Says whether a setting's effect on classes carries over to another task: the trainings of a sweep give frozen features
 * of other images, a linear probe is fitted on half of them, and its predictions of the other half are audited.
 *
 * @param options - See {@link AuditTransferOptions}; the options of `auditClasses` are there too.
 * @returns The audit of the downstream classes.
 * @throws {@link DataError} when the store holds no sweep; {@link ArgumentError} when the images have no labels or the
 * features are not one row for each image; what {@link auditClasses} throws.
 * @remarks Needs Node. Every second image, from the first on, trains the probe.
 * @see Balestriero, Bottou, LeCun (2022), The effects of regularization and data augmentation are class dependent.
 */
export async function auditTransfer(options: AuditTransferOptions): Promise<ClassAudit> {
  const { store, features, downstream, signal, onProgress, probe: asked, ...audit } = options;
  const probe = checkChoice("auditTransfer", "probe", asked ?? "ridge", ["ridge", "logistic"] as const);
  const extract = await extractorOf(features);
  const { values, labels, shape, count } = await imageValues("auditTransfer", downstream);
  if (!labels)
    throw new ArgumentError("auditTransfer: downstream is a batch without labels; a data set was expected", {
      argument: "downstream",
      value: count,
    });
  const sweep = await loadSweep(store);
  const halves = halve(labels);
  const classes = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  const pick = (rows: Int32Array) => Int32Array.from(rows, (i) => labels[i]!);
  const [trainLabels, testLabels] = [pick(halves.train), pick(halves.test)];
  const images = tf.tensor4d(values, [count, ...shape]);
  const runs: Run[] = [];
  try {
    for (const { setting, seed } of sweep.runs) {
      checkAborted(signal);
      const found = await extract(setting, seed, images);
      const parts: tf.Tensor2D[] = [];
      try {
        if (found.rank !== 2 || found.shape[0] !== count)
          throw new ArgumentError(
            `auditTransfer: features of setting ${setting}, seed ${seed} have shape [${found.shape}]; [${count},F] was expected`,
            { argument: "features", value: found.shape },
          );
        const rows = (indices: Int32Array) =>
          tf.tidy(() => tf.gather(found, tf.tensor1d(indices, "int32"))) as tf.Tensor2D;
        parts.push(rows(halves.train), rows(halves.test));
        const [train, test] = parts as [tf.Tensor2D, tf.Tensor2D];
        runs.push({ setting, seed, predictions: await predict(train, trainLabels, test, testLabels) });
      } finally {
        tf.dispose([found, ...parts]);
      }
      onProgress?.({ done: runs.length, total: sweep.runs.length });
    }
  } finally {
    images.dispose();
  }
  const { reference = runs.find((run) => run.setting === "none")?.setting ?? runs[0]!.setting } = options;
  return auditClasses({ labels: testLabels, runs }, { ...audit, reference });

  async function predict(train: tf.Tensor2D, own: Int32Array, test: tf.Tensor2D, other: Int32Array) {
    if (probe === "logistic") {
      const result = await linearProbe(
        { x: train, labels: own },
        { x: test, labels: other },
        signal ? { signal } : {},
      );
      return result.predictions;
    }
    const found = ridge(train, own, test, classes);
    try {
      return Int32Array.from(await found.data());
    } finally {
      found.dispose();
    }
  }
}
