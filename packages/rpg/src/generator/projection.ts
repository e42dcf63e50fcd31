import { ArgumentError, checkShape } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import { PLACE_MASK } from "../ring-index/ring-index.js";

/** Values of a tensor for every target, checked before any is read. */
export async function readKernels(
  caller: string,
  targets: readonly { name: string; shape: readonly number[] }[],
  kernels: Readonly<Record<string, tf.Tensor>>,
): Promise<Record<string, Float32Array>> {
  for (const { name, shape } of targets) {
    const kernel = kernels[name];
    if (!kernel) {
      throw new ArgumentError(`${caller}: kernels lacks ${name}; every target was expected`, {
        argument: "kernels",
        value: Object.keys(kernels),
      });
    }
    checkShape(caller, name, kernel, [...shape]);
  }
  const values: Record<string, Float32Array> = {};
  for (const { name } of targets) values[name] = (await kernels[name]!.data()) as Float32Array;
  return values;
}

/** A target for projection: where its elements come from, their factor, and values to come near to. */
export interface ProjectedPart {
  packed: Int32Array;
  scale: number;
  values: Float32Array;
}

/** $D_j = \sum_{t:\rho(t)=j} c_l^2$, the sum of squared factors over the uses of each element. */
export function squaredScales(parts: readonly Omit<ProjectedPart, "values">[], size: number): Float64Array {
  const sums = new Float64Array(size);
  for (const { packed, scale } of parts) {
    for (const word of packed) sums[word & PLACE_MASK]! += scale * scale;
  }
  return sums;
}

/** The ring whose kernels are nearest to given ones, $D^{-1} R^\top k$, and the share of their squared norm it explains. */
export function nearestRing(
  parts: readonly ProjectedPart[],
  size: number,
): { ring: Float32Array; explained: number } {
  const sums = new Float64Array(size);
  let total = 0;
  for (const { packed, scale, values } of parts) {
    packed.forEach((word, i) => {
      const value = values[i]!;
      total += value * value;
      sums[word & PLACE_MASK]! += scale * (word < 0 ? -value : value);
    });
  }
  let explained = 0;
  const ring = new Float32Array(size);
  squaredScales(parts, size).forEach((uses, j) => {
    if (uses === 0) return;
    ring[j] = sums[j]! / uses;
    explained += sums[j]! ** 2 / uses;
  });
  return { ring, explained: total > 0 ? explained / total : 0 };
}
