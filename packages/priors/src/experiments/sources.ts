import type { Experiment, ExperimentContext, Mode, Row, Run, Summary, Verdict } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import {
  type ArmResult,
  armColumns,
  armMeans,
  bestLearned,
  finite,
  GATES,
  gainText,
  passesGate,
} from "./arms.js";
import { simclrLoss } from "./contrastive-source.js";
import { paper } from "./paper.js";
import { downstreamRows, type SourceParams, trainedSource } from "./protocol.js";
import { evaluate, trainDownstream } from "./training.js";

/** What the source task learns by. */
const SOURCES = ["labels", "SimCLR's loss"] as const;

interface SourcesParams extends SourceParams {
  /** Updates of each downstream training. */
  steps: number;
  /** Labelled examples a class. */
  shots: number;
  /** Factors on the learned prior's precision; 1/scale. */
  precisions: number[];
}

interface SourcesResult {
  data: string;
  /** Arms of each source. */
  arms: Record<(typeof SOURCES)[number], ArmResult[]>;
}

/** A source task takes about as long as four arms. */
const SOURCE_SHARE = 4;

async function run(context: ExperimentContext<SourcesParams>): Promise<SourcesResult> {
  const { params, generator, signal, onProgress } = context;
  const { shots, steps, precisions } = params;
  const each = SOURCE_SHARE + 1 + precisions.length;
  const total = SOURCES.length * each;
  const result: SourcesResult = { data: "", arms: { labels: [], "SimCLR's loss": [] } };
  for (const [i, by] of SOURCES.entries()) {
    const loss = by === "labels" ? undefined : await simclrLoss();
    const source = await trainedSource(
      context,
      (share) =>
        onProgress({ done: i * each + SOURCE_SHARE * share, total, message: `source task by ${by}` }),
      loss,
    );
    const { model, prior, floor, start, test } = source;
    try {
      result.data = source.images.name;
      const rows = downstreamRows(source, shots, context);
      const arms = result.arms[by];
      for (const precision of [null, ...precisions]) {
        const scaled =
          precision === null ? undefined : prior.scale(1 / precision, { floor: floor / precision });
        const branch = generator.split(`downstream ${shots}`);
        const { diverged } = await trainDownstream(model, rows, { prior: scaled, start }, steps, branch, {
          signal,
        });
        scaled?.dispose();
        const figures = diverged ? { accuracy: null, nll: null } : await evaluate(model, test);
        arms.push({ shots, arm: scaled ? "learned" : "fine-tuning", precision, ...figures });
        onProgress({ done: i * each + SOURCE_SHARE + arms.length, total, message: by });
      }
    } finally {
      source.dispose();
    }
  }
  return result;
}

function summarise(runs: readonly Run<SourcesResult>[], mode: Mode): Summary {
  const shots = runs[0]!.result.arms.labels[0]!.shots;
  const bySource = SOURCES.map((by) => {
    const means = armMeans(runs.map(({ result }) => result.arms[by]));
    return { by, means, best: bestLearned(means, shots) };
  });
  const numPassed = bySource.filter(({ best }) => passesGate(best, mode)).length;
  const gains = bySource.some(({ best }) => best !== undefined && (best.gain > 0 || best.nllGain < 0));
  const verdict: Verdict =
    numPassed === SOURCES.length ? "reproduced" : gains ? "partly" : "not at this scale";
  const table: Row[] = bySource.flatMap(({ by, means }) =>
    means.map((m) => ({ source: by, ...armColumns(m) })),
  );
  const figure: LinePlot = {
    kind: "line",
    title: "Gain of a learned prior by what its source task learned from",
    caption: "Each curve against fine-tuning from the same source; a gap is a divergence.",
    x: { label: "factor on the prior's precision (1/scale)", scale: "log" },
    y: { label: "gain in accuracy (percentage points)" },
    series: bySource.map(({ by, means }) => {
      const own = means.filter(({ arm }) => arm === "learned");
      return {
        name: `source task by ${by}`,
        x: own.map((m) => m.precision!),
        y: own.map((m) => finite(m.gain)),
      };
    }),
  };
  return {
    verdict,
    paperValue: "priors of supervised and of SimCLR's source models both help (figure 3 and table 1)",
    measured: bySource.map(({ by, best }) => `by ${by}: ${gainText(best)}`).join("; "),
    table,
    figures: [figure],
    notes: [
      `Data: ${runs[0]!.result.data}, ${runs.length} seed(s), ${shots} labelled pictures a class downstream.`,
      "Without labels: two crops with noise of a picture belong together, by ntXent of @lab/ssl-losses; the same network, number of updates and collections.",
      `Gate: at least ${GATES[mode].gain} points and ${GATES[mode].nll} nats over fine-tuning from the same source, for both sources.`,
    ],
  };
}

/** Priors of a source task with labels and of one without. */
export const sources: Experiment<SourcesParams, SourcesResult> = {
  name: "priors-sources",
  paper,
  claim: "A prior informs whether its source task had labels or was self-supervised.",
  estimate: { quick: 25, full: 90 },
  seeds: { quick: 2, full: 4, paper: 4 },
  isMain: false,
  params: (mode) => ({
    ...(mode === "quick"
      ? { source: 6_000, downstream: 2_000, test: 2_000, sourceSteps: 800 }
      : { source: 30_000, downstream: 30_000, test: 10_000, sourceSteps: 1500 }),
    steps: 400,
    shots: 5,
    precisions: mode === "quick" ? [1e-6, 1e-5, 3e-5] : [1e-7, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4],
  }),
  run,
  summarise,
};
