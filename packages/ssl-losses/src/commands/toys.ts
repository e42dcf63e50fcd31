import type { Command } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { simulateLinear, simulateTwoLayers } from "../dynamics/index.js";
import { crossProduct } from "../dynamics/small-matrix.js";

/** `lab ssl toy collapse`: a linear network loses dimensions. */
export const toyCollapse: Command = {
  path: ["ssl", "toy", "collapse"],
  summary: "Train a linear network contrastively and count the dimensions that collapse",
  options: {
    layers: { type: "number", description: "Number of layers", default: 2 },
    noise: { type: "number", description: "Standard deviation of the noise of views", default: 0.001 },
    rate: { type: "number", description: "Learning rate", default: 0.01 },
    steps: { type: "number", description: "Updates", default: 10_000 },
    batch: { type: "number", description: "Samples of a batch", default: 128 },
    seed: { type: "number", description: "Seed", default: 1 },
  },
  async run({ options, print, json, signal, onProgress }) {
    const steps = Number(options.steps);
    const { embeddingSpectrum: values } = simulateLinear({
      numLayers: Number(options.layers),
      noise: Number(options.noise),
      learningRate: Number(options.rate ?? 0.01),
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

/** `lab ssl toy alignment`: two layers under a fixed force. */
export const toyAlignment: Command = {
  path: ["ssl", "toy", "alignment"],
  summary: "Let two linear layers grow under a fixed force and show which singular vectors align",
  options: {
    dim: { type: "number", description: "Rows and columns of the layers", default: 6 },
    norm: { type: "number", description: "Norm of the first layer at which to stop", default: 30 },
    seed: { type: "number", description: "Seed", default: 1 },
  },
  async run({ options, print, json, signal }) {
    const dim = Number(options.dim);
    const generator = new Generator(Number(options.seed));
    const small = (name: string) =>
      generator
        .split(name)
        .normal64(dim * dim)
        .map((value) => 0.3 * value);
    const root = generator.split("force").normal64(dim * dim);
    const { time, singularValues, alignment, drift } = simulateTwoLayers({
      first: small("first"),
      second: small("second"),
      force: crossProduct(root, root, dim).map((value) => value / dim),
      dim,
      untilNorm: Number(options.norm),
      signal,
    });
    const diagonal = Array.from({ length: dim }, (_, k) => Math.abs(alignment[k * dim + k]!));
    if (json) {
      print(
        JSON.stringify({
          time,
          singularValues: singularValues.map((s) => [...s]),
          alignment: [...alignment],
          drift,
        }),
      );
      return 0;
    }
    print(
      `after time ${time.toPrecision(4)}: |A| on its diagonal ${diagonal.map((v) => v.toFixed(4)).join(" ")}`,
    );
    for (const [i, s] of singularValues.entries())
      print(`singular values of layer ${i + 1}: ${Array.from(s, (v) => v.toPrecision(4)).join(" ")}`);
    print(`change of the conserved difference: ${drift.toExponential(1)}`);
    return 0;
  },
};
