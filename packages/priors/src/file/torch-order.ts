import { ArgumentError } from "@lab/core";
import { parameters } from "@lab/core/nn";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type ParameterLayout, sizeOf } from "../layout/index.js";

/** Modules in the order in which PyTorch's residual networks register them; numbers count, others keep their place. */
const MODULES = [
  ...["conv1", "bn1", "conv2", "bn2", "conv3", "bn3"],
  ...["layer1", "layer2", "layer3", "layer4", "downsample", "fc"],
];

/** Ranks that have a counterpart: norms and biases, dense layers, convolutions. */
const RANKS = [1, 2, 4];

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
  /** Brings `[K, P]` values of PyTorch's order into ours. */
  reorder(values: Float32Array): Float32Array;
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
    if (RANKS.includes(entry.shape.length)) continue;
    throw new ArgumentError(
      `${caller}: ${entry.name} has rank ${entry.shape.length}; dense layers, convolutions and norms were expected`,
      { argument: "layout", value: entry.shape },
    );
  }
  const placed: Placed[] = entries.map((entry) => ({ ...entry, from: starts.get(entry.name)! }));
  return { layout: { entries }, reorder: (values) => reordered(values, size, placed) };
}

// On the host: the vectors of a ResNet-50 and their copies would not fit in the memory of the wasm backend.
function reordered(values: Float32Array, size: number, placed: readonly Placed[]): Float32Array {
  const out = new Float32Array(values.length);
  let to = 0;
  for (let row = 0; row < values.length; row += size) {
    for (const { shape, from } of placed) {
      const start = row + from;
      const [inputs, outputs] = shape.length > 1 ? [shape.at(-2)!, shape.at(-1)!] : [1, shape[0]!];
      // Theirs is [out, in, height · width], ours [height · width, in, out].
      const field = shape.slice(0, -2).reduce((product, n) => product * n, 1);
      for (let at = 0; at < field; at++) {
        for (let i = 0; i < inputs; i++) {
          for (let o = 0; o < outputs; o++) out[to++] = values[start + (o * inputs + i) * field + at]!;
        }
      }
    }
  }
  return out;
}
