import { checkChoice, checkInteger } from "@lab/core";
import type { Command } from "@lab/core/experiment";
import {
  ballHullProbability,
  convexPositionThreshold,
  expectedExtremePoints,
  gaussianHullProbability,
  sampleSizeForProbability,
} from "../theory/index.js";

/** `lab hull theory`. */
export const theory: Command = {
  path: ["hull", "theory"],
  summary: "exact probability that a fresh sample is inside, and the samples needed",
  options: {
    d: { type: "number", description: "dimension", required: true },
    n: { type: "number", description: "number of points" },
    probability: { type: "number", description: "probability to reach", default: 0.5 },
    law: {
      type: "string",
      description: "law of points and query",
      default: "gaussian",
      choices: ["gaussian", "ball"],
    },
  },
  async run({ options, print, json }) {
    const d = checkInteger("hull theory", "d", options.d, { min: 1 });
    const law = checkChoice("hull theory", "law", options.law ?? "gaussian", ["gaussian", "ball"] as const);
    const probability = (options.probability ?? 0.5) as number;
    const result: Record<string, number> = {
      samplesNeeded: sampleSizeForProbability({ d, law, probability }),
      convexPositionLost: convexPositionThreshold({ d, law }),
    };
    if (options.n !== undefined) {
      const n = checkInteger("hull theory", "n", options.n, { min: 1 });
      result.inside = law === "gaussian" ? gaussianHullProbability({ n, d }) : ballHullProbability({ n, d });
      result.extremePoints = expectedExtremePoints({ n, d, law });
    }
    if (json) print(JSON.stringify(result));
    else for (const [name, value] of Object.entries(result)) print(`${name} ${value}`);
    return 0;
  },
};
