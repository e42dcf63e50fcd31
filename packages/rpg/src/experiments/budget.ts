import type { Experiment, Mode, Run, Summary, Verdict } from "@lab/core/experiment";
import type { Arm } from "../sweep/arm.js";
import { dofPlot } from "../sweep/dof-plot.js";
import { paper } from "./paper.js";
import {
  type ArmMean,
  type ArmsParams,
  type ArmsResult,
  meanOf,
  meansOf,
  protocol,
  rowsOf,
  runArms,
} from "./sweep-arms.js";

/** Numbers in the ring, and as many weights that stay where positions are free. */
const SIZES = [1000, 4000, 16_000];
/** Weights of narrow networks whose hidden layers have 2, 5, 10 and 20 units. */
const NARROW = [1596, 4020, 8140, 16_680];

function params(mode: Mode): ArmsParams {
  const quick: Arm[] = [
    { kind: "narrow", size: 4020 },
    { kind: "snip", size: 4000 },
    { kind: "rpg", size: 4000 },
  ];
  const full: Arm[] = [
    ...NARROW.map((size) => ({ kind: "narrow" as const, size })),
    ...(["random", "magnitude", "snip", "rpg"] as const).flatMap((kind) =>
      SIZES.map((size) => ({ kind, size })),
    ),
  ];
  return { ...protocol(mode), arms: mode === "quick" ? quick : full, wrongKeys: 0 };
}

interface Gate {
  name: string;
  gain: number;
  least: number;
}

function gatesOf(means: readonly ArmMean[], mode: Mode): Gate[] {
  const gate = (ring: number, rival: "snip" | "narrow", size: number, least: number): Gate => ({
    name: `ring of ${ring} over ${rival} of ${size}`,
    gain: meanOf(means, "rpg", ring) - meanOf(means, rival, size),
    least,
  });
  // Two fifths of the steps: the gaps are as large or larger, and a run is noisier.
  if (mode === "quick") return [gate(4000, "snip", 4000, 5), gate(4000, "narrow", 4020, 20)];
  return [gate(1000, "snip", 1000, 45), gate(4000, "snip", 4000, 8), gate(16_000, "narrow", 16_680, 1.5)];
}

function summarise(runs: readonly Run<ArmsResult>[], mode: Mode): Summary {
  const means = meansOf(runs);
  const gates = gatesOf(means, mode);
  const rings = means.filter(({ kind }) => kind === "rpg");
  const isTrained = rings.every((m) => m.mean >= 80);
  const numPassed = gates.filter(({ gain, least }) => gain >= least).length;
  const verdict: Verdict =
    isTrained && numPassed === gates.length ? "reproduced" : numPassed > 0 ? "partly" : "failed";
  return {
    verdict,
    measured: gates.map(({ name, gain }) => `${name}: ${gain.toFixed(1)} points`).join("; "),
    table: means.map((m) => ({
      arm: m.kind,
      parameters: m.parameters,
      "accuracy %": Math.round(100 * m.mean) / 100,
    })),
    figures: [
      {
        ...dofPlot({ rows: rowsOf(runs) }),
        title: "A wide network from a ring against its rivals of as many weights",
      },
    ],
    notes: [
      `Data: ${runs[0]!.result.data}.`,
      ...gates.map(
        ({ name, gain, least }) =>
          `${gain >= least ? "passed" : "missed"}: ${name}, at least ${least} points.`,
      ),
      "Pruned networks get the positions of their weights for free; a ring needs none.",
      "SNIP prunes before training on one batch, magnitude after half of the epochs.",
    ],
  };
}

/** Rings against narrow and pruned networks of the same number of trained parameters. */
export const budget: Experiment<ArmsParams, ArmsResult> = {
  name: "rpg-budget",
  paper,
  claim: "At equal numbers of parameters a wide network from a ring beats narrow and pruned ones.",
  estimate: { quick: 25, full: 1500 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: false,
  params,
  run: runArms,
  summarise,
};
