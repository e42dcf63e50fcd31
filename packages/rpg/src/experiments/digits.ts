import { findData, glyphs, type ImageSet, mnist } from "@lab/core/data";
import { mlp, parameters } from "@lab/core/nn";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { SweepData, SweepProblem, SweepRows, SweepTraining } from "../sweep/problem.js";

/** What the problem of the digits is told. */
export interface DigitsSettings extends SweepTraining {
  /** Folder of the data, where it is known. */
  dir?: string | undefined;
  /** Training pictures. */
  numTrain: number;
  /** Test pictures. */
  numTest: number;
  /** Units of the three hidden layers. @defaultValue 300, which makes 418,200 weights */
  width?: number | undefined;
}

/** Pixels of a picture. */
export const PIXELS = 784;
const WIDTH = 300;
const MEAN = 0.1307;
const DEVIATION = 0.3081;

function rowsOf(set: ImageSet, start: number, end: number): SweepRows {
  const { x, labels } = set.arrays({ start, end });
  return { x: x.map((value) => (value - MEAN) / DEVIATION), labels, shape: [PIXELS] };
}

/** Loads MNIST where it is found, else draws digits. */
export async function digits(settings: DigitsSettings, seed: number): Promise<SweepData> {
  const { dir, numTrain, numTest } = settings;
  const found = await findData("mnist", { dir });
  if (found) {
    return {
      name: "MNIST",
      train: rowsOf(mnist({ dir: found.dir, split: "train" }), 0, numTrain),
      test: rowsOf(mnist({ dir: found.dir, split: "test" }), 0, numTest),
    };
  }
  const drawn = glyphs({ count: numTrain + numTest, seed });
  return {
    name: "glyphs (generated)",
    train: rowsOf(drawn, 0, numTrain),
    test: rowsOf(drawn, numTrain, numTrain + numTest),
  };
}

/** The network of the protocol, without biases, with He's deviation by fan-in as the rings have it. */
export function network(width: number, seed: number): LayersModel {
  const generator = new Generator(seed).split("network");
  const model = mlp({ sizes: [PIXELS, width, width, width, 10], bias: false, generator });
  // Uniform within ±1/√n as it is drawn, which has the variance 1/(3n).
  for (const value of parameters(model).values() as Iterable<tf.Variable>) {
    const scaled = tf.mul(value, Math.sqrt(6));
    value.assign(scaled);
    scaled.dispose();
  }
  return model;
}

/** Width of three hidden layers with at most `weights` weights. */
function widthFor(weights: number): number {
  const linear = PIXELS + 10;
  return Math.max(1, Math.floor((-linear + Math.sqrt(linear * linear + 8 * weights)) / 4));
}

/** The problem of the digits. */
export function digitsProblem(settings: DigitsSettings): SweepProblem {
  return {
    model: (seed) => network(settings.width ?? WIDTH, seed),
    narrow: (weights, seed) => network(widthFor(weights), seed),
    data: (seed) => digits(settings, seed),
    training: settings,
    compress: { std: "fanIn" },
  };
}

/** The problem as a sweep's module gives it. */
export const digitsModule = (settings: unknown): SweepProblem => digitsProblem(settings as DigitsSettings);
