import { NumericalError } from "@lab/core";
import { parameters } from "@lab/core/nn";
import { schedules, sgd } from "@lab/core/optim";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { type CheckedPretrain, checkPretrain, columnsOf, viewMakers } from "./check-pretrain.js";
import { endsInSum } from "./ends-in-sum.js";
import { asFunction, chunkedGradients, type KnownGradients } from "./micro-batches.js";
import { MomentumBranch } from "./momentum-branch.js";
import { knnFigure, numZeroRows, viewFigures } from "./monitor.js";
import { type Objective, objectiveOf } from "./objective.js";
import type { PretrainOptions, PretrainResult } from "./options.js";
import { projector as makeProjector } from "./projector.js";
import { batchIndices, gatherSamples, type ViewMaker } from "./view-source.js";

interface Batch {
  first: tf.Tensor;
  second: tf.Tensor;
  known?: KnownGradients;
}

/**
 * Trains a backbone without labels: two random views of each sample, a projector, and the loss of the chosen method.
 *
 * Batches, views and noise depend on the seed and the step alone, so that a run that is killed and started again with the same
 * options goes on from its checkpoint and reaches the same losses.
 *
 * @param options - See {@link PretrainOptions}.
 * @returns See {@link PretrainResult}; the backbone is trained in place.
 * @throws {@link ArgumentError}, {@link ShapeError} for options that cannot work; {@link NumericalError} with the step and the
 *   last finite loss when a loss is not finite; the signal's reason when aborted.
 * @remarks Evaluations hold `alignment`, `uniformity` and `effectiveRank` of the embeddings of one batch of views; `q10`, `q50` and
 *   `q90`, quantiles of {@link couplingFactors}, for simclr, dcl and dclw; `knn` with a probe. Momentum contrast sees keys in
 *   batches as they are, without the shuffling between devices of its paper.
 * @see The methods' papers, named at {@link ntXent}, {@link decoupledContrastive}, {@link momentumInfoNce}, {@link directClr},
 *   {@link vicReg}, {@link barlowTwins}, {@link totalCodingRate} and {@link nmceLoss}.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { glyphs } from "@lab/core/data";
 * import { mlp } from "@lab/core/nn";
 * import { layers, sequential } from "@tensorflow/tfjs-layers";
 * import { pretrain } from "@lab/ssl-losses";
 *
 * await init();
 * const data = glyphs({ count: 64, size: 8, seed: 1 });
 * const backbone = sequential({ layers: [layers.flatten({ inputShape: [8, 8, 1] }), layers.dense({ units: 16 })] });
 * const { history } = await pretrain({ method: "dcl", backbone, data, batchSize: 16, epochs: 2, seed: 1 });
 * history.steps; // => 8
 * ```
 */
export async function pretrain(options: PretrainOptions): Promise<PretrainResult> {
  const checked = checkPretrain(options);
  const generator = new Generator(options.seed);
  const run = new Pretraining(options, checked, generator);
  try {
    const history = await run.train();
    return { history, projector: run.head };
  } catch (error) {
    if (run.ownsHead) tf.dispose([...parameters(run.head!, "all").values()]);
    throw error;
  } finally {
    run.dispose();
  }
}

class Pretraining {
  readonly head: LayersModel | null;
  readonly ownsHead: boolean;
  private readonly options: PretrainOptions;
  private readonly checked: CheckedPretrain;
  private readonly generator: Generator;
  private readonly models: readonly LayersModel[];
  private readonly branch: MomentumBranch | undefined;
  private readonly objective: Objective | undefined;
  private readonly optimizer: tf.Optimizer;
  private makers: readonly [ViewMaker, ViewMaker] | undefined;
  private lastLoss = Number.NaN;

  constructor(options: PretrainOptions, checked: CheckedPretrain, generator: Generator) {
    this.options = options;
    this.checked = checked;
    this.generator = generator;
    const { method, backbone } = options;
    const { settings, features } = checked;
    this.ownsHead = method !== "directclr" && options.projector === undefined;
    const outputs = 128 + (method === "nmce" ? (settings.numClusters ?? 0) : 0);
    this.head = this.ownsHead
      ? makeProjector({ inputs: features, outputs, generator: generator.split("projector") })
      : (options.projector ?? null);
    this.models = this.head ? [backbone, this.head] : [backbone];
    const columns = columnsOf("pretrain", this.head ? "projector" : "backbone", this.models.at(-1)!);
    if (method === "moco" || method === "moco-dcl") {
      this.branch = new MomentumBranch({
        models: this.models,
        dim: columns,
        queueSize: settings.queueSize ?? 4096,
        momentum: settings.momentum ?? 0.999,
        temperature: settings.temperature ?? 0.07,
        decoupled: method === "moco-dcl",
        generator: generator.split("queue"),
      });
    } else this.objective = objectiveOf("pretrain", method, settings, columns);
    this.optimizer = options.optimizer ?? sgd({ learningRate: this.rate(), momentum: 0.9 });
  }

  private rate(): number {
    return (0.3 * this.checked.batchSize) / 256;
  }

  private schedule(): schedules.Schedule | undefined {
    const { schedule, optimizer } = this.options;
    if (schedule || optimizer) return schedule;
    const warm = Math.floor(this.checked.steps / 10);
    const after = schedules.cosine({ base: this.rate(), steps: this.checked.steps - warm });
    return schedules.warmup({ steps: warm, after, from: 0.1 });
  }

