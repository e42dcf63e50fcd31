import { checkAborted } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { LISTA } from "../encoder/index.js";
import { Adam } from "../training/adam.js";
import type { LabelledData } from "./training-data.js";

/** Options of the baseline that learns from labels alone. */
export interface EndToEndOptions {
  perClass: number;
  codeDim: number;
  seed: number;
  epochs: number;
  signal: AbortSignal;
}

/** Test accuracy of an encoder and a linear layer, from a random start, trained on few labels by Adam at 1e-3. */
export async function trainEndToEnd(data: LabelledData, o: EndToEndOptions): Promise<number> {
  const numClasses = Math.max(...data.trainLabels, ...data.testLabels) + 1;
  const counts = new Int32Array(numClasses);
  const chosen: number[] = [];
  for (const row of new Generator(o.seed).permutation(data.trainLabels.length)) {
    if (counts[data.trainLabels[row]!]!++ < o.perClass) chosen.push(row);
  }
  const encoder = new LISTA({ dataDim: data.side ** 2, codeDim: o.codeDim, seed: o.seed });
  const bound = 1 / Math.sqrt(o.codeDim);
  const head = tf.tidy(() => [
    tf.variable(new Generator(o.seed).split("head").uniform([o.codeDim, numClasses], -bound, bound)),
    tf.variable(tf.zeros([numClasses])),
  ]) as unknown as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R1>];
  const logits = (x: tf.Tensor2D) => tf.add(tf.matMul(encoder.predict(x), head[0]), head[1]) as tf.Tensor2D;
  const variables = [...encoder.variables, ...head];
  const adam = new Adam(variables);
  const [x, targets] = tf.tidy(() => {
    const labels = tf.tensor1d(
      chosen.map((row) => data.trainLabels[row]!),
      "int32",
    );
    return [tf.gather(data.train, tf.tensor1d(chosen, "int32")), tf.oneHot(labels, numClasses)];
  }) as [tf.Tensor2D, tf.Tensor2D];
  try {
    for (let epoch = 0; epoch < o.epochs; epoch++) {
      checkAborted(o.signal);
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => {
          const losses = tf.losses.softmaxCrossEntropy(targets, logits(x));
          return losses as tf.Scalar;
        }, variables);
        adam.apply(
          variables.map((v) => grads[v.name]),
          1e-3,
        );
      });
    }
    const predicted = tf.tidy(() => tf.argMax(logits(data.test), 1));
    const classes = await predicted.data();
    predicted.dispose();
    return data.testLabels.reduce((sum, label, i) => sum + Number(classes[i] === label), 0) / classes.length;
  } finally {
    encoder.dispose();
    adam.dispose();
    tf.dispose([...head, x, targets]);
  }
}
