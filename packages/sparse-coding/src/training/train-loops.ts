import { checkInteger, DataError } from "@lab/core";
import { atomicWrite, encodeSafetensors, nodeModule, readSafetensors } from "@lab/core/io";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { assignAll } from "./artifacts.js";
import type { EpochLog } from "./epoch-log.js";
import type { BatchPasses, FitAutoencoderOptions, StepReport } from "./training-types.js";

/** What both loops need. */
export interface TrainingRun {
  epochs: number;
  /** One update in an epoch, from 1. */
  step: (batch: tf.Tensor2D, epoch: number) => Promise<StepReport>;
  log: EpochLog;
  options: FitAutoencoderOptions;
  /** Everything that an exact continuation needs. */
  state: Map<string, tf.Variable>;
}

/** Trains on rows in memory, in an order drawn for each epoch; the last, smaller batch is left out. */
export async function trainOnRows(
  data: tf.Tensor2D,
  run: TrainingRun & { batchSize: number; seed: number },
): Promise<void> {
  const { epochs, step, log, options } = run;
  const rows = data.shape[0];
  const size = Math.min(run.batchSize, rows);
  const perEpoch = Math.floor(rows / size);
  const generator = new Generator(run.seed).split("order");
  let order: { epoch: number; rows: Int32Array } | undefined;
  await fit({
    batches: (t) => {
      const epoch = Math.floor(t / perEpoch);
      if (order?.epoch !== epoch) order = { epoch, rows: generator.split(epoch).permutation(rows) };
      const start = (t % perEpoch) * size;
      return tf.tidy(() =>
        tf.gather(data, tf.tensor1d(order!.rows.slice(start, start + size), "int32")),
      ) as tf.Tensor2D;
    },
    step: async (batch: tf.Tensor2D, t) => {
      const report = await step(batch, Math.floor(t / perEpoch) + 1);
      log.add(t + 1, report);
      if ((t + 1) % perEpoch === 0) await log.close((t + 1) / perEpoch, t + 1);
      return tf.scalar(report.decoderLoss);
    },
    steps: epochs * perEpoch,
    variables: run.state,
    every: { checkpoint: options.checkpointEvery ?? perEpoch, evaluate: epochs * perEpoch },
    ...(options.checkpoint === undefined ? {} : { checkpoint: options.checkpoint }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}

/** Where a run over a stream is. */
interface Place {
  /** Epoch, from 1. */
  epoch: number;
  /** Batches done of it. */
  index: number;
  /** Updates done in all. */
  step: number;
}

/** Steps between checkpoints of a stream, whose length nobody knows. */
const CHECKPOINT_EVERY = 100;

/** Trains on a stream that is gone through once an epoch. */
export async function trainOnStream(
  data: AsyncIterable<tf.Tensor2D> | BatchPasses,
  run: TrainingRun,
): Promise<void> {
  const { epochs, step, log, options, state } = run;
  const { checkpoint, signal } = options;
  const every = checkInteger(
    "SparseAutoencoder.fit",
    "checkpointEvery",
    options.checkpointEvery ?? CHECKPOINT_EVERY,
    { min: 1 },
  );
  const place = await resume(checkpoint, state);
  const store = async () => {
    if (checkpoint === undefined) return;
    await atomicWrite(checkpoint, await encodeSafetensors(state, { place: JSON.stringify(place) }));
  };
  for (; place.epoch <= epochs; place.epoch++, place.index = 0) {
    let seen = 0;
    for await (const batch of "pass" in data ? data.pass(place.epoch - 1) : data) {
      try {
        if (signal?.aborted) {
          await store();
          throw signal.reason;
        }
        if (seen++ < place.index) continue;
        const report = await step(batch, place.epoch);
        place.index++;
        place.step++;
        log.add(place.step, report);
      } finally {
        batch.dispose();
      }
      if (place.step % every === 0) await store();
    }
    await log.close(place.epoch, place.step);
  }
  await store();
}

/** The place of a checkpoint, whose values go into the state; the beginning without one. */
async function resume(checkpoint: string | undefined, state: Map<string, tf.Variable>): Promise<Place> {
  const start = { epoch: 1, index: 0, step: 0 };
  if (checkpoint === undefined) return start;
  const { access } = nodeModule<typeof import("node:fs/promises")>(
    "node:fs/promises",
    "SparseAutoencoder.fit",
  );
  const isThere = await access(checkpoint).then(
    () => true,
    () => false,
  );
  if (!isThere) return start;
  const reader = readSafetensors(checkpoint);
  const place = reader.metadata.place;
  if (place === undefined) {
    throw new DataError(
      `SparseAutoencoder.fit: ${checkpoint} is no checkpoint of a stream; one was expected`,
      { path: checkpoint },
    );
  }
  await assignAll(state, reader);
  return JSON.parse(place) as Place;
}
