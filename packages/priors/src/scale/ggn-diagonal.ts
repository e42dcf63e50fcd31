import { type ParameterSet, parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";

/**
 * Diagonal of the generalised Gauss–Newton matrix of the summed softmax cross-entropy.
 *
 * $\sum_n \sum_c p_{nc} (\partial \log p_{nc} / \partial w)^2$, exactly: one backward pass for each example and class.
 * Meant for the few examples of a transfer.
 *
 * @param model - A classifier that puts out logits.
 * @param inputs - Shape `[n, …]`.
 * @param set - Parameters to differentiate by. Defaults to the trainable ones of the model.
 * @returns Tensors in the shapes of the parameters; they belong to the caller.
 */
export function ggnDiagonal(
  model: LayersModel,
  inputs: tf.Tensor,
  set: ParameterSet = parameters(model),
): ParameterSet {
  const variables = [...set.values()] as tf.Variable[];
  const sums = variables.map((variable) => tf.zerosLike(variable) as tf.Tensor);
  for (let n = 0; n < inputs.shape[0]!; n++) {
    const numClasses = tf.tidy(() => outputOf(model, inputs, n).shape[1]!);
    for (let c = 0; c < numClasses; c++) {
      const updated = tf.tidy(() => {
        const probability = tf.slice(tf.softmax(outputOf(model, inputs, n)), [0, c], [1, 1]);
        const { grads } = tf.variableGrads(
          () => tf.sum(tf.slice(tf.logSoftmax(outputOf(model, inputs, n)), [0, c], [1, 1])) as tf.Scalar,
          variables,
        );
        return variables.map((variable, i) =>
          tf.add(sums[i]!, tf.mul(tf.square(grads[variable.name]!), tf.sum(probability))),
        );
      });
      tf.dispose(sums);
      for (const [i, tensor] of updated.entries()) sums[i] = tensor;
    }
  }
  return new Map([...set.keys()].map((name, i) => [name, sums[i]!]));
}

function outputOf(model: LayersModel, inputs: tf.Tensor, n: number): tf.Tensor2D {
  const one = tf.slice(inputs, [n, ...inputs.shape.slice(1).map(() => 0)], [1, ...inputs.shape.slice(1)]);
  return model.apply(one, { training: false }) as tf.Tensor2D;
}
