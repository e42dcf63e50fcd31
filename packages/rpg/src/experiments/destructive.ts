import type { Experiment, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import type { BarsPlot } from "@lab/core/plot";
import type { Arm } from "../sweep/arm.js";
import { paper } from "./paper.js";
import {
  type ArmsParams,
  type ArmsResult,
  meanOf,
  meansOf,
  nameOf,
  protocol,
  runArms,
} from "./sweep-arms.js";

/** Ways to share; blocks and fresh laps for each kernel only where there is time. */
const WAYS: readonly Omit<Arm, "size">[] = [
  { kind: "plain" },
  { kind: "reflect" },
  { kind: "permute" },
  { kind: "hashed" },
  { kind: "rpg" },
];
const MORE_WAYS: readonly Omit<Arm, "size">[] = [
  { kind: "plain", isRestarted: true },
  { kind: "rpg", block: 10 },
  { kind: "rpg", block: 50 },
];

function params(mode: Mode): ArmsParams {
  const isQuick = mode === "quick";
  const sizes = isQuick ? [1000] : [1000, 4000];
  return {
    ...protocol(mode),
    arms: sizes.flatMap((size) =>
      (isQuick ? WAYS : [...WAYS, ...MORE_WAYS]).map((way) => ({ ...way, size })),
    ),
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
  const ways = means.filter(({ size }) => size === sizes[0]).map((arm) => nameOf({ ...arm, size: 0 }));
  const figure: BarsPlot = {
    kind: "bars",
    title: "Ways to share a ring",
    caption: "Without permutation and signs a kernel's rows repeat and its rank collapses.",
    categories: ways.map((name) => name.replace("-0", "")),
    y: { label: "test accuracy (%)", domain: [0, 100] },
    series: sizes.map((size) => ({
      name: `ring of ${size}`,
      y: means.filter((m) => m.size === size).map((m) => m.mean),
    })),
  };
  return {
    verdict,
    measured: sizes
      .map((size) => `ring of ${size}: ${gain(size).toFixed(1)} points over plain sharing`)
      .join("; "),
    table: means.map((m) => ({
      sharing: nameOf({ ...m, size: 0 }).replace("-0", ""),
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
