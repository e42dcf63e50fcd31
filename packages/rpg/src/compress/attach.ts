import { ArgumentError } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import {
  type LayersModel,
  LayersModel as LayersModelClass,
  LayerVariable,
  layers,
} from "@tensorflow/tfjs-layers";
import type { ParameterGenerator } from "../generator/index.js";

type Layer = layers.Layer;
type Regulariser = { apply(x: tf.Tensor): tf.Scalar };

/** The inside of a layer that this package rewires. */
interface Inside {
  _trainableWeights: LayerVariable[];
  _losses: (() => tf.Scalar)[];
  [field: string]: unknown;
}

/** A kernel in a model: where it is kept and what it is. */
export interface Kernel {
  /** Layer, inner layers and field, separated by slashes. */
  name: string;
  /** The layer of the model it belongs to. */
  layer: Layer;
  /** The layer or cell whose field it is. */
  holder: Layer;
  /** The field. */
  field: string;
  /** Its present variable. */
  variable: LayerVariable;
}

/** Fields in which wrappers and recurrent layers keep their inner layers. */
const INNER = ["layer", "forwardLayer", "backwardLayer", "cell", "cells"];

const inside = (layer: Layer) => layer as unknown as Inside;

/** Layers without inner layers, in model order; each once, with its path. */
function* leaves(layer: Layer, path: string, seen: Set<Layer>): Generator<[Layer, string]> {
  if (seen.has(layer)) return;
  seen.add(layer);
  if (layer instanceof LayersModelClass) {
    for (const part of layer.layers) yield* leaves(part, `${path}/${part.name}`, seen);
    return;
  }
  yield [layer, path];
  for (const field of INNER) {
    const value = inside(layer)[field];
    const parts = Array.isArray(value) ? value : [value];
    for (const [i, part] of parts.entries()) {
      if (!(part instanceof layers.Layer)) continue;
      yield* leaves(part, `${path}/${field}${parts.length > 1 ? i : ""}`, seen);
    }
  }
}

/** Fields of a model's layers that hold kernels, stored or generated, in model order. */
function* kernelFields(
  model: LayersModel,
): Generator<Omit<Kernel, "variable"> & { variable: LayerVariable | GeneratedVariable }> {
  const seen = new Set<Layer>();
  for (const layer of model.layers) {
    for (const [holder, path] of leaves(layer, layer.name, seen)) {
      for (const [field, value] of Object.entries(holder)) {
        const isStored =
          value instanceof LayerVariable &&
          value.shape.length >= 2 &&
          inside(holder)._trainableWeights.includes(value);
        if (!isStored && !(value instanceof GeneratedVariable)) continue;
        yield { name: `${path}/${field}`, layer, holder, field, variable: value };
      }
    }
  }
}

/** All trainable kernels of a model that are stored, in model order; a layer that is used twice comes once. */
export function kernelsOf(model: LayersModel): Kernel[] {
  return [...kernelFields(model)].filter(
    (kernel): kernel is Kernel => kernel.variable instanceof LayerVariable,
  );
}

/** Names of all kernels, those that are generated included; the same for a model and what became of it. */
export const kernelNames = (model: LayersModel): string[] => [...kernelFields(model)].map(({ name }) => name);

/** Refuses kernels that something outside this package changes after each step. */
export function checkConstraints(kernels: readonly Kernel[]): void {
  for (const { layer, variable, name } of kernels) {
    if ((variable as unknown as { constraint: unknown }).constraint == null) continue;
    throw new ArgumentError(
      `compress: ${name} of layer ${layer.name} has a constraint, which acts on stored weights; generated ones have none; leave it free or remove the constraint`,
      { argument: "model", value: name },
    );
  }
}

/** Stands in a layer's field where the variable was. */
class GeneratedVariable {
  readonly dtype = "float32";
  readonly originalName: string;
  constructor(
    readonly name: string,
    readonly shape: readonly number[],
    readonly read: () => tf.Tensor,
  ) {
    this.originalName = name;
  }
}

/** Whether a field's value is a kernel that something computes. */
export const isGenerated = (value: unknown): boolean => value instanceof GeneratedVariable;

/** Puts the generator in the place of the kernels, frees those, and gives the ring to the first holder. */
export function attach(kernels: readonly Kernel[], generator: ParameterGenerator): void {
  const holders = new Set(kernels.map(({ holder }) => holder));
  for (const { holder, field, variable, name } of kernels) {
    const own = inside(holder);
    own._trainableWeights = own._trainableWeights.filter((weight) => weight !== variable);
    own[field] = new GeneratedVariable(name, variable.shape as number[], () => generator.generate(name));
    variable.dispose();
  }
  for (const holder of holders) rebuildLosses(inside(holder));
  inside(kernels[0]!.holder)._trainableWeights.push(generator.weight);
}

/** Puts a function of the variable, which goes on being trained, in the place of a kernel. */
export function replaceKernel({ holder, field, variable, name }: Kernel, read: () => tf.Tensor): void {
  inside(holder)[field] = new GeneratedVariable(name, variable.shape as number[], read);
  rebuildLosses(inside(holder));
}

/** Regularisers hold the variables they were made with; these hold the field. */
function rebuildLosses(own: Inside): void {
  own._losses.length = 0;
  for (const [field, value] of Object.entries(own)) {
    if (!field.endsWith("Regularizer") || value == null || field === "activityRegularizer") continue;
    const weight = field.slice(0, -"Regularizer".length);
    if (own[weight] == null) continue;
    const regulariser = value as Regulariser;
    own._losses.push(() => regulariser.apply((own[weight] as { read(): tf.Tensor }).read()));
  }
}
