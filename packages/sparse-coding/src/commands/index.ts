/**
 * The `lab sparse` commands.
 *
 * @packageDocumentation
 */
import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite, readNpy, writeNpy } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { DictionaryLearner } from "../dictionary/index.js";
import { picturesOf } from "../figures/index.js";
import { sparseEncode } from "../lasso/index.js";

async function readMatrix(argument: string, path: string): Promise<tf.Tensor2D> {
  const { shape, data } = await readNpy(path);
  if (shape.length !== 2) {
    throw new ArgumentError(`lab sparse: ${argument} has shape [${shape}]; a matrix was expected`, {
      argument,
      value: path,
    });
  }
  return tf.tensor2d(Float32Array.from(data as ArrayLike<number>), shape as [number, number]);
}

const learn: Command = {
  path: ["sparse", "learn"],
  summary: "Learn a dictionary from the rows of a .npy matrix and write it, and a picture of its atoms",
  options: {
    data: { type: "positional", description: "Matrix [samples, values]", required: true },
    out: { type: "string", description: "Dictionary to write, .npy [values, atoms]", required: true },
    atoms: { type: "number", description: "Number of atoms", default: 64 },
    alpha: { type: "number", description: "Weight of the l1 norm", default: 0.1 },
    update: {
      type: "string",
      description: "How atoms are updated",
      choices: ["online", "mod", "ksvd"],
      default: "online",
    },
    iterations: { type: "number", description: "Passes over the data", default: 10 },
    seed: { type: "number", description: "Seed", default: 0 },
    picture: { type: "string", description: "SVG of the atoms, for square samples" },
  },
  async run({ options, init, print, json, signal, onProgress }) {
    await init();
    const y = await readMatrix("data", String(options.data));
    const learner = new DictionaryLearner({
      atoms: Number(options.atoms),
      alpha: Number(options.alpha),
      update: options.update as "online" | "mod" | "ksvd",
      iterations: Number(options.iterations),
      seed: Number(options.seed),
    });
    try {
      await learner.fit(y, { signal, onProgress });
      const values = (await learner.dictionary.data()) as Float32Array;
      const [dim, count] = learner.dictionary.shape;
      await writeNpy(String(options.out), { shape: [dim, count], data: values });
      if (options.picture !== undefined) {
        const side = Math.sqrt(dim);
        if (!Number.isInteger(side)) {
          throw new ArgumentError(
            `lab sparse learn: data has ${dim} columns; a square was expected with picture`,
            {
              argument: "picture",
              value: dim,
            },
          );
        }
        const atoms = Array.from({ length: count }, (_, j) =>
          Array.from({ length: dim }, (_, k) => values[k * count + j]!),
        );
        const figure = picturesOf(atoms, { height: side, width: side, title: `${count} atoms`, most: count });
        await atomicWrite(String(options.picture), renderSvg(figure));
      }
      print(
        json
          ? JSON.stringify({ out: options.out, atoms: count, values: dim })
          : `${options.out}: ${count} atoms of ${dim} values`,
      );
      return 0;
    } finally {
      learner.dispose();
      y.dispose();
    }
  },
};

const encode: Command = {
  path: ["sparse", "encode"],
  summary: "Code the rows of a .npy matrix against a dictionary",
  options: {
    data: { type: "positional", description: "Matrix [samples, values]", required: true },
    dictionary: { type: "string", description: "Dictionary, .npy [values, atoms]", required: true },
    out: { type: "string", description: "Codes to write, .npy [samples, atoms]", required: true },
    algorithm: {
      type: "string",
      description: "Solver",
      choices: ["auto", "cd", "fista", "omp", "threshold"],
      default: "auto",
    },
    alpha: { type: "number", description: "Weight of the l1 norm", default: 0.1 },
    nonzero: { type: "number", description: "Most atoms of a sample, for omp" },
    positive: { type: "boolean", description: "Whether codes are non-negative", default: false },
  },
  async run({ options, init, print, json }) {
    await init();
    const y = await readMatrix("data", String(options.data));
    const dictionary = await readMatrix("dictionary", String(options.dictionary));
    try {
      const coded = await sparseEncode(y, dictionary, {
        algorithm: options.algorithm as "auto",
        alpha: Number(options.alpha),
        positive: options.positive === true,
        ...(options.nonzero === undefined ? {} : { nonzero: Number(options.nonzero) }),
      });
      const values = (await coded.codes.data()) as Float32Array;
      const [rows, count] = coded.codes.shape;
      coded.dispose();
      await writeNpy(String(options.out), { shape: [rows, count], data: values });
      const zeros = values.reduce((sum, v) => sum + (v === 0 ? 1 : 0), 0) / values.length;
      print(
        json
          ? JSON.stringify({ out: options.out, rows, zeros })
          : `${options.out}: ${rows} codes, ${(100 * zeros).toFixed(1)} % zeros`,
      );
      return 0;
    } finally {
      tf.dispose([y, dictionary]);
    }
  },
};

/** Commands of this package. */
export const commands: readonly Command[] = [learn, encode];
