import { cifar10, findData, glyphs } from "@lab/core/data";
import type { Experiment, ExperimentData } from "@lab/core/experiment";
import { randomizedSvd } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { PointArray } from "../points/points.js";
import { blockMean } from "../subspaces/images.js";
import { linear } from "../subspaces/linear.js";
import type { Subspace } from "../subspaces/subspace.js";
import { type PanelsResult, panelRows, summarisePanels } from "./panels.js";
import { paper } from "./paper.js";
import { bytesOf } from "./pixels.js";
import type { SubspaceRow } from "./studies.js";

interface ColourParams {
  numTrain: number;
  numTest: number;
  components: number[];
  /** Sides of the block means; those that divide the pictures are used. */
  sizes: number[];
}

// Inside counts of the first 500 test images of CIFAR-10 and its first 10,000 training images.
const REFERENCE: Record<string, number> = {
  "PCA 2": 499,
  "PCA 4": 491,
  "PCA 6": 473,
  "PCA 8": 428,
  "PCA 10": 359,
  "PCA 15": 215,
  "PCA 20": 122,
  "PCA 30": 37,
  "PCA 40": 13,
  "PCA 50": 4,
  "PCA 100": 1,
  "means 1×1": 498,
  "means 2×2": 403,
  "means 4×4": 18,
  "means 8×8": 0,
};

/** The panels of figure 3 on colour pictures: principal components and means over blocks of red, green and blue. */
export const hullColour: Experiment<ColourParams, PanelsResult> = {
  name: "hull-colour",
  paper,
  claim: "Interpolation collapses with dimension on colour photographs as it does on digits.",
  estimate: { quick: 45, full: 300 },
  isMain: false,
  params: (mode) => ({
    numTrain: 10_000,
    numTest: mode === "quick" ? 500 : 10_000,
    components: [2, 4, 6, 8, 10, 15, 20, 30, 40, 50, 100],
    sizes: [1, 2, 4, 8],
  }),
  async run({ params, data, signal, onProgress }) {
    const { name, train, test, size } = await colourPictures(data, params.numTrain, params.numTest);
    const numColumns = train.shape[1];
    const most = Math.min(...train.shape.map((length) => length - 1));
    const chosen = params.components.filter((k) => k <= most);
    const whole = await leadingComponents(train, Math.max(...chosen), signal);
    const means = params.sizes
      .filter((s) => size % s === 0)
      .map(
        (s) =>
          [`means ${s}×${s}`, blockMean({ shape: [size, size, numColumns / size ** 2], size: s })] as const,
      );
    const rows: SubspaceRow[] = [];
    const total = chosen.length + means.length;
    for await (const row of panelRows(train, test, whole, chosen, means, signal)) {
      rows.push(row);
      onProgress({ done: rows.length, total, message: row.subspace });
    }
    return { data: name, numTrain: train.shape[0], rows };
  },
  summarise: (runs) => summarisePanels(runs[0]!.result, REFERENCE, runs[0]!.result.numTrain === 10_000, 500),
};

interface Pictures {
  name: string;
  train: PointArray;
  test: PointArray;
  size: number;
}

/** The first pictures of CIFAR-10 where it is found, else glyphs in colours drawn for each. */
async function colourPictures(data: ExperimentData, numTrain: number, numTest: number): Promise<Pictures> {
  const found = await findData("cifar10", { dir: data.dir });
  if (found === null) {
    const tinted = (count: number, seed: string): PointArray => {
      const set = glyphs({ count, seed });
      return { data: tint(bytesOf(set), count, seed), shape: [count, 3 * 28 * 28] };
    };
    return { name: "glyphs", train: tinted(numTrain, "train"), test: tinted(numTest, "test"), size: 28 };
  }
  const of = (split: "train" | "test", count: number): PointArray => {
    const set = cifar10({ dir: found.dir, split }).take(count);
    return { data: bytesOf(set), shape: [set.length, 3072] };
  };
  return { name: "cifar10", train: of("train", numTrain), test: of("test", numTest), size: 32 };
}

/** Grey pictures between two colours of their own. */
function tint(grey: Uint8Array, count: number, seed: string): Uint8Array {
  const colours = new Generator(seed).split("colours").float64(6 * count);
  const perPicture = grey.length / count;
  const out = new Uint8Array(3 * grey.length);
  for (let i = 0; i < grey.length; i++) {
    const at = 6 * Math.floor(i / perPicture);
    const share = grey[i]! / 255;
    for (let c = 0; c < 3; c++) {
      out[3 * i + c] = Math.round(255 * (colours[at + c]! * (1 - share) + colours[at + 3 + c]! * share));
    }
  }
  return out;
}

/** Leading principal components by random products on the device: exact ones of 3072 columns would take minutes. */
async function leadingComponents(train: PointArray, count: number, signal: AbortSignal): Promise<Subspace> {
  const [n, d] = train.shape;
  const [mean, vt] = tf.tidy(() => {
    const x = tf.div(tf.tensor2d(Float32Array.from(train.data), [n, d]), 255);
    const average = tf.mean(x, 0);
    const options = {
      rank: count,
      oversample: Math.min(40, Math.min(n, d) - count),
      powerIterations: 6,
      generator: new Generator(0).split("components"),
    };
    return [tf.mul(average, 255), randomizedSvd(tf.sub(x, average), options).vt];
  });
  const [center, directions] = [Float64Array.from(await mean.data()), await vt.data()];
  mean.dispose();
  vt.dispose();
  signal.throwIfAborted();
  const matrix = new Float64Array(d * count);
  for (let k = 0; k < count; k++) {
    for (let j = 0; j < d; j++) matrix[j * count + k] = directions[k * d + j]!;
  }
  return linear("leadingComponents", center, matrix, count, { kind: "leadingComponents" });
}
