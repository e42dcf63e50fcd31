import type { Command } from "@lab/core/experiment";
import { writeNpy } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { sparseEncode } from "../lasso/index.js";
import { readMatrix } from "./read-matrix.js";

/** `lab sparse encode` */
export const encode: Command = {
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
