import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, layers } from "@tensorflow/tfjs-layers";
import { ArgumentError, DataError } from "../errors/index.js";
import { assign, type ParameterSet } from "./parameter-set.js";

/** A file of tensors that are read one by one, such as the reader of `readSafetensors`. */
export interface TensorReader {
  /** Names of the tensors. */
  names(): Iterable<string>;
  /** Reads a tensor, which then belongs to the caller. */
  tensor(name: string): Promise<tf.Tensor>;
}

/** Values of a `state_dict`. */
export type TorchWeights =
  | ReadonlyMap<string, tf.Tensor>
  | Readonly<Record<string, tf.Tensor>>
  | TensorReader;

/** PyTorch's name of a parameter `<layer>/<weight>`, or a table of such names. */
export type TorchMapping = ((name: string) => string) | Readonly<Record<string, string>>;

/** What {@link loadTorchWeights} found. */
export interface LoadedWeights {
  /** PyTorch's names that were taken. */
  loaded: string[];
  /** PyTorch's names that no parameter asked for. */
  unused: string[];
}

const SUFFIXES: Readonly<Record<string, string>> = {
  kernel: "weight",
  depthwise_kernel: "weight",
  bias: "bias",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
};

/** Axes of PyTorch's tensor in our order, by kind of layer. */
const ORDERS: Readonly<Record<string, readonly number[]>> = {
  Dense: [1, 0],
  Conv1D: [2, 1, 0],
  Conv2D: [2, 3, 1, 0],
  Conv2DTranspose: [2, 3, 1, 0],
  Conv3D: [2, 3, 4, 1, 0],
};

/**
 * Gives a model the weights of a PyTorch model of the same layers.
 *
 * Names are taken over (`layer1.0.conv1/kernel` is `layer1.0.conv1.weight`) and axes are put into this engine's order.
 *
 * @param model - The model; those of this module bear torchvision's names.
 * @param source - The `state_dict`: tensors by name, which stay the caller's, or a reader of a safetensors file, such as
 *   that of `readSafetensors` from `@lab/core/io`.
 * @param mapping - PyTorch's name for some or all parameters; a function gives it for each.
 * @returns See {@link LoadedWeights}.
 * @throws {@link DataError} when the source lacks a weight or has it in another shape. Nothing is changed then.
 * @throws {@link ArgumentError} for a weight whose layer has no counterpart.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { loadTorchWeights, mlp } from "@lab/core/nn";
 *
 * await init();
 * const model = mlp({ sizes: [2, 1] });
 * const state = { "0.weight": tf.tensor2d([[3, 4]]), "0.bias": tf.tensor1d([5]) };
 * await loadTorchWeights(model, state);
 * const output = model.apply(tf.tensor2d([[1, 1]])) as tf.Tensor;
 * (await output.data())[0]; // => 12
 * ```
 */
export async function loadTorchWeights(
  model: LayersModel,
  source: TorchWeights,
  mapping: TorchMapping = {},
): Promise<LoadedWeights> {
  const reader = isReader(source) ? source : fromTensors(source);
  const names = new Set(reader.names());
  const values = new Map<string, tf.Tensor>();
  const loaded: string[] = [];
  try {
    for (const layer of model.layers) {
      for (const weight of layer.weights) {
        const name = weight.originalName;
        const torchName =
          typeof mapping === "function" ? mapping(name) : (mapping[name] ?? torchNameOf(name));
        if (!names.has(torchName)) {
          throw new DataError(
            `loadTorchWeights: source lacks ${torchName} for ${name}; it has ${[...names].slice(0, 5).join(", ")}${names.size > 5 ? ", ..." : ""}; a mapping can rename it`,
            { path: torchName },
          );
        }
        const read = await reader.tensor(torchName);
        const value = tf.tidy(() => ordered(read, layer, name));
        read.dispose();
        values.set(name, value);
        if (String(value.shape) !== String(weight.shape)) {
          throw new DataError(
            `loadTorchWeights: ${torchName} gives ${name} the shape [${value.shape}]; [${weight.shape}] was expected`,
            { path: torchName },
          );
        }
        loaded.push(torchName);
      }
    }
    assign(model, values as ParameterSet);
  } finally {
    tf.dispose([...values.values()]);
  }
  const taken = new Set(loaded);
  return { loaded, unused: [...names].filter((name) => !taken.has(name)) };
}

function isReader(source: TorchWeights): source is TensorReader {
  return (
    typeof (source as TensorReader).names === "function" &&
    typeof (source as TensorReader).tensor === "function"
  );
}

function fromTensors(source: Exclude<TorchWeights, TensorReader>): TensorReader {
  const tensors =
    source instanceof Map ? source : new Map(Object.entries(source as Record<string, tf.Tensor>));
  return { names: () => tensors.keys(), tensor: async (name) => tf.clone(tensors.get(name)!) };
}

function torchNameOf(name: string): string {
  const cut = name.lastIndexOf("/");
  const suffix = SUFFIXES[name.slice(cut + 1)];
  return suffix ? `${name.slice(0, cut)}.${suffix}` : name;
}

function ordered(value: tf.Tensor, layer: layers.Layer, name: string): tf.Tensor {
  if (value.rank < 2) return tf.clone(value);
  const kind = layer.getClassName();
  if (kind === "DepthwiseConv2D") {
    // [channels * multiplier, 1, h, w] to [h, w, channels, multiplier]
    const [total, , height, width] = value.shape as [number, number, number, number];
    const channels = layer.weights[0]!.shape[2]!;
    const split = tf.reshape(value, [channels, total / channels, height, width]);
    return tf.transpose(split, [2, 3, 0, 1]);
  }
  const order = ORDERS[kind];
  if (order && order.length === value.rank) return tf.transpose(value, [...order]);
  throw new ArgumentError(
    `loadTorchWeights: ${name} belongs to a layer ${kind} and has rank ${value.rank}; dense layers and convolutions were expected`,
    { argument: "model", value: kind },
  );
}
