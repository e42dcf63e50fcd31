import { ArgumentError, checkInteger, checkNumber } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder, PreparedDecoder } from "./decoder.js";

/** Options of {@link mlpDecoder}. */
export interface MLPDecoderOptions {
  /** Components l of a code. */
  codeDim: number;
  /** Widths of the hidden layers, at least one. */
  hidden: number[];
  /** Components d of a sample. */
  dataDim: number;
  /** Norm that the outgoing weights of every unit are rescaled to. @defaultValue none, weights are free */
  columnNorm?: number;
  /** Seed of the initial weights, uniform in ±1/√fan_in. @defaultValue 0 */
  seed?: number;
}

/** A decoder of dense layers with rectifiers and no bias at the output. */
export interface MLPDecoder extends Decoder {
  /** Weights of each layer, `[in, out]`. */
  readonly kernels: tf.Variable<tf.Rank.R2>[];
  /** Biases of the hidden layers, `[out]`. */
  readonly biases: tf.Variable<tf.Rank.R1>[];
  /** Norm that outgoing weights are kept at, when there is one. */
  readonly columnNorm: number | undefined;
  /** Binds it to a batch; gradients are in closed form, without a tape. */
  prepare(y: tf.Tensor2D): PreparedDecoder;
  /** Rescales the outgoing weights of every unit to the norm. */
  project(): void;
  /** Frees the weights. */
  dispose(): void;
}

/** Rows of the Jacobian's power iteration; the constant is a local one, so it gets a margin. */
const POWER_STEPS = 4;
const MARGIN = 1.2;

/**
 * A multi-layer decoder: $\hat y = W_2^\top \mathrm{relu}(W_1^\top z + b_1)$ for one hidden layer, and so on.
 *
 * @param options - See {@link MLPDecoderOptions}.
 * @returns A decoder; dispose it.
 * @throws {@link ArgumentError} for a bad number or no hidden layer.
 * @see Evtimova, LeCun (2022), section 3.
 */
export function mlpDecoder(options: MLPDecoderOptions): MLPDecoder {
  const codeDim = checkInteger("mlpDecoder", "codeDim", options.codeDim, { min: 1 });
  const dataDim = checkInteger("mlpDecoder", "dataDim", options.dataDim, { min: 1 });
  const { hidden, columnNorm } = options;
  if (hidden.length === 0) {
    throw new ArgumentError(
      "mlpDecoder: hidden is []; at least one width was expected; use linearDecoder for none",
      { argument: "hidden", value: hidden },
    );
  }
  for (const [i, width] of hidden.entries()) checkInteger("mlpDecoder", `hidden[${i}]`, width, { min: 1 });
  if (columnNorm !== undefined) checkNumber("mlpDecoder", "columnNorm", columnNorm, { above: 0 });
  const sizes = [codeDim, ...hidden, dataDim];
  const generator = new Generator(options.seed ?? 0);
  const kernels: tf.Variable<tf.Rank.R2>[] = [];
  const biases: tf.Variable<tf.Rank.R1>[] = [];
  for (let layer = 0; layer + 1 < sizes.length; layer++) {
    const bound = 1 / Math.sqrt(sizes[layer]!);
    const draw = (shape: number[]) => generator.uniform(shape, -bound, bound);
    tf.tidy(() => {
      kernels.push(tf.variable(draw([sizes[layer]!, sizes[layer + 1]!]) as tf.Tensor2D));
      if (layer + 2 < sizes.length) biases.push(tf.variable(draw([sizes[layer + 1]!]) as tf.Tensor1D));
    });
  }

  /** Pre-activations of the hidden layers and the activations that enter the last layer. */
  const forward = (codes: tf.Tensor2D) => {
    const masks: tf.Tensor[] = [];
    let at: tf.Tensor = codes;
    for (const [layer, bias] of biases.entries()) {
      const before = tf.add(tf.matMul(at as tf.Tensor2D, kernels[layer]!), bias);
      masks.push(before);
      at = tf.relu(before);
    }
    return { at: at as tf.Tensor2D, masks: () => masks.map((m) => tf.step(m)) };
  };
  /** Pulls a gradient at the last hidden layer back to the codes. */
  const pullBack = (gradient: tf.Tensor2D, masks: readonly tf.Tensor[]): tf.Tensor2D => {
    let at = gradient;
    for (let layer = biases.length - 1; layer >= 0; layer--) {
      at = tf.matMul(tf.mul(at, masks[layer]!) as tf.Tensor2D, kernels[layer]!, false, true);
    }
    return at;
  };
  const last = kernels[kernels.length - 1]!;
  const project = () => {
    if (columnNorm === undefined) return;
    tf.tidy(() => {
      // In this layout the weights that leave a unit, its atom, are a row.
      for (const kernel of kernels) {
        const norms = tf.sqrt(tf.sum(tf.square(kernel), 1, true));
        kernel.assign(tf.mul(kernel, tf.div(columnNorm, norms)) as tf.Tensor2D);
      }
    });
  };
  project();
  return {
    codeDim,
    dataDim,
    kernels,
    biases,
    columnNorm,
    variables: [...kernels, ...biases],
    decayed: biases,
    decode: (codes) => tf.tidy(() => tf.matMul(forward(codes).at, last)),
    prepare(y) {
      const width = last.shape[0];
      const isNarrow = width < 2 * dataDim;
      const [second, target] = isNarrow
        ? (tf.tidy(() => [tf.matMul(last, last, false, true), tf.matMul(y, last, false, true)]) as [
            tf.Tensor2D,
            tf.Tensor2D,
          ])
        : [undefined, undefined];
      return {
        gradient: (codes) =>
          tf.tidy(() => {
            const { at, masks } = forward(codes);
            // R W2ᵀ = h (W2 W2ᵀ) − Y W2ᵀ, cheaper when the last hidden layer is narrow.
            const outer = isNarrow
              ? tf.sub(tf.matMul(at, second!), target!)
              : tf.matMul(tf.sub(tf.matMul(at, last), y) as tf.Tensor2D, last, false, true);
            return tf.mul(pullBack(outer as tf.Tensor2D, masks()), 2 / dataDim) as tf.Tensor2D;
          }),
        async lipschitz(codes) {
          const largest = tf.tidy(() => {
            const masks = forward(codes).masks();
            let direction = new Generator(7).normal([...codes.shape]) as tf.Tensor2D;
            let norms: tf.Tensor = tf.scalar(0);
            for (let i = 0; i < POWER_STEPS; i++) {
              let at = direction;
              for (let layer = 0; layer < biases.length; layer++) {
                at = tf.mul(tf.matMul(at, kernels[layer]!), masks[layer]!) as tf.Tensor2D;
              }
              const back: tf.Tensor2D = isNarrow
                ? tf.matMul(at, second!)
                : tf.matMul(tf.matMul(at, last), last, false, true);
              const image = pullBack(back, masks);
              norms = tf.sqrt(tf.sum(tf.square(image), 1, true));
              direction = tf.div(image, tf.add(norms, 1e-30)) as tf.Tensor2D;
            }
            return tf.max(norms);
          });
          const [value] = await largest.data();
          largest.dispose();
          return Math.max((MARGIN * 2 * value!) / dataDim, 1e-12);
        },
        dispose: () => {
          second?.dispose();
          target?.dispose();
        },
      };
    },
    project,
    dispose: () => tf.dispose([...kernels, ...biases]),
  };
}
