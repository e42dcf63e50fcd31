/**
 * The `lab ssl` commands.
 *
 * @packageDocumentation
 */
import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { readNpy } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { simulateLinear } from "../dynamics/index.js";
import { spectrum } from "../spectrum/index.js";

const spectrumCommand: Command = {
  path: ["ssl", "spectrum"],
  summary: "Show how many dimensions the embeddings in a .npy file use",
  options: {
    file: { type: "positional", description: "Embeddings, one row a sample", required: true },
    raw: { type: "boolean", description: "Do not bring rows to norm 1 first" },
    threshold: {
      type: "number",
      description: "Share of the largest eigenvalue that counts as collapsed",
      default: 1e-4,
    },
  },
  async run({ options, init, print, json }) {
    await init();
    const { shape, data } = await readNpy(String(options.file));
    if (shape.length !== 2) {
      throw new ArgumentError(
        `ssl spectrum: file holds shape [${shape.join(",")}]; [rows,columns] was expected`,
        {
          argument: "file",
          value: shape,
        },
      );
    }
    const z = tf.tensor2d(Float32Array.from(data as ArrayLike<number>, Number), [shape[0]!, shape[1]!]);
    const result = await spectrum(z, { normalize: options.raw !== true });
    z.dispose();
    const collapsed = result.numCollapsed(Number(options.threshold));
    const { values, rankMe, effectiveRank, participationRatio, stableRank } = result;
    if (json) {
      print(
        JSON.stringify({
          values: [...values],
          rankMe,
          effectiveRank,
          participationRatio,
          stableRank,
          collapsed,
        }),
      );
      return 0;
    }
    print(`${shape[0]} rows, ${shape[1]} columns, ${collapsed} collapsed`);
    print(
      `RankMe ${rankMe?.toFixed(2)}, effective rank ${effectiveRank.toFixed(2)}, participation ratio ${participationRatio.toFixed(2)}, stable rank ${stableRank.toFixed(2)}`,
    );
    return 0;
  },
};

const toyCollapse: Command = {
  path: ["ssl", "toy", "collapse"],
  summary: "Train a linear network contrastively and count the dimensions that collapse",
  options: {
    layers: { type: "number", description: "Number of layers", default: 2 },
    noise: { type: "number", description: "Standard deviation of the second view's noise", default: 0.001 },
    steps: { type: "number", description: "Updates", default: 10_000 },
    batch: { type: "number", description: "Samples of a batch", default: 128 },
    seed: { type: "number", description: "Seed", default: 1 },
  },
  async run({ options, print, json, signal, onProgress }) {
    const steps = Number(options.steps);
    const { embeddingSpectrum: values } = simulateLinear({
      numLayers: Number(options.layers),
      noise: Number(options.noise),
      steps,
      batchSize: Number(options.batch),
      decay: 0.35,
      seed: Number(options.seed),
      signal,
      onStep: ({ step, loss }) => onProgress({ done: step, total: steps, metrics: { loss } }),
    });
    const collapsed = values.filter((value) => value < 1e-4 * values[0]!).length;
    print(
      json
        ? JSON.stringify({ collapsed, values: [...values] })
        : `${collapsed} of ${values.length} dimensions below 1e-4 of the largest eigenvalue`,
    );
    return 0;
  },
};

/** Commands of this package. */
export const commands: readonly Command[] = [spectrumCommand, toyCollapse];
