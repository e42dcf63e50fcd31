import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Two numbers for rows and columns. */
export type Pair = readonly [number, number];

/** A layer as a function. */
export type Layer = (x: tf.Tensor4D) => tf.Tensor4D;

/** A fully connected layer as a function. */
export type DenseLayer = (x: tf.Tensor2D) => tf.Tensor2D;

/** Makes layers and keeps their variables by name; initialised as PyTorch does. */
export class Layers {
  readonly parameters = new Map<string, tf.Variable>();
  private readonly generator: Generator;

  constructor(generator: Generator) {
    this.generator = generator;
  }

  private variable(name: string, shape: number[], fanIn: number, scale: number): tf.Variable {
    const bound = scale / Math.sqrt(fanIn);
    const variable = tf.tidy(() => tf.variable(this.generator.split(name).uniform(shape, -bound, bound)));
    this.parameters.set(name, variable);
    return variable;
  }

  /** Fully connected. */
  dense(name: string, from: number, to: number, scale = 1): DenseLayer {
    const weight = this.variable(`${name}.weight`, [from, to], from, scale);
    const bias = this.variable(`${name}.bias`, [to], from, scale);
    return (x) => tf.add(tf.matMul(x, weight as tf.Tensor as tf.Tensor2D), bias);
  }

  /** Convolution with numeric padding, which is written out because a backend refuses it. */
  conv(
    name: string,
    kernel: Pair,
    from: number,
    to: number,
    stride: Pair = [2, 2],
    padding: Pair = [1, 1],
  ): Layer {
    const fanIn = kernel[0] * kernel[1] * from;
    const weight = this.variable(`${name}.weight`, [...kernel, from, to], fanIn, 1);
    const bias = this.variable(`${name}.bias`, [to], fanIn, 1);
    const [p, q] = padding;
    return (x) => {
      const padded =
        p + q > 0
          ? tf.pad(x, [
              [0, 0],
              [p, p],
              [q, q],
              [0, 0],
            ])
          : x;
      return tf.add(tf.conv2d(padded, weight as tf.Tensor as tf.Tensor4D, [...stride], "valid"), bias);
    };
  }

  /** Transposed convolution, its result cut by `padding` on every side. */
  transposed(
    name: string,
    kernel: Pair,
    from: number,
    to: number,
    padding: Pair = [1, 1],
    stride = 2,
    scale = 1,
  ): Layer {
    const fanIn = kernel[0] * kernel[1] * to;
    const weight = this.variable(`${name}.weight`, [...kernel, to, from], fanIn, scale);
    const bias = this.variable(`${name}.bias`, [to], fanIn, scale);
    return (x) => {
      const [batch, rows, columns] = x.shape;
      const height = (rows - 1) * stride + kernel[0];
      const width = (columns - 1) * stride + kernel[1];
      const full = tf.conv2dTranspose(
        x,
        weight as tf.Tensor as tf.Tensor4D,
        [batch, height, width, to],
        stride,
        "valid",
      );
      const [p, q] = padding;
      const cut = p + q > 0 ? tf.slice(full, [0, p, q, 0], [batch, height - 2 * p, width - 2 * q, to]) : full;
      return tf.add(cut, bias);
    };
  }

  /** Frees the variables. */
  dispose(): void {
    for (const variable of this.parameters.values()) variable.dispose();
  }
}

/** Drops units, or whole channels of images, and scales the rest; the mask is drawn on the host. */
export type Dropout = <T extends tf.Tensor>(x: T) => T;

/** Dropout by a generator; `undefined` for none. */
export function dropout(rate: number, generator: Generator | undefined): Dropout {
  if (!generator || rate === 0) return (x) => x;
  let drawn = 0;
  return <T extends tf.Tensor>(x: T): T => {
    const shape = x.rank === 4 ? [x.shape[0]!, 1, 1, x.shape[3]!] : x.shape;
    const kept = generator.split(drawn++).bernoulli(shape, 1 - rate);
    return tf.mul(x, tf.div(kept, 1 - rate));
  };
}

/** The activation of the source: slope 0.2 below 0. */
export const leaky = <T extends tf.Tensor>(x: T): T => tf.leakyRelu(x, 0.2);

/** Flattens `[batch, height, width, channels]`. */
export const flat = (x: tf.Tensor4D): tf.Tensor2D => tf.reshape(x, [x.shape[0], -1]);

/**
 * Divergence of a normal distribution from the standard one, summed over the latent variables.
 *
 * @param mean - Shape `[batch, size]`.
 * @param logVariance - Same shape.
 * @returns ½ Σ (μ² + e^lv − 1 − lv), shape `[batch]`.
 */
export function klDivergence(mean: tf.Tensor2D, logVariance: tf.Tensor2D): tf.Tensor1D {
  return tf.tidy(() => {
    const each = tf.sub(tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), 1), logVariance);
    return tf.mul(tf.sum(each, 1), 0.5) as tf.Tensor1D;
  });
}
