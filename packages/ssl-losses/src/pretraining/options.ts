import type { Dataset } from "@lab/core/data";
import type { schedules } from "@lab/core/optim";
import type { CheckpointStore, Event, History } from "@lab/core/train";
import type * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { Method, MethodSettings } from "./method.js";
import type { LabelledSplits } from "./monitor.js";
import type { Sample, ViewMaker } from "./view-source.js";

/** Options of {@link pretrain}. */
export interface PretrainOptions {
  /** Which loss, and which branches. */
  method: Method;
  /** From a batch of samples to representations `[batch, features]`; trained in place. */
  backbone: LayersModel;
  /** From representations to embeddings; trained in place. @defaultValue `projector({ inputs: features })`, or none for directclr */
  projector?: LayersModel;
  /** Settings of the loss. @defaultValue those of the papers */
  settings?: MethodSettings;
  /** Samples with random access; labels are not read. */
  data: Dataset<Sample>;
  /**
   * Makes a view of a batch, or two functions for the first and the second view.
   * @defaultValue {@link simclrAugmentation} for pictures; other data need one
   */
  augment?: ViewMaker | readonly [first: ViewMaker, second: ViewMaker];
  /** Pairs of views in a batch, at least 2. */
  batchSize: number;
  /** Passes over the data; a last incomplete batch is left out. */
  epochs: number;
  /** @defaultValue SGD with momentum 0.9 */
  optimizer?: tf.Optimizer;
  /**
   * Learning rate of a step, from 0.
   * @defaultValue without an optimizer: 0.3 · batchSize / 256 after a warm-up over a tenth of the steps, then a cosine to 0
   */
  schedule?: schedules.Schedule;
  /** Pairs encoded at once, a divisor of `batchSize`; see {@link cachedGradients}. @defaultValue the whole batch */
  microBatch?: number;
  /**
   * Whether both views go through the backbone in one batch, which batch normalisation then sees as one.
   * @defaultValue true; false for directclr, as in its released code
   */
  viewsTogether?: boolean;
  /** What is measured on the way. @defaultValue figures of one batch of views, ten times */
  monitor?: {
    /** Labelled samples for a weighted kNN probe of the representation. */
    knn?: LabelledSplits;
    /** Steps between measurements. @defaultValue a tenth of all */
    every?: number;
  };
  /** File or store of the checkpoint; a run that finds one goes on from there. @defaultValue none */
  checkpoint?: string | CheckpointStore;
  /** Seed of batches, views, noise, and of a default projector. */
  seed: number;
  /** Stops the run after a checkpoint. */
  signal?: AbortSignal;
  /** Receives what happens. */
  on?: (event: PretrainEvent) => void | Promise<void>;
}

/** An event of training, or a warning. */
export interface PretrainEvent extends Omit<Event, "type"> {
  /** As in `Event` of `@lab/core/train`; `"warning"`: something is likely to be wrong. */
  type: Event["type"] | "warning";
  /** What is wrong, for a warning. */
  message?: string;
}

/** Result of {@link pretrain}. */
export interface PretrainResult {
  /** Losses by step; measurements as evaluations. */
  history: History;
  /** The trained projector, which the caller disposes; `null` where the method has none. */
  projector: LayersModel | null;
}
