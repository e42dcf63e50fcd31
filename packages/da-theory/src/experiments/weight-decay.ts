import type { Experiment, Mode, Run, Summary } from "@lab/core/experiment";
import {
  type Arm,
  classPaper,
  decay,
  none,
  QUICK,
  runSweep,
  type SeedResult,
  type SweepParams,
} from "./sweep-parts.js";
import { auditRuns, averageOf, check, effectOn, points, summaryOf } from "./sweep-summary.js";

/** Decays; the short training of the quick mode takes steps that are ten times as long. */
const DECAYS = { quick: [0.1, 0.5, 2], full: [0.1, 1, 5, 20] } as const;

function params(mode: Mode): SweepParams {
  const isQuick = mode === "quick";
  const arms: Arm[] = [
    none,
    ...DECAYS[isQuick ? "quick" : "full"].map((value) => ({ ...decay(value), strength: value })),
  ];
  return { parts: [{ training: "mlp-mnist", arms, options: isQuick ? QUICK : {} }] };
}

function summarise(runs: readonly Run<SeedResult>[], mode: Mode): Summary {
  const isQuick = mode === "quick";
  const audited = auditRuns(runs, params(mode).parts);
  const audit = audited.audits[0]!;
  const { arms } = audited.parts[0]!;
  const [weakest, strongest] = [arms[1]!.name, arms.at(-1)!.name];
  const on = (c: number) => effectOn(audit, strongest, c);
  const small = averageOf(audit, weakest);
  // The paper's curves also have a range in which the average rises while a class falls.
  const both = audit.average.find(
    ({ setting, delta }) =>
      delta > 0 && audit.effects.some((e) => e.setting === setting && e.verdict === "loses"),
  );
  return summaryOf(audited, {
    claim: [
      isQuick
        ? check(`${strongest}, class 5 below 0`, on(5), on(5) < 0)
        : check(`${strongest}, class 5 at most −6`, on(5), on(5) <= -0.06),
      check(`${strongest}, class 0 within 3`, on(0), Math.abs(on(0)) <= 0.03),
      check(`${strongest}, class 1 within 3`, on(1), Math.abs(on(1)) <= 0.03),
      check(`${weakest}, average within 1`, small, Math.abs(small) <= 0.01),
    ],
    rest: [
      {
        text: `a decay that raises the average harms a class significantly (${both ? `met: ${both.setting}` : "not met: that part of the claim is not reproduced"})`,
        isMet: both !== undefined,
      },
    ],
    paperValue: "classes with opposite slopes against weight decay (ImageNet, ResNet-50)",
    measured: `${strongest}: average ${points(averageOf(audit, strongest))} points, class 5 ${points(on(5))}, class 0 ${points(on(0))}, class 1 ${points(on(1))}`,
    strength: { name: "weight decay", axis: "weight decay (AdamW, decoupled)" },
    notes: [],
  });
}

/** What weight decay does to each class. */
export const weightDecayExperiment: Experiment<SweepParams, SeedResult> = {
  name: "da-weight-decay",
  paper: classPaper,
  claim: "Weight decay, which looks at no data, still harms some classes and leaves others alone.",
  estimate: { quick: 14, full: 100 },
  seeds: { quick: 3, full: 5, paper: 10 },
  isMain: false,
  params,
  run: runSweep,
  summarise,
};
