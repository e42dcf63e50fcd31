import { atomicWrite, nodeModule } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";
import type { LISTA } from "../encoder/index.js";
import { energyTensor, meanWeights } from "../inference/energy.js";
import type { TrainOptions } from "./preset.js";
import type { EpochReport, FitAutoencoderOptions, History, StepReport } from "./training-types.js";

/** Figures of the predicted codes of held-out data. */
export interface Judged {
  validation: number;
  validationEnergy: number;
}

/** What the log asks of the autoencoder. */
export interface LogHooks {
  judge?: () => Promise<Judged>;
  save: () => Promise<Uint8Array>;
}

/** Collects step reports into epochs, judges held-out data, and keeps the best epoch. */
export class EpochLog {
  readonly history: History = { epochs: [], steps: 0 };
  private readonly options: FitAutoencoderOptions;
  private readonly hooks: LogHooks;
  private open: StepReport[] = [];
  private least = Number.POSITIVE_INFINITY;

  constructor(options: FitAutoencoderOptions, hooks: LogHooks) {
    this.options = options;
    this.hooks = hooks;
  }

  /** Takes a step; `step` counts all of the run. */
  add(step: number, report: StepReport): void {
    this.open.push(report);
    this.history.steps++;
    this.options.onStep?.(step, report);
  }

  /** Ends an epoch. */
  async close(epoch: number, step: number): Promise<void> {
    const { open } = this;
    if (open.length === 0) return;
    this.open = [];
    const mean = (of: (r: StepReport) => number) => open.reduce((s, r) => s + of(r), 0) / open.length;
    const report: EpochReport = {
      epoch,
      step,
      energy: mean((r) => r.energy.total),
      decoderLoss: mean((r) => r.decoderLoss),
      encoderLoss: mean((r) => r.encoderLoss),
      iterations: mean((r) => r.iterations),
      zeros: mean((r) => r.zeros),
      meanL1: mean((r) => r.meanL1),
      ...(await this.hooks.judge?.()),
    };
    this.history.epochs.push(report);
    await this.keep(report);
    this.options.onEpoch?.(report);
  }

  private async keep({ epoch, validationEnergy: energy }: EpochReport): Promise<void> {
    if (energy === undefined) return;
    const file = this.options.best;
    // A run that is taken up again goes on from the best epoch it had.
    if (file !== undefined && this.least === Number.POSITIVE_INFINITY)
      this.least = await leastOf(file, epoch);
    if (energy >= this.least) return;
    this.least = energy;
    this.history.best = { epoch, energy };
    if (file === undefined) return;
    await atomicWrite(file, await this.hooks.save());
    await atomicWrite(`${file}.json`, JSON.stringify({ epoch, energy }));
  }
}

/** Energy of the file's epoch, when it is one before `epoch`. */
async function leastOf(file: string, epoch: number): Promise<number> {
  const { readFile } = nodeModule<typeof import("node:fs/promises")>(
    "node:fs/promises",
    "SparseAutoencoder.fit",
  );
  try {
    const kept = JSON.parse(await readFile(`${file}.json`, "utf8")) as { epoch: number; energy: number };
    return kept.epoch < epoch ? kept.energy : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Error and energy of the predicted codes, in batches of the training's size: deviations are those of a batch. */
export async function judgePrediction(
  model: { decoder: Decoder; encoder: LISTA; options: TrainOptions },
  y: tf.Tensor2D,
  batchSize: number,
): Promise<Judged> {
  const { decoder, encoder, options } = model;
  const [rows, dim] = y.shape;
  const size = Math.min(batchSize, rows);
  const perSample = options.varianceWeightPerSample;
  const w = meanWeights(
    "SparseAutoencoder.fit",
    { ...options, ...(perSample === undefined ? {} : { variance: perSample * size }) },
    decoder.dataDim,
    decoder.codeDim,
  );
  const count = Math.floor(rows / size);
  const figures = tf.tidy(() => {
    const parts = Array.from({ length: count }, (_, i) => {
      const part = tf.slice(y, [i * size, 0], [size, dim]);
      const codes = encoder.predict(part);
      return energyTensor(part, codes, decoder, size < 2 ? { ...w, variance: 0 } : w, codes);
    });
    return tf.mean(tf.stack(parts), 0);
  });
  const [reconstruction, sparsity, variance] = await figures.data();
  figures.dispose();
  // The energy's error is a mean over components and a sum over rows.
  const validationEnergy = (reconstruction! + sparsity! + variance!) * w.factor;
  return { validation: reconstruction! / size, validationEnergy };
}
