import { checkInteger } from "@lab/core";
import { svdvals } from "@lab/core/linalg";
import type { BarsPlot, HistogramPlot, LinePlot } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import type { Compressed } from "./compress/index.js";
import type { ParameterGenerator } from "./generator/index.js";

/**
 * Distribution of a ring's numbers, and of what they were before.
 *
 * @param generator - The generator.
 * @param options - `before`, the numbers at an earlier time, such as before training; none by default.
 * @returns A figure for `renderSvg` of `@lab/core/plot`.
 */
export async function ringPlot(
  generator: ParameterGenerator,
  options: { before?: ArrayLike<number> } = {},
): Promise<HistogramPlot> {
  const values = Array.from(await generator.ring.data());
  const { before } = options;
  return {
    kind: "histogram",
    title: `The ring's ${generator.size} numbers`,
    x: { label: "value" },
    series: [
      ...(before ? [{ name: "before", values: Array.from(before) }] : []),
      { name: before ? "now" : "ring", values },
    ],
  };
}

/**
 * How many elements of the ring are used how often.
 *
 * @param generator - The generator.
 * @returns A figure for `renderSvg` of `@lab/core/plot`.
 */
export function usagePlot(generator: ParameterGenerator): BarsPlot {
  const counts = new Map<number, number>();
  for (const uses of generator.usage()) counts.set(uses, (counts.get(uses) ?? 0) + 1);
  const uses = [...counts.keys()].sort((a, b) => a - b);
  return {
    kind: "bars",
    title: "Uses of the ring's elements",
    caption: "Laps use every element equally often, up to one.",
    categories: uses.map(String),
    x: { label: "uses in the network" },
    y: { label: "elements" },
    series: [{ name: "elements", y: uses.map((count) => counts.get(count)!) }],
  };
}

/**
 * Singular values of each generated kernel, as a matrix from inputs to outputs; plain sharing shows a cliff.
 *
 * @param compressed - The model.
 * @param options - `maxLayers`, the number of kernels shown from the first on, 6 by default.
 * @returns A figure for `renderSvg` of `@lab/core/plot`.
 */
export async function spectrumPlot(
  compressed: Compressed,
  options: { maxLayers?: number } = {},
): Promise<LinePlot> {
  const maxLayers = checkInteger("spectrumPlot", "maxLayers", options.maxLayers ?? 6, { min: 1 });
  const named = compressed.generators.flatMap((generator) =>
    generator.targets.map((target) => ({ generator, ...target })),
  );
  const series: { name: string; x: number[]; y: number[] }[] = [];
  for (const { generator, name, shape } of named.slice(0, maxLayers)) {
    const values = tf.tidy(() => svdvals(tf.reshape(generator.generate(name), [-1, shape.at(-1)!])));
    const y = Array.from(await values.data());
    values.dispose();
    series.push({ name, x: y.map((_, i) => i + 1), y });
  }
  return {
    kind: "line",
    title: "Singular values of the generated kernels",
    x: { label: "index" },
    y: { label: "singular value" },
    series,
  };
}
