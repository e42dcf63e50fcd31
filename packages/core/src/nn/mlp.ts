import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { checkBoolean, checkChoice, checkInteger } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import { Generator } from "../random/index.js";
import { batchNormLayer } from "./batch-norm-layer.js";
import { built } from "./built.js";
import { initialise } from "./initialise.js";

/** What follows each hidden layer. */
export type Activation = "relu" | "tanh" | "sigmoid" | "elu" | "selu" | "softplus" | "swish" | "linear";

const ACTIVATIONS = ["relu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish", "linear"] as const;

/** Options of {@link mlp}. */
export interface MlpOptions {
  /** Numbers of inputs, of each hidden layer's units, and of outputs; at least two. */
  sizes: readonly number[];
  /** What follows each hidden layer. @defaultValue `"relu"` */
  activation?: Activation;
  /** Whether hidden layers are batch-normalised before their activation. @defaultValue false */
  batchNorm?: boolean;
  /** Whether layers have a bias. @defaultValue true */
  bias?: boolean;
  /** Draws the weights. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

/**
 * A multilayer perceptron; the last layer is linear.
 *
 * Layers are named by their place in the corresponding `torch.nn.Sequential`: `0` linear, `1` normalisation or
 * activation, and so on, so that {@link loadTorchWeights} needs no mapping.
 *
 * @param options - See {@link MlpOptions}.
 * @returns A model from `[batch, sizes[0]]` to `[batch, sizes.at(-1)]`; the caller disposes it.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Weights and biases are uniform within ±1/√(inputs), as `torch.nn.Linear` draws them.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { mlp } from "@lab/core/nn";
 *
 * await init();
 * const model = mlp({ sizes: [4, 8, 2], activation: "tanh" });
 * model.countParams(); // => 58
 * const output = model.apply(tf.ones([3, 4])) as tf.Tensor;
 * output.shape; // => [3, 2]
 * ```
 */
export function mlp(options: MlpOptions): LayersModel {
  const { sizes, generator = new Generator(0) } = options;
  if (!Array.isArray(sizes) || sizes.length < 2) {
    throw new ArgumentError(`mlp: sizes is ${JSON.stringify(sizes)}; at least two numbers were expected`, {
      argument: "sizes",
      value: sizes,
    });
  }
  for (const [i, size] of sizes.entries()) checkInteger("mlp", `sizes[${i}]`, size, { min: 1 });
  const activation = checkChoice("mlp", "activation", options.activation ?? "relu", ACTIVATIONS);
  const withNorm = checkBoolean("mlp", "batchNorm", options.batchNorm ?? false);
  const useBias = checkBoolean("mlp", "bias", options.bias ?? true);
  const result = built(() => {
    const first = input({ shape: [sizes[0]!] });
    let x: SymbolicTensor = first;
    let place = 0;
    for (const [i, units] of sizes.slice(1).entries()) {
      const dense = layers.dense({ units, useBias, kernelInitializer: "zeros", name: String(place++) });
      x = dense.apply(x) as SymbolicTensor;
      if (i === sizes.length - 2) break;
      if (withNorm) x = batchNormLayer(x, String(place++));
      x = layers.activation({ activation, name: String(place++) }).apply(x) as SymbolicTensor;
    }
    return model({ inputs: first, outputs: x });
  });
  initialise(result, generator);
  return result;
}
