import type { Experiment, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { paper } from "./paper.js";
import { type ArmsParams, type ArmsResult, meanOf, meansOf, runArms } from "./sweep-arms.js";

/** Hidden units of narrow networks and the rings of about their number of weights. */
const PAIRS = {
  quick: [[5, 4000]],
  full: [
    [2, 1596],
    [5, 4000],
    [10, 8140],
    [20, 16_000],
  ],
} as const;

function params(mode: Mode): ArmsParams {
  const isQuick = mode === "quick";
  const pairs: readonly (readonly [number, number])[] = isQuick ? PAIRS.quick : PAIRS.full;
  return {
    numTrain: 10_000,
    numTest: 10_000,
    epochs: isQuick ? 4 : 10,
    batch: isQuick ? 200 : 100,
    learningRate: isQuick ? 4e-3 : 1e-3,
    arms: pairs.flatMap(([width, size]) => [
      { kind: "narrow" as const, size: width },
      { kind: "rpg" as const, size },
    ]),
    wrongKeys: 0,
  };
}

function summarise(runs: readonly Run<ArmsResult>[], mode: Mode): Summary {
  const means = meansOf(runs);
  const pairs: readonly (readonly [number, number])[] = mode === "quick" ? PAIRS.quick : PAIRS.full;
  const gains = pairs.map(([width, size]) => meanOf(means, "rpg", size) - meanOf(means, "narrow", width));
  // A quick run is noisier, and its one size shows a far larger gap.
  const least = mode === "quick" ? 20 : 1.5;
  const isTrained = pairs.every(([, size]) => meanOf(means, "rpg", size) >= 80);
  const isReproduced = isTrained && gains.every((gain) => gain >= least);
  const verdict: Verdict = isReproduced
    ? "reproduced"
    : gains.some((gain) => gain >= least)
      ? "partly"
      : "failed";
  const line = (kind: "narrow" | "rpg", name: string) => {
    const own = means.filter((m) => m.kind === kind);
    return { name, x: own.map((m) => m.parameters), y: own.map((m) => m.mean) };
  };
  const figure: LinePlot = {
    kind: "line",
    title: "A wide network from a ring against a narrow one of as many weights",
    x: { label: "trained parameters", scale: "log" },
    y: { label: "test accuracy (%)", domain: [0, 100] },
    series: [line("rpg", "ring, 300 units wide"), line("narrow", "narrow dense")],
  };
  return {
    verdict,
    measured: pairs
      .map(([width, size], i) => `ring of ${size} over ${width} units: ${gains[i]!.toFixed(1)} points`)
      .join("; "),
    table: means.map((m) => ({
      arm: m.kind,
      parameters: m.parameters,
      "accuracy %": Math.round(100 * m.mean) / 100,
    })),
    figures: [figure],
    notes: [
      `Data: ${runs[0]!.result.data}.`,
      `Gates: at least ${least} points for the ring at every size, and every ring at 80 % or more.`,
      "Pruned dense networks (SNIP, magnitude) are not part of this comparison.",
    ],
  };
}

/** Rings against narrow networks of the same number of trained parameters. */
export const budget: Experiment<ArmsParams, ArmsResult> = {
  name: "rpg-budget",
  paper,
  claim: "At equal numbers of parameters a wide network from a ring beats a narrow one.",
  estimate: { quick: 20, full: 1200 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params,
  run: runArms,
  summarise,
};
