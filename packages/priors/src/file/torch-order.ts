import { ArgumentError } from "@lab/core";
import { parameters } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type ParameterLayout, sizeOf } from "../layout/index.js";

/** Modules in the order in which PyTorch's residual networks register them; numbers count, others keep their place. */
const MODULES = [
  ...["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"],
  ...["layer1", "layer2", "layer3", "layer4", "downsample", "fc"],
];

/** Our axes as places in PyTorch's shape, by rank: kernels of dense layers and of convolutions. */
const AXES: Readonly<Record<number, readonly number[]>> = { 1: [0], 2: [1, 0], 4: [2, 3, 1, 0] };

/** A parameter of a model and where PyTorch's vector has it. */
interface Placed {
  name: string;
  /** Our shape. */
  shape: number[];
  /** First value in PyTorch's vector. */
  from: number;
}

const wordsOf = (name: string) =>
  name
    .slice(0, name.lastIndexOf("/"))
    .split(".")
    .map((word) => (/^\d+$/.test(word) ? Number(word) : MODULES.indexOf(word)));

function byRegistration(a: { name: string }, b: { name: string }): number {
  const [first, second] = [wordsOf(a.name), wordsOf(b.name)];
  for (let i = 0; i < Math.min(first.length, second.length); i++) {
    if (first[i] !== second[i]) return first[i]! - second[i]!;
  }
  return first.length - second.length;
}

/** Vectors of PyTorch's twin of a model, in the model's own order and axes. */
export interface TorchOrder {
  /** The parameters in the model's order. */
  layout: ParameterLayout;
  /** Brings `[K, P]` values of PyTorch's order into ours; the result belongs to the caller. */
  reorder(values: Float32Array, rows: number): tf.Tensor2D;
}

/**
 * How a flat vector of PyTorch's twin of a model holds the model's parameters.
 *
 * @param caller - Named in errors.
 * @param model - Its layers bear PyTorch's names, as those of `@lab/core/nn` do.
 * @param size - Values in the vector: all trainable parameters of the model, or all but the last layer's.
 * @throws {@link ArgumentError} when the size is neither, or a parameter has a rank without a counterpart.
 */
export function torchOrder(caller: string, model: LayersModel, size: number): TorchOrder {
  const all = [...parameters(model)].map(([name, { shape }]) => ({ name, shape: [...shape] }));
  const head = all.at(-1)!.name.replace(/\/[^/]*$/, "/");
  const count = (list: typeof all) => list.reduce((sum, entry) => sum + sizeOf(entry), 0);
  const body = all.filter(({ name }) => !name.startsWith(head));
  const entries = count(all) === size ? all : body;
  if (count(entries) !== size) {
    throw new ArgumentError(
      `${caller}: the vector holds ${size} values; ${count(all)} of the model, or ${count(body)} without its last layer, were expected`,
      { argument: "layout", value: size },
    );
  }
  const starts = new Map<string, number>();
  let at = 0;
  for (const entry of [...entries].sort(byRegistration)) {
    starts.set(entry.name, at);
    at += sizeOf(entry);
    if (AXES[entry.shape.length]) continue;
    throw new ArgumentError(
      `${caller}: ${entry.name} has rank ${entry.shape.length}; dense layers, convolutions and norms were expected`,
      { argument: "layout", value: entry.shape },
    );
  }
  const placed: Placed[] = entries.map((entry) => ({ ...entry, from: starts.get(entry.name)! }));
  return { layout: { entries }, reorder: (values, rows) => reordered(values, rows, size, placed) };
}

function reordered(values: Float32Array, rows: number, size: number, placed: readonly Placed[]): tf.Tensor2D {
  return tf.tidy(() => {
    const all = tf.tensor2d(values, [rows, size]);
    const parts = placed.map(({ shape, from }) =>
      tf.tidy(() => {
        const axes = AXES[shape.length]!;
        const count = sizeOf({ name: "", shape });
        const theirs = shape.map((_, axis) => shape[axes.indexOf(axis)]!);
        const part = tf.reshape(tf.slice(all, [0, from], [rows, count]), [rows, ...theirs]);
        return tf.reshape(tf.transpose(part, [0, ...axes.map((axis) => axis + 1)]), [rows, count]);
      }),
    );
    return tf.concat(parts, 1) as tf.Tensor2D;
  });
}