  /** Live variables by names that are the same in every process. */
  private variables(): Map<string, tf.Tensor> {
    const named = this.models.flatMap((model, i) =>
      [...parameters(model, "all")].map(
        ([name, value]) => [`${i === 0 ? "backbone" : "projector"}/${name}`, value] as const,
      ),
    );
    return new Map([...named, ...(this.branch?.variables() ?? [])]);
  }

  private encode(x: tf.Tensor, training: boolean): tf.Tensor2D {
    return this.models.reduce((y, model) => model.apply(y, { training }) as tf.Tensor, x) as tf.Tensor2D;
  }

  /** Embeddings of both views, in one batch or in two. */
  private embed(first: tf.Tensor, second: tf.Tensor): [tf.Tensor2D, tf.Tensor2D] {
    if (!this.checked.viewsTogether) return [this.encode(first, true), this.encode(second, true)];
    return tf.split(this.encode(tf.concat([first, second], 0), true), 2) as [tf.Tensor2D, tf.Tensor2D];
  }

  private async views(indices: Int32Array, generator: Generator): Promise<[tf.Tensor, tf.Tensor]> {
    const samples = await gatherSamples(this.options.data, indices);
    try {
      this.makers ??= viewMakers(this.options.augment, samples.shape.slice(1));
      const [first, second] = this.makers;
      return [
        tf.tidy(() => first(samples, generator.split(0))),
        tf.tidy(() => second(samples, generator.split(1))),
      ];
    } finally {
      samples.dispose();
    }
  }

  private loss(first: tf.Tensor2D, second: tf.Tensor2D, step: number) {
    return this.objective!(first, second, this.generator.split("noise").split(step));
  }

  private async batch(indices: Int32Array, step: number, trainable: tf.Variable[]): Promise<Batch> {
    const [first, second] = await this.views(indices, this.generator.split("views").split(step));
    const { microBatch } = this.checked;
    if (microBatch === undefined) return { first, second };
    const known = chunkedGradients(
      [first, second],
      microBatch,
      (x) => this.encode(x, true),
      (a, b) => this.loss(a, b, step).loss,
      trainable,
    );
    return { first, second, known };
  }

  private async evaluate(): Promise<Record<string, number>> {
    const { monitor, backbone, method, signal } = this.options;
    const { batchSize, length, settings } = this.checked;
    const generator = this.generator.split("monitor");
    const indices = generator.permutation(length).slice(0, batchSize);
    const views = await this.views(indices, generator);
    const [first, second] = views.map((view) => tf.tidy(() => this.encode(view, false))) as [
      tf.Tensor2D,
      tf.Tensor2D,
    ];
    tf.dispose(views);
    try {
      const hasFactors = method === "simclr" || method === "dcl" || method === "dclw";
      const figures = await viewFigures(
        first,
        second,
        hasFactors ? (settings.temperature ?? 0.1) : undefined,
      );
      const zeros = await numZeroRows(first);
      if (zeros > 0) await this.warn(`${zeros} of ${batchSize} embeddings are zero and receive no gradient`);
      return monitor?.knn ? { ...figures, knn: await knnFigure(backbone, monitor.knn, signal) } : figures;
    } finally {
      tf.dispose([first, second]);
    }
  }

  private async warn(message: string): Promise<void> {
    await this.options.on?.({ type: "warning", step: 0, scalars: {}, message: `pretrain: ${message}` });
  }

  async train() {
    const { method, backbone, monitor, checkpoint, signal, on } = this.options;
    const { steps, batchSize, length } = this.checked;
    if (method === "directclr" && !endsInSum(backbone))
      await this.warn(
        "backbone does not end in a sum of branches; columns beyond settings.size receive no gradient in its last layer",
      );
    const variables = this.variables();
    const trainable = [...variables.values()].filter(
      (variable) => (variable as tf.Variable).trainable,
    ) as tf.Variable[];
    const indicesOf = batchIndices(length, batchSize, this.generator.split("order"));
    const schedule = this.schedule();
    try {
      return await fit<Batch>({
        batches: (step) => this.batch(indicesOf(step), step, trainable),
        step: ({ first, second, known }, step) => {
          if (known) return asFunction(known, trainable);
          if (this.branch) return this.branch.loss(this.encode(first, true), second);
          return this.loss(...this.embed(first, second), step);
        },
        steps,
        optimizer: this.optimizer,
        variables,
        ...(schedule ? { schedule } : {}),
        evaluate: () => this.evaluate(),
        ...(monitor?.every === undefined
          ? {}
          : { every: { evaluate: monitor.every, checkpoint: Math.ceil(steps / 10) } }),
        ...(checkpoint === undefined ? {} : { checkpoint }),
        ...(signal ? { signal } : {}),
        on: async (event) => {
          if (event.type === "step") {
            this.lastLoss = event.scalars.loss!;
            await this.branch?.follow();
          }
          if (event.type === "resume") await this.branch?.restore();
          await on?.(event);
        },
      });
    } catch (error) {
      if (!(error instanceof NumericalError)) throw error;
      throw new NumericalError(
        `pretrain: ${error.message.replace(/^fit: /, "")}; the last finite loss was ${this.lastLoss}; try a smaller learning rate`,
        { iteration: error.iteration, residual: this.lastLoss },
        { cause: error },
      );
    }
  }

  /** Frees what is of no use after training. */
  dispose(): void {
    this.branch?.dispose();
    if (!this.options.optimizer) this.optimizer.dispose();
  }
}
