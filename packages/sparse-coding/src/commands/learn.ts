import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite, writeNpy } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";
import { DictionaryLearner } from "../dictionary/index.js";
import { picturesOf } from "../figures/index.js";
import { readMatrix } from "./read-matrix.js";

/** `lab sparse learn` */
export const learn: Command = {
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
