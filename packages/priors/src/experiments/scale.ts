import type { Experiment, ExperimentContext, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import type { GaussianPrior } from "../gaussian/index.js";
import { ggnDiagonal, logEvidence, tuneScale } from "../scale/index.js";
import { pick, type Rows } from "./images.js";
import { meanOrNull as mean } from "./mean-or-null.js";
import { paper } from "./paper.js";
import {
  downstreamRows,
  type Source,
  type SourceParams,
  trainedSource,
  unscaledStiffness,
} from "./protocol.js";
import { backboneOf, evaluate, trainDownstream } from "./training.js";

interface ScaleParams extends SourceParams {
  shots: number;
  /** Updates of each downstream training. */
  steps: number;
  /** Scales of the covariance, ascending. */
  scales: number[];
  /** Folds of the cross-validation. */
  folds: number;
}

interface ScaleRow {
  scale: number;
  /** On the test pictures. */
  accuracy: number | null;
  nll: number | null;
  /** What a user without test pictures has: cross-validation and evidence. */
  heldOut: number | null;
  logEvidence: number | null;
}

interface ScaleResult {
  data: string;
  /** Stiffness of the unscaled prior; above 2 it is refused. */
  stiffness: number;
  fineTuning: { accuracy: number; nll: number };
  rows: ScaleRow[];
}

function fold(rows: Rows, index: number, folds: number): { train: Rows; held: Rows } {
  const all = Array.from({ length: rows.count }, (_, i) => i);
  return {
    train: pick(
      rows,
      all.filter((i) => i % folds !== index),
    ),
    held: pick(
      rows,
      all.filter((i) => i % folds === index),
    ),
  };
}

async function evidenceOf(source: Source, prior: GaussianPrior, rows: Rows): Promise<number> {
  const { model } = source;
  const { nll } = await evaluate(model, rows);
  const backbone = backboneOf(model);
  const inputs = tf.tensor2d(rows.x, [rows.count, rows.dim]);
  const curvature = ggnDiagonal(model, inputs, backbone);
  try {
    return await logEvidence(prior, { nll: nll * rows.count, parameters: backbone, curvature });
  } finally {
    inputs.dispose();
    for (const tensor of curvature.values()) tensor.dispose();
  }
}

async function run(context: ExperimentContext<ScaleParams>): Promise<ScaleResult> {
  const { params, generator, signal, onProgress } = context;
  const { shots, steps, scales, folds } = params;
  const total = 4 + 1 + scales.length * (folds + 1);
  const source = await trainedSource(context, (share) =>
    onProgress({ done: 4 * share, total, message: "source task" }),
  );
  const { model, prior, floor, start, test } = source;
  try {
    const rows = downstreamRows(source, shots, context);
    const branch = generator.split("downstream");
    let done = 4;
    const report = (message: string) => onProgress({ done: ++done, total, message });
    await trainDownstream(model, rows, { prior: undefined, start }, steps, branch, { signal });
    const fineTuning = await evaluate(model, test);
    report("fine-tuning");
    const finished: Omit<ScaleRow, "scale" | "heldOut">[] = [];
    const stiffness = await unscaledStiffness(source, rows.count);
    const { curve } = await tuneScale({
      prior,
      scales,
      floor: (s) => s * floor, // the protocol multiplies the whole precision
      folds,
      signal,
      async fit(scaled, _, index) {
        const arm = { prior: scaled, start };
        if (index === 0) {
          const { diverged } = await trainDownstream(model, rows, arm, steps, branch, { signal });
          const figures = diverged
            ? { accuracy: null, nll: null, logEvidence: null }
            : { ...(await evaluate(model, test)), logEvidence: await evidenceOf(source, scaled, rows) };
          finished.push(figures);
          report("all examples");
        }
        const { train, held } = fold(rows, index, folds);
        const { diverged } = await trainDownstream(model, train, arm, steps, branch, { signal });
        report(`fold ${index + 1} of ${folds}`);
        return diverged ? { nll: Number.NaN } : { nll: (await evaluate(model, held)).nll };
      },
    });
    return {
      data: source.images.name,
      stiffness,
      fineTuning,
      rows: curve.map(({ scale, objective }, i) => ({
        scale,
        heldOut: Number.isFinite(objective) ? objective : null,
        ...finished[i]!,
      })),
    };
  } finally {
    source.dispose();
  }
}

/** Index of the largest value; a diverged one never wins. */
function best(values: readonly (number | null)[]): number {
  return values.reduce<number>((a, value, i) => ((value ?? -Infinity) > (values[a] ?? -Infinity) ? i : a), 0);
}

function verdictOf(rows: readonly ScaleRow[], tuned: { nll: number }, stiffness: number): Verdict {
  const winner = best(rows.map(({ nll }) => (nll === null ? null : -nll)));
  const isInside = winner > 0 && winner < rows.length - 1;
  const gains = rows[winner]!.nll !== null && rows[winner]!.nll < tuned.nll;
  if (isInside && gains && stiffness > 2) return "reproduced";
  return gains || stiffness > 2 ? "partly" : "not at this scale";
}

const curveOf = (rows: readonly ScaleRow[], tuned: { nll: number }): LinePlot => ({
  kind: "line",
  title: "What the scale of the prior does",
  caption: "To the left the prior is too stiff and training diverges (a gap); to the right it lets go.",
  x: { label: "scale s of the covariance", scale: "log" },
  y: { label: "negative log likelihood (nats)" },
  series: [
    { name: "test pictures", x: rows.map((row) => row.scale), y: rows.map((row) => row.nll) },
    { name: "cross-validation", x: rows.map((row) => row.scale), y: rows.map((row) => row.heldOut) },
    {
      name: "fine-tuning, test pictures",
      x: rows.map((row) => row.scale),
      y: rows.map(() => tuned.nll),
      dashed: true,
    },
  ],
});

function summarise(runs: readonly Run<ScaleResult>[]): Summary {
  const first = runs[0]!.result;
  const tuned = {
    accuracy: mean(runs.map(({ result }) => result.fineTuning.accuracy))!,
    nll: mean(runs.map(({ result }) => result.fineTuning.nll))!,
  };
  const over = (i: number, figure: Exclude<keyof ScaleRow, "scale">) =>
    mean(runs.map(({ result }) => result.rows[i]![figure]));
  const rows: ScaleRow[] = first.rows.map(({ scale }, i) => ({
    scale,
    accuracy: over(i, "accuracy"),
    nll: over(i, "nll"),
    heldOut: over(i, "heldOut"),
    logEvidence: over(i, "logEvidence"),
  }));
  const stiffness = Math.min(...runs.map(({ result }) => result.stiffness));
  const at = (index: number) => {
    const { scale, nll } = rows[index]!;
    return nll === null ? `${scale} (diverged)` : `${scale} (${nll.toFixed(3)} nats)`;
  };
  const onTest = best(rows.map(({ nll }) => (nll === null ? null : -nll)));
  const byFolds = best(rows.map(({ heldOut }) => (heldOut === null ? null : -heldOut)));
  const byEvidence = best(rows.map(({ logEvidence: value }) => value));
  return {
    verdict: verdictOf(rows, tuned, stiffness),
    paperValue: "rescaling the covariance is needed: unscaled it hurts, and too large it is fine-tuning",
    measured: `best on test pictures at ${at(onTest)}, cross-validation takes ${at(byFolds)}, evidence ${at(byEvidence)}; fine-tuning ${tuned.nll.toFixed(3)} nats; unscaled prior: stiffness ${stiffness.toPrecision(2)}, the limit is 2`,
    table: rows.map((row) => ({
      scale: row.scale,
      "accuracy (%)": row.accuracy,
      "NLL (nats)": row.nll,
      "cross-validation NLL": row.heldOut,
      "log evidence (nats)": row.logEvidence,
    })),
    figures: [curveOf(rows, tuned)],
    notes: [
      `Data: ${first.data}, ${runs.length} seed(s). A scale at which a seed or a fold diverges is left empty.`,
      "The evidence is Laplace's with a diagonal curvature at the MAP of the backbone.",
      "Gate: the best scale lies inside the grid and beats fine-tuning, and the unscaled prior is refused.",
    ],
  };
}

/** The whole scale curve, and which scale a user would choose without test pictures. */
export const scale: Experiment<ScaleParams, ScaleResult> = {
  name: "priors-scale",
  paper,
  claim:
    "A learned prior must be rescaled: too stiff it hurts, too loose it is fine-tuning, and held-out data or evidence find the scale.",
  estimate: { quick: 70, full: 240 },
  isMain: false,
  seeds: { quick: 1, full: 4, paper: 4 },
  params: (mode) =>
    mode === "quick"
      ? {
          source: 6_000,
          downstream: 2_000,
          test: 2_000,
          sourceSteps: 800,
          shots: 5,
          steps: 400,
          scales: [1e2, 1e4, 3e4, 1e5, 1e6, 1e8],
          folds: 3,
        }
      : {
          source: 30_000,
          downstream: 30_000,
          test: 10_000,
          sourceSteps: 1500,
          shots: 5,
          steps: 400,
          scales: [1, 1e2, 1e4, 3e4, 1e5, 3e5, 1e6, 1e7, 1e8],
          folds: 5,
        },
  run,
  summarise,
};
