import type { LayersModel, LayerVariable, layers } from "@tensorflow/tfjs-layers";
import type { ParameterGenerator } from "../generator/index.js";
import { isGenerated } from "./attach.js";
import type { Compressed } from "./compressed.js";

/** Degrees of freedom of a model: what is trained, and what the network would have without a ring. */
export interface DofReport {
  /** Numbers in the rings. */
  ring: number;
  /** Parameters that are trained as they are. */
  free: {
    /** The first kernel. */
    stem: number;
    /** Scales and shifts of normalisation. */
    norm: number;
    /** Biases. */
    bias: number;
    /** The last layer with a kernel, its bias included. */
    head: number;
    /** Other kernels. */
    other: number;
  };
  /** Elements that the rings generate. */
  generated: number;
  /** Trainable parameters of the same network without rings. */
  dense: number;
  /** Ring and free parameters over `dense`. */
  ratioAll: number;
  /** Ring over generated elements, as the paper counts; 1 for a model without rings. */
  ratioGenerated: number;
  /** Share of the original kernels that the ring explains, after `init: "project"`. */
  explained?: number;
  /** The generated tensors. */
  layers: {
    /** Its name. */
    name: string;
    /** Its elements. */
    generated: number;
    /** Laps around the ring that it takes. */
    laps: number;
    /** Standard deviation it starts with. */
    std: number;
  }[];
}

const sizeOf = (shape: readonly (number | null)[]) => shape.reduce<number>((n, size) => n * (size ?? 1), 1);

/** Counts the parameters of a model; `explained` is handed through. */
export function reportOf(
  model: LayersModel,
  generators: readonly ParameterGenerator[],
  explained?: number,
): DofReport {
  const rings = new Set<LayerVariable>(generators.map(({ weight }) => weight));
  const free = { stem: 0, norm: 0, bias: 0, head: 0, other: 0 };
  const withWeights = model.layers.filter((layer) => layer.weights.length > 0);
  const isKernel = (layer: layers.Layer) => hasKernel(layer);
  const kernelLayers = withWeights.filter(isKernel);
  const [first, last] = [kernelLayers[0], kernelLayers.at(-1)];
  for (const layer of withWeights) {
    for (const weight of layer.trainableWeights) {
      if (rings.has(weight)) continue;
      const count = sizeOf(weight.shape);
      if (/gamma|beta/.test(weight.originalName)) free.norm += count;
      else if (layer === last && layer !== first && isFreeKernel(layer)) free.head += count;
      else if (weight.shape.length < 2) free.bias += count;
      else if (layer === first) free.stem += count;
      else free.other += count;
    }
  }
  const ring = generators.reduce((sum, { size }) => sum + size, 0);
  const generated = generators.reduce((sum, generator) => sum + generator.generated, 0);
  const numFree = free.stem + free.norm + free.bias + free.head + free.other;
  const dense = generated + numFree;
  return {
    ring,
    free,
    generated,
    dense,
    ratioAll: (ring + numFree) / dense,
    ratioGenerated: generated > 0 ? ring / generated : 1,
    ...(explained === undefined ? {} : { explained }),
    layers: generators.flatMap((generator) =>
      generator.targets.map(({ name, shape, std }) => ({
        name,
        generated: sizeOf(shape),
        laps: sizeOf(shape) / generator.size,
        std,
      })),
    ),
  };
}

const isFreeKernel = (layer: layers.Layer) =>
  layer.trainableWeights.some(
    ({ shape, originalName }) => shape.length >= 2 && !originalName.startsWith("ring."),
  );

/** Whether a layer has a kernel, generated or free: norms and the like have none. */
function hasKernel(layer: layers.Layer): boolean {
  if (isFreeKernel(layer)) return true;
  return Object.values(layer).some(isGenerated);
}

/**
 * Counts what is trained in a model, compressed or not.
 *
 * @param model - An ordinary model or what `compress` returned.
 * @returns See {@link DofReport}; two ratios, since the paper's headline leaves stem, norms and classifier out.
 * @remarks Running statistics of normalisation are not counted.
 */
export function degreesOfFreedom(model: LayersModel | Compressed): DofReport {
  return "generators" in model
    ? reportOf(model.model, model.generators, model.report.explained)
    : reportOf(model, []);
}
