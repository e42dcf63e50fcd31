import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, layers } from "@tensorflow/tfjs-layers";
import type { Generator } from "../random/index.js";

/**
 * Draws the weights of a network as torchvision does: convolutions from the normal distribution with variance
 * 2 / (filters · kernel area), dense layers uniformly within ±1/√(inputs). Every weight has its own generator, split
 * off by name, so that adding a layer changes no other. Layers of other kinds keep what they made themselves.
 */
export function initialise(model: LayersModel, generator: Generator): void {
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const draw = generator.split(weight.originalName);
      const value = initialValue(layer, weight.originalName, weight.shape as number[], draw);
      if (!value) continue;
      weight.write(value);
      value.dispose();
    }
  }
}

function initialValue(
  layer: layers.Layer,
  name: string,
  shape: number[],
  draw: Generator,
): tf.Tensor | undefined {
  const isKernel = name.endsWith("/kernel");
  const kind = layer.getClassName();
  if (kind === "Dense") {
    const bound = 1 / Math.sqrt(isKernel ? shape[0]! : inputsOf(layer));
    return draw.uniform(shape, -bound, bound);
  }
  if (kind === "Conv2D") {
    return isKernel
      ? draw.normal(shape, 0, Math.sqrt(2 / (shape[0]! * shape[1]! * shape[3]!)))
      : tf.zeros(shape);
  }
  if (kind === "Conv2DTranspose") {
    return isKernel
      ? draw.normal(shape, 0, Math.sqrt(2 / (shape[0]! * shape[1]! * shape[2]!)))
      : tf.zeros(shape);
  }
  return undefined;
}

function inputsOf(layer: layers.Layer): number {
  const kernel = layer.weights.find((weight) => weight.originalName.endsWith("/kernel"))!;
  return kernel.shape[0] as number;
}
