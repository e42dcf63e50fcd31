import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";

/** Options of {@link Mlp}. */
export interface MlpOptions {
  /** Sizes of the layers, input and output included. */
  sizes: readonly number[];
  /** Draws the initial weights. */
  generator: Generator;
  /** Factor on the initial weights of the last layer. @defaultValue 1 */
  lastScale?: number;
  /** Between the layers. @defaultValue `"relu"` */
  activation?: "relu" | "tanh";
}

/** A small fully connected network over plain variables. */
export class Mlp {
  private readonly layers: { weight: tf.Variable; bias: tf.Variable }[];
  private readonly activate: (x: tf.Tensor2D) => tf.Tensor2D;

  constructor({ sizes, generator, lastScale = 1, activation = "relu" }: MlpOptions) {
    this.activate = activation === "relu" ? (x) => tf.relu(x) : (x) => tf.tanh(x);
    this.layers = sizes.slice(1).map((size, i) => {
      const fanIn = sizes[i]!;
      // Uniform within 1/√fanIn, as PyTorch initialises linear layers.
      const bound = (i === sizes.length - 2 ? lastScale : 1) / Math.sqrt(fanIn);
      const own = generator.split(i);
      const draw = (label: string, shape: number[]) =>
        tf.tidy(() => tf.variable(own.split(label).uniform(shape, -bound, bound)));
      return { weight: draw("weight", [fanIn, size]), bias: draw("bias", [size]) };
    });
  }

  /** Outputs `[batch, last]` for inputs `[batch, first]`. */
  apply(x: tf.Tensor2D): tf.Tensor2D {
    let out = x;
    for (const [i, { weight, bias }] of this.layers.entries()) {
      out = tf.add(tf.matMul(out, weight as tf.Tensor as tf.Tensor2D), bias);
      if (i < this.layers.length - 1) out = this.activate(out);
    }
    return out;
  }

  /** Variables by name. */
  parameters(): Map<string, tf.Variable> {
    return new Map(
      this.layers.flatMap(({ weight, bias }, i): [string, tf.Variable][] => [
        [`${i}.weight`, weight],
        [`${i}.bias`, bias],
      ]),
    );
  }

  /** Frees the variables. */
  dispose(): void {
    for (const { weight, bias } of this.layers) tf.dispose([weight, bias]);
  }
}
