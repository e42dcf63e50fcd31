import type { Mode, Row } from "@lab/core/experiment";

/** A way to train on few examples, and what came of it; figures are `null` after a divergence. */
export interface ArmResult {
  shots: number;
  arm: "scratch" | "fine-tuning" | "centred" | "learned";
  precision: number | null;
  accuracy: number | null;
  nll: number | null;
}

/** Arithmetic mean. */
export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Paired means of an arm over the seeds; a diverged seed makes them NaN. */
export interface ArmMean {
  shots: number;
  arm: string;
  precision: number | null;
  accuracy: number;
  nll: number;
  gain: number;
  nllGain: number;
}

/** Means of each arm over runs of the same arms, beside fine-tuning on the same examples. */
export function armMeans(runs: readonly (readonly ArmResult[])[]): ArmMean[] {
  return runs[0]!.map(({ shots, arm, precision }, index) => {
    const own = runs.map((arms) => arms[index]!);
    const tuned = runs.map((arms) => arms.find((a) => a.shots === shots && a.arm === "fine-tuning")!);
    const value = (figure: number | null) => figure ?? Number.NaN;
    return {
      shots,
      arm,
      precision,
      accuracy: mean(own.map((a) => value(a.accuracy))),
      nll: mean(own.map((a) => value(a.nll))),
      gain: mean(own.map((a, i) => value(a.accuracy) - value(tuned[i]!.accuracy))),
      nllGain: mean(own.map((a, i) => value(a.nll) - value(tuned[i]!.nll))),
    };
  });
}

/** A figure for a table; `null` where a seed diverged. */
export const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** Gates of a mode: the quick one runs fewer seeds and asks for more. */
export const GATES = {
  quick: { gain: 1, nll: -0.05 },
  full: { gain: 0.7, nll: -0.04 },
  paper: { gain: 0.7, nll: -0.04 },
};

/** The learned prior with the best accuracy. */
export function bestLearned(means: readonly ArmMean[], shots: number): ArmMean | undefined {
  const candidates = means.filter(
    (m) => m.shots === shots && m.arm === "learned" && Number.isFinite(m.accuracy),
  );
  return candidates.reduce<ArmMean | undefined>((a, b) => (a && a.accuracy >= b.accuracy ? a : b), undefined);
}

/** Whether the best learned prior gains what a mode asks for. */
export const passesGate = (best: ArmMean | undefined, mode: Mode): boolean =>
  best !== undefined && best.gain >= GATES[mode].gain && best.nllGain <= GATES[mode].nll;

/** Columns of an arm in a table. */
export const armColumns = (m: ArmMean): Row => ({
  prior: m.arm,
  "precision ×": m.precision,
  "accuracy (%)": finite(m.accuracy),
  "NLL (nats)": finite(m.nll),
  "gain (points)": finite(m.gain),
  "NLL gain": finite(m.nllGain),
});

/** What the best learned prior gained, in words. */
export const gainText = (best: ArmMean | undefined): string =>
  best
    ? `${best.gain >= 0 ? "+" : ""}${best.gain.toFixed(1)} points, ${best.nllGain.toFixed(3)} nats over fine-tuning`
    : "every scale diverged";
