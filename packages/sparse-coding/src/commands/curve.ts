import { ArgumentError } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";
import { type CurvePoint, paretoCurve } from "../evaluation/index.js";
import { storedResult } from "../experiments/stored-result.js";
import { buildModel } from "../experiments/train-arm.js";
import { curveFigure } from "../report/index.js";
import { type Preset, preset } from "../training/index.js";
import { openData } from "./named-data.js";

/** Numbers between commas. */
function numbers(argument: string, text: string): number[] {
  const values = text.split(",").map(Number);
  if (values.every(Number.isFinite)) return values;
  throw new ArgumentError(
    `lab sparse curve: ${argument} is "${text}"; numbers between commas were expected`,
    {
      argument,
      value: text,
    },
  );
}

/** `lab sparse curve` */
export const curve: Command = {
  path: ["sparse", "curve"],
  summary:
    "Quality against sparsity over weights of the l1 norm; points that are there are not computed again",
  options: {
    data: {
      type: "positional",
      description: "strokes, mnist, a .npy matrix, or a folder of pictures",
      required: true,
    },
    preset: {
      type: "string",
      description: "The model",
      choices: ["SDL", "SDL-NL", "VDL", "VDL-NL", "none"],
      default: "VDL",
    },
    lambdas: { type: "string", description: "Weights, between commas", default: "0.005,0.01,0.02" },
    seeds: { type: "string", description: "Seeds, between commas", default: "1" },
    epochs: { type: "number", description: "Passes over the data for each point", default: 10 },
    count: { type: "number", description: "Training rows; patches of a pass for a folder" },
    out: { type: "string", description: "Folder of the points and the picture", required: true },
  },
  async run({ options, init, print, json, signal, onProgress }) {
    await init();
    const folder = String(options.out);
    const lambdas = numbers("lambdas", String(options.lambdas));
    const seeds = numbers("seeds", String(options.seeds));
    const count = options.count === undefined ? undefined : Number(options.count);
    const data = await openData(String(options.data), { count, seed: seeds[0]!, signal });
    const points: CurvePoint[] = [];
    const total = lambdas.length * seeds.length;
    try {
      for (const lambda of lambdas) {
        for (const seed of seeds) {
          const key = `${options.preset}-${lambda}-${seed}`;
          const point = await storedResult(folder, key, async (checkpoint) => {
            const weights = { ...preset(options.preset as Preset, data.preset), sparsity: lambda, seed };
            const trained = async () => {
              const model = buildModel(weights, data.test.shape[1], seed);
              try {
                await model.fit(data.train, {
                  epochs: Number(options.epochs),
                  signal,
                  ...(checkpoint === undefined ? {} : { checkpoint }),
                });
                return model;
              } catch (error) {
                model.dispose();
                throw error;
              }
            };
            const one = { lambdas: [lambda], seeds: [seed], test: data.test, scale: data.scale, signal };
            return (await paretoCurve(trained, one))[0]!;
          });
          points.push(point);
          onProgress({ done: points.length, total, message: key });
        }
      }
    } finally {
      data.dispose();
    }
    await atomicWrite(`${folder}/points.json`, JSON.stringify(points));
    await atomicWrite(`${folder}/curve.svg`, renderSvg(curveFigure(points)));
    if (json) print(JSON.stringify(points));
    else {
      for (const p of points) {
        print(
          `λ ${p.lambda}, seed ${p.seed}: inferred ${p.inferredPsnr.toFixed(2)} dB at ${(100 * p.inferredZeros).toFixed(1)} % zeros, predicted ${p.encodedPsnr.toFixed(2)} dB at ${(100 * p.encodedZeros).toFixed(1)} %`,
        );
      }
    }
    return 0;
  },
};
