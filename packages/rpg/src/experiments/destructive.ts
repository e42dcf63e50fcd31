import type { Experiment, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import type { BarsPlot } from "@lab/core/plot";
import type { Share } from "../ring-index/index.js";
import { paper } from "./paper.js";
import { type ArmsParams, type ArmsResult, meanOf, meansOf, runArms } from "./sweep-arms.js";

const WAYS: readonly Share[] = ["plain", "reflect", "permute", "hashed", "rpg"];

function params(mode: Mode): ArmsParams {
  const isQuick = mode === "quick";
  const sizes = isQuick ? [1000] : [1000, 4000];
  return {
    numTrain: 10_000,
    numTest: 10_000,
    epochs: isQuick ? 4 : 10,
    batch: isQuick ? 200 : 100,
    learningRate: isQuick ? 4e-3 : 1e-3,
    arms: sizes.flatMap((size) => WAYS.map((kind) => ({ kind, size }))),
    wrongKeys: 0,
  };
}

function summarise(runs: readonly Run<ArmsResult>[]): Summary {
  const means = meansOf(runs);
  const sizes = [...new Set(means.map(({ size }) => size))];
  const gain = (size: number) => meanOf(means, "rpg", size) - meanOf(means, "plain", size);
  const least = (size: number) => (size === 1000 ? 50 : 40);
  const numPassed = sizes.filter((size) => gain(size) >= least(size)).length;
  const verdict: Verdict = numPassed === sizes.length ? "reproduced" : numPassed > 0 ? "partly" : "failed";
  const figure: BarsPlot = {
    kind: "bars",
    title: "Ways to share a ring",
    caption: "Without permutation and signs a kernel's rows repeat and its rank collapses.",
    categories: [...WAYS],
    y: { label: "test accuracy (%)", domain: [0, 100] },
    series: sizes.map((size) => ({
      name: `ring of ${size}`,
      y: WAYS.map((way) => meanOf(means, way, size)),
    })),
  };
  return {
    verdict,
    measured: sizes
      .map((size) => `ring of ${size}: ${gain(size).toFixed(1)} points over plain sharing`)
      .join("; "),
    table: means.map((m) => ({
      sharing: m.kind,
      ring: m.size,
      "accuracy %": Math.round(100 * m.mean) / 100,
    })),
    figures: [figure],
    notes: [
      `Data: ${runs[0]!.result.data}.`,
      ...sizes.map((size) => `Gate at ${size}: at least ${least(size)} points over plain sharing.`),
      "No gate between permuting, reflecting, hashing and both: at this scale they are equal within noise, so an advantage of even over hashed sampling is not claimed.",
    ],
  };
}

/** Plain, reflected, permuted and hashed sharing at equal size. */
export const destructive: Experiment<ArmsParams, ArmsResult> = {
  name: "rpg-destructive",
  paper,
  claim: "Sharing works only when permutation or reflection keeps the kernels apart.",
  estimate: { quick: 60, full: 1500 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params,
  run: runArms,
  summarise,
};
