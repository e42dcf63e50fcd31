import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel, LayerVariable } from "@tensorflow/tfjs-layers";
import { kernelsOf } from "./attach.js";
import { emptyCopy } from "./clone.js";
import type { Compressed } from "./compressed.js";

/**
 * An ordinary model with the kernels that the rings generate now.
 *
 * @param compressed - What `compress` or `loadArtifact` returned; it stays as it is.
 * @returns A model without a trace of the rings, whose `save` works; the caller disposes it.
 */
export function exportModel(compressed: Compressed): LayersModel {
  const { model, generators } = compressed;
  const plain = emptyCopy(model);
  const rings = new Set<LayerVariable>(generators.map(({ weight }) => weight));
  const generated = new Map(
    generators.flatMap((generator) => generator.targets.map(({ name }) => [name, generator] as const)),
  );
  tf.tidy(() => {
    const kernels = new Set<LayerVariable>();
    for (const { name, variable } of kernelsOf(plain)) {
      const generator = generated.get(name);
      if (!generator) continue;
      kernels.add(variable);
      variable.write(generator.generate(name));
    }
    const from = model.weights.filter((weight) => !rings.has(weight));
    const to = plain.weights.filter((weight) => !kernels.has(weight));
    for (const [i, weight] of to.entries()) weight.write(from[i]!.read());
  });
  return plain;
}
