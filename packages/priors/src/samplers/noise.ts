import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Standard deviation of the noise of a Langevin step on a mean loss.
 *
 * The losses here are means over examples, $F = U/N$. A step $-\eta\nabla F$ with noise of variance
 * $2\eta\varphi T/N$ leaves $\exp(-U/T)$ unchanged ($\varphi$ is 1 for SGLD, the friction for SGHMC): the temperature of
 * the mean loss is $T/N$.
 *
 * @param learningRate - $\eta$, the factor on the gradient of the mean loss.
 * @param temperature - $T$; 1 is the Bayes posterior.
 * @param dataSize - $N$.
 * @param friction - $\varphi$; 1 for SGLD.
 */
export function noiseDeviation(
  learningRate: number,
  temperature: number,
  dataSize: number,
  friction = 1,
): number {
  return Math.sqrt((2 * friction * learningRate * temperature) / dataSize);
}

/** Adds normal noise; at deviation 0 nothing is drawn and the tensor is returned as it is. */
export function withNoise(value: tf.Tensor, deviation: number | tf.Tensor, generator: Generator): tf.Tensor {
  if (deviation === 0) return value;
  return tf.add(value, tf.mul(generator.normal(value.shape), deviation));
}
