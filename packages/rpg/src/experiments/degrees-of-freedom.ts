import type { Experiment, Mode, Run, Summary } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { lineThrough } from "./line-through.js";
import { paper } from "./paper.js";
import { type Gate, summariseArms } from "./summarise-arms.js";
import {
  type ArmMean,
  type ArmsParams,
  type ArmsResult,
  meanOf,
  meansOf,
  protocol,
  runArms,
} from "./sweep-arms.js";

const FULL_SIZES = [250, 500, 1000, 2000, 4000, 16_000, 64_000];

function params(mode: Mode): ArmsParams {
  const isQuick = mode === "quick";
  const sizes = isQuick ? [250, 1000] : FULL_SIZES;
  return {
    ...protocol(mode),
    arms: [
      { kind: "plain", size: 1000 },
      ...sizes.map((size) => ({ kind: "rpg" as const, size })),
      { kind: "dense", size: 418_200 },
    ],
    wrongKeys: 2,
  };
}

function gatesOf(means: readonly ArmMean[], wrong: number, mode: Mode, isMnist: boolean): Gate[] {
  const rpg = (size: number) => meanOf(means, "rpg", size);
  const dense = meanOf(means, "dense");
  const gates = [
    { name: "rpg(1000) is at least 85 % of dense", passes: rpg(1000) >= 0.85 * dense },
    { name: "plain sharing at 1000 is at most 35 %", passes: meanOf(means, "plain", 1000) <= 35 },
    { name: "every wrong key is at most 20 %", passes: wrong <= 20 },
  ];
  if (isMnist) {
    const lowest: [number, number][] =
      mode === "quick"
        ? [
            [250, 65],
            [1000, 83],
          ]
        : [
            [250, 65],
            [1000, 84],
            [4000, 90],
            [64_000, 94],
          ];
    for (const [size, least] of lowest)
      gates.push({ name: `rpg(${size}) is at least ${least} %`, passes: rpg(size) >= least });
  }
  const rings = means.filter(({ kind }) => kind === "rpg");
  const isIncreasing = rings.every((m, i) => i === 0 || m.mean > rings[i - 1]!.mean);
  gates.push({ name: "accuracy grows with the ring", passes: isIncreasing });
  return gates;
}

/** The error falls by a power of the ring's size: slope and fit of its logarithm. */
function powerLaw(means: readonly ArmMean[]): { slope: number; rSquared: number } {
  const rings = means.filter(({ kind }) => kind === "rpg");
  return lineThrough(
    rings.map(({ size }) => Math.log10(size)),
    rings.map((m) => Math.log10(1 - m.mean / 100)),
  );
}

const errorsOf = (means: readonly ArmMean[]): LinePlot => {
  const rings = means.filter(({ kind }) => kind === "rpg");
  return {
    kind: "line",
    title: "Test error against the ring's size",
    caption:
      "A straight line on two logarithmic axes is a power law; at this scale accuracy itself saturates.",
    x: { label: "numbers in the ring", scale: "log" },
    y: { label: "test error (%)", scale: "log" },
    series: [{ name: "ring", x: rings.map((m) => m.size), y: rings.map((m) => 100 - m.mean) }],
  };
};

function summarise(runs: readonly Run<ArmsResult>[], mode: Mode): Summary {
  const means = meansOf(runs);
  const wrong = Math.max(...runs.flatMap(({ result }) => result.wrongKeys));
  const law = powerLaw(means);
  const [best, dense, plain] = [
    meanOf(means, "rpg", 1000),
    meanOf(means, "dense"),
    meanOf(means, "plain", 1000),
  ];
  return summariseArms(runs, {
    gates: gatesOf(means, wrong, mode, runs[0]!.result.data === "MNIST"),
    paperValue: "ResNet34 with over 400 times fewer parameters keeps 41.6 % of ImageNet's top-1",
    measured: `418 times fewer parameters: ${best.toFixed(1)} % against ${dense.toFixed(1)} % dense; plain sharing ${plain.toFixed(1)} %`,
    rows: [
      {
        arm: "ring with a wrong key, worst",
        parameters: null,
        "times fewer": null,
        "accuracy %": Math.round(100 * wrong) / 100,
      },
    ],
    figure: {
      title: "Accuracy against the number of trained parameters",
      caption: "One network of 418,200 weights throughout; only the ring that generates them changes.",
    },
    figures: [errorsOf(means)],
    notes: [
      "10,000 training and 10,000 test pictures; network 784-300-300-300-10 without biases: the ring is all that is trained.",
      mode === "quick"
        ? "The thresholds are those of the short protocol: 200 steps of 200 pictures."
        : `Error against size: slope ${law.slope.toFixed(3)} in logarithms, R² ${law.rSquared.toFixed(2)}.`,
      "The paper's ratio counts the four stages of its network only; here every kernel is generated.",
    ],
  });
}

/** Accuracy against degrees of freedom, the paper's main figure scaled down. */
export const degreesOfFreedomExperiment: Experiment<ArmsParams, ArmsResult> = {
  name: "rpg-dof",
  paper,
  claim: "One network can be trained from any number of parameters, hundreds of times fewer than it has.",
  estimate: { quick: 40, full: 900 },
  seeds: { quick: 1, full: 3, paper: 3 },
  isMain: true,
  params,
  run: runArms,
  summarise,
};
