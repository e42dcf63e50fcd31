import { cloneModel, parameters } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { momentumInfoNce } from "../contrastive/index.js";
import { rowNormalize } from "../contrastive/row-normalize.js";
import { FeatureQueue, momentumUpdate } from "../memory/index.js";

/** What a {@link MomentumBranch} needs. */
export interface MomentumBranchOptions {
  models: readonly LayersModel[];
  dim: number;
  queueSize: number;
  momentum: number;
  temperature: number;
  decoupled: boolean;
  generator: Generator;
}

/** The slow copy of the encoder and its queue of keys; both are variables, so that checkpoints hold them. */
export class MomentumBranch {
  private readonly keyModels: readonly LayersModel[];
  private readonly queue: FeatureQueue;
  private readonly rows: tf.Variable<tf.Rank.R2>;
  private readonly next: tf.Variable;
  private readonly options: MomentumBranchOptions;
  private pending: tf.Tensor2D | undefined;

  constructor(options: MomentumBranchOptions) {
    this.options = options;
    this.keyModels = options.models.map((model) => cloneModel(model));
    for (const variable of this.allOf(this.keyModels)) (variable as { trainable: boolean }).trainable = false;
    const { queueSize: size, dim, generator } = options;
    this.queue = new FeatureQueue({ size, dim, generator });
    this.rows = tf.variable(this.queue.tensor, false) as tf.Variable<tf.Rank.R2>;
    this.next = tf.tidy(() => tf.variable(tf.scalar(0, "int32"), false));
  }

  private allOf(models: readonly LayersModel[]): tf.Variable[] {
    return models.flatMap((model) => [...parameters(model, "all").values()] as tf.Variable[]);
  }

  /** Variables to save, by name. */
  variables(): Map<string, tf.Variable> {
    const named = this.keyModels.flatMap((model, i) =>
      [...parameters(model, "all")].map(
        ([name, variable]) => [`key${i}/${name}`, variable as tf.Variable] as const,
      ),
    );
    return new Map([...named, ["queue/rows", this.rows as tf.Variable], ["queue/next", this.next]]);
  }

  /** Loss of queries against the keys of the other view; remembers the keys for {@link follow}. */
  loss(queries: tf.Tensor2D, other: tf.Tensor): tf.Scalar {
    const { temperature, decoupled } = this.options;
    const keys = tf.tidy(() =>
      rowNormalize(
        this.keyModels.reduce(
          (x, model) => model.apply(x, { training: true }) as tf.Tensor,
          other,
        ) as tf.Tensor2D,
      ),
    );
    this.pending?.dispose();
    this.pending = tf.keep(keys);
    return momentumInfoNce(queries, keys, { queue: this.queue.tensor, temperature, decoupled });
  }

  /** After an update: moves the slow copy and puts the keys into the queue. */
  async follow(): Promise<void> {
    momentumUpdate(this.allOf(this.keyModels), this.allOf(this.options.models), this.options.momentum);
    if (!this.pending) return;
    this.queue.enqueue(this.pending);
    this.pending.dispose();
    this.pending = undefined;
    this.rows.assign(this.queue.tensor);
    const { next } = await this.queue.state();
    tf.tidy(() => this.next.assign(tf.scalar(next, "int32")));
  }

  /** After a checkpoint was read into the variables. */
  async restore(): Promise<void> {
    const [values, next] = await Promise.all([this.rows.data(), this.next.data()]);
    const { queueSize: size, dim } = this.options;
    this.queue.restore({ values: Float32Array.from(values), size, dim, next: next[0]! });
  }

  dispose(): void {
    this.pending?.dispose();
    this.queue.dispose();
    tf.dispose([...this.variables().values()]);
  }
}
