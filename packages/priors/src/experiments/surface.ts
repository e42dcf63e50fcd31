import type { Experiment, ExperimentContext, Run, Summary } from "@lab/core/experiment";
import { type ParameterSet, parameters } from "@lab/core/nn";
import type { HeatmapPlot } from "@lab/core/plot";
import * as tf from "@tensorflow/tfjs-core";
import { withPrior } from "../objective/index.js";
import { plotLossSurface } from "../plots/index.js";
import { type Batch, pick, type Rows } from "./images.js";
import { paper } from "./paper.js";
import { downstreamRows, type SourceParams, trainedSource } from "./protocol.js";
import { backboneOf, crossEntropy, trainDownstream } from "./training.js";

interface SurfaceParams extends SourceParams {
  shots: number;
  steps: number;
  resolution: number;
}

interface SurfaceResult {
  data: string;
  surfaces: HeatmapPlot[];
  /** Spread of the downstream loss and of the informed loss over the plane, largest minus smallest. */
  spread: { plain: number; informed: number };
}

const PRECISION = 1e-5;

async function run(context: ExperimentContext<SurfaceParams>): Promise<SurfaceResult> {
  const { params, generator, signal, onProgress } = context;
  const source = await trainedSource(context, (share) =>
    onProgress({ done: 50 * share, total: 100, message: "source task" }),
  );
  const { model, prior, floor, start } = source;
  const rows = downstreamRows(source, params.shots, context);
  const scaled = prior.scale(1 / PRECISION, { floor: floor / PRECISION });
  const copies: ParameterSet[] = [];
  const copy = () => {
    const taken = new Map([...parameters(model)].map(([name, value]) => [name, tf.clone(value)]));
    copies.push(taken);
    return taken;
  };
  const batchOf = (from: Rows): Batch => ({
    x: tf.tensor2d(from.x, [from.count, from.dim]),
    y: tf.tensor1d(from.labels, "int32"),
  });
  const few = batchOf(rows);
  const some = batchOf(
    pick(
      source.images.source,
      Array.from({ length: 500 }, (_, i) => i),
    ),
  );
  try {
    const origin = copy();
    await trainDownstream(
      model,
      rows,
      { prior: undefined, start },
      params.steps,
      generator.split("downstream"),
      { signal },
    );
    const tuned = copy();
    onProgress({ done: 65, total: 100, message: "fine-tuned" });
    await trainDownstream(
      model,
      rows,
      { prior: scaled, start },
      params.steps,
      generator.split("downstream"),
      { signal },
    );
    const informed = copy();
    onProgress({ done: 80, total: 100, message: "with the prior" });
    const plain = (batch: Batch) => crossEntropy(model, batch);
    const withLearned = withPrior(plain, scaled, { dataSize: rows.count, parameters: backboneOf(model) });
    const surfaces = await plotLossSurface({
      parameters: parameters(model),
      corners: [origin, tuned, informed],
      losses: {
        "Source task": () => plain(some),
        "Downstream task": () => plain(few),
        "Downstream task with the learned prior": () => withLearned(few).loss,
      },
      resolution: params.resolution,
    });
    const range = (values: readonly (readonly number[])[]) =>
      Math.max(...values.flat()) - Math.min(...values.flat());
    return {
      data: source.images.name,
      surfaces,
      spread: { plain: range(surfaces[1]!.values), informed: range(surfaces[2]!.values) },
    };
  } finally {
    tf.dispose([few.x, few.y, some.x, some.y]);
    for (const set of copies) for (const tensor of set.values()) tensor.dispose();
    scaled.dispose();
    source.dispose();
  }
}

function summarise(runs: readonly Run<SurfaceResult>[]): Summary {
  const ratios = runs.map(({ result }) => result.spread.informed / result.spread.plain);
  return {
    verdict: ratios.every((ratio) => ratio > 1) ? "reproduced" : "not at this scale",
    paperValue: "the prior reshapes the downstream loss surface towards the source's (figure 1)",
    measured: `the informed loss varies ${ratios.map((ratio) => ratio.toFixed(2)).join(", ")} times as much over the plane as the plain one`,
    table: runs.map(({ seed, result }) => ({
      seed,
      "range of the plain loss": result.spread.plain,
      "range with the prior": result.spread.informed,
    })),
    figures: [
      {
        kind: "grid",
        title: "Losses on the plane through source, fine-tuned and informed weights",
        plots: runs[0]!.result.surfaces,
        columns: 2,
      },
    ],
    notes: [
      `Data: ${runs[0]!.result.data}. Corner 0 is the source solution, 1 the fine-tuned one, and the vertical axis leads to the MAP with the prior.`,
    ],
  };
}

/** The paper's first figure: what the prior does to the loss surface. */
export const surface: Experiment<SurfaceParams, SurfaceResult> = {
  name: "priors-surface",
  paper,
  claim: "A learned prior reshapes the whole downstream loss surface, not just the starting point.",
  estimate: { quick: 25, full: 90 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { source: 6000, downstream: 2000, test: 1000, sourceSteps: 500, shots: 5, steps: 300, resolution: 11 }
      : {
          source: 30_000,
          downstream: 30_000,
          test: 10_000,
          sourceSteps: 1500,
          shots: 5,
          steps: 400,
          resolution: 25,
        },
  run,
  summarise,
};
