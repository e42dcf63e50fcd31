import { ArgumentError, checkInteger, checkNumber, checkRank, checkShape, DataError } from "@lab/core";
import { encodeSafetensors, readSafetensors } from "@lab/core/io";
import { Generator } from "@lab/core/random";
import { fit } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import { type Decoder, linearDecoder, mlpDecoder } from "../decoders/index.js";
import { LISTA } from "../encoder/index.js";
import type { EnergyTerms } from "../inference/energy.js";
import { infer } from "../inference/infer.js";
import type { InferOptions, InferResult } from "../inference/infer-options.js";
import { Adam } from "./adam.js";
import type { TrainOptions } from "./preset.js";

/** Options of {@link SparseAutoencoder}. */
export interface SparseAutoencoderOptions extends TrainOptions {
  /** Maps codes to data; disposed with the autoencoder. */
  decoder: Decoder;
  /** Predicts codes; disposed with the autoencoder. @defaultValue a new {@link LISTA} */
  encoder?: LISTA;
}

/** What one step of training did; figures are those before the update. */
export interface StepReport {
  /** Energy of the inferred codes, sums over the batch. */
  energy: EnergyTerms;
  /** Mean squared error of the reconstruction, over rows and components. */
  decoderLoss: number;
  /** Mean squared distance of the prediction to the codes. */
  encoderLoss: number;
  /** Iterations of inference. */
  iterations: number;
  /** Lipschitz constant at which inference stepped. */
  lipschitz: number;
  /** Share of codes that are exactly zero. */
  zeros: number;
  /** Mean l1 norm of a code. */
  meanL1: number;
}

/** Means of the step reports of an epoch. */
export interface EpochReport {
  /** Number of the epoch, from 1. */
  epoch: number;
  /** Updates done. */
  step: number;
  /** Mean energy of a batch. */
  energy: number;
  /** Mean decoder loss. */
  decoderLoss: number;
  /** Mean encoder loss. */
  encoderLoss: number;
  /** Mean iterations of inference. */
  iterations: number;
  /** Mean share of zeros. */
  zeros: number;
  /** Mean l1 norm of a code. */
  meanL1: number;
  /** Mean squared error of the decoded prediction on the validation data, where there are some. */
  validation?: number;
}

/** All epochs of a training. */
export interface History {
  /** Reports in order. */
  epochs: EpochReport[];
  /** Updates done. */
  steps: number;
}

/** Options of {@link SparseAutoencoder.fit}. */
export interface FitAutoencoderOptions {
  /** Passes through the data. @defaultValue 1 */
  epochs?: number;
  /** Data for a figure after each epoch, shape `[n, d]`. */
  validation?: tf.Tensor2D;
  /** Receives each epoch. */
  onEpoch?: (report: EpochReport) => void;
  /** Receives each step. */
  onStep?: (step: number, report: StepReport) => void;
  /** File of the checkpoint (Node); a run that finds one goes on from there. */
  checkpoint?: string;
  /** Steps between checkpoints. @defaultValue one epoch */
  checkpointEvery?: number;
  /** Stops the run; with a checkpoint it can be taken up again. */
  signal?: AbortSignal;
}

/** A saved autoencoder. */
export interface Artifacts {
  /** Sizes and options, plain JSON. */
  config: Record<string, unknown>;
  /** Weights and optimizer state as a safetensors file. */
  weights: Uint8Array;
}

/**
 * Decoder and encoder trained by alternation: codes by inference, then one update of each.
 *
 * The decoder learns to reconstruct from the inferred codes, the encoder to predict them; neither gradient reaches the codes.
 *
 * @see Evtimova, LeCun (2022), algorithm 1.
 */
export class SparseAutoencoder {
  /** Maps codes to data. */
  readonly decoder: Decoder;
  /** Predicts codes. */
  readonly encoder: LISTA;
  /** Options it trains with. */
  readonly options: TrainOptions;
  private readonly decoderAdam: Adam;
  private readonly encoderAdam: Adam;
  private annealing = 1;

  /** Takes over decoder and encoder. */
  constructor(options: SparseAutoencoderOptions) {
    const { decoder, encoder, ...rest } = options;
    const caller = "SparseAutoencoder";
    for (const name of ["decoderRate", "encoderRate"] as const) {
      if (rest[name] !== undefined) checkNumber(caller, name, rest[name], { min: 0 });
    }
    for (const name of ["decoderDecay", "encoderDecay", "varianceWeightPerSample"] as const) {
      if (rest[name] !== undefined) checkNumber(caller, name, rest[name], { min: 0 });
    }
    if (rest.batchSize !== undefined) checkInteger(caller, "batchSize", rest.batchSize, { min: 1 });
    this.decoder = decoder;
    this.options = rest;
    this.encoder =
      encoder ?? new LISTA({ dataDim: decoder.dataDim, codeDim: decoder.codeDim, seed: rest.seed ?? 31 });
    if (this.encoder.codeDim !== decoder.codeDim || this.encoder.dataDim !== decoder.dataDim) {
      throw new ArgumentError(
        `${caller}: encoder maps ${this.encoder.dataDim} to ${this.encoder.codeDim}; ${decoder.dataDim} to ${decoder.codeDim} was expected`,
        { argument: "encoder", value: this.encoder.codeDim },
      );
    }
    this.decoderAdam = new Adam(decoder.variables);
    this.encoderAdam = new Adam(this.encoder.variables);
  }

  /** Weights and optimizer state by name. */
  private state(): Map<string, tf.Variable> {
    const named = (name: string, list: readonly tf.Variable[]) =>
      list.map((v, i) => [`${name}/${i}`, v] as const);
    return new Map([
      ...named("decoder", this.decoder.variables),
      ...named("decoder state", this.decoder.state ?? []),
      ...named("encoder", this.encoder.variables),
      ...named("decoder adam", this.decoderAdam.state),
      ...named("encoder adam", this.encoderAdam.state),
    ]);
  }

  /**
   * One alternation on a batch.
   *
   * @param y - Shape `[N, d]`.
   * @returns Figures before the update.
   * @throws As {@link infer}.
   */
  async step(y: tf.Tensor2D): Promise<StepReport> {
    checkRank("SparseAutoencoder.step", "y", y, 2);
    checkShape("SparseAutoencoder.step", "y", y, [null, this.decoder.dataDim]);
    const { decoderRate = 1e-3, encoderRate = 3e-4, decoderDecay = 0, encoderDecay = 0 } = this.options;
    const found = await this.infer(y, { validate: false });
    try {
      const figures = tf.tidy(() => {
        const codes = found.codes;
        const { value: decoderLoss, grads: toDecoder } = tf.variableGrads(() => {
          const loss = tf.mean(tf.square(tf.sub(this.decoder.decode(codes), y)));
          return withDecay(loss, this.decoder.decayed ?? [], decoderDecay);
        }, this.decoder.variables);
        const { value: encoderLoss, grads: toEncoder } = tf.variableGrads(() => {
          const loss = tf.mean(tf.square(tf.sub(this.encoder.predict(y), codes)));
          return withDecay(loss, [this.encoder.bias], encoderDecay);
        }, this.encoder.variables);
        const pick = (gradients: tf.NamedTensorMap, list: readonly tf.Variable[]) =>
          list.map((v) => gradients[v.name]);
        this.decoderAdam.apply(pick(toDecoder, this.decoder.variables), decoderRate * this.annealing);
        this.encoderAdam.apply(pick(toEncoder, this.encoder.variables), encoderRate);
        const nonzero = tf.mean(tf.cast(tf.notEqual(codes, 0), "float32"));
        return tf.stack([decoderLoss, encoderLoss, nonzero, tf.mean(tf.sum(tf.abs(codes), 1))]);
      });
      this.decoder.project?.();
      const [decoderLoss, encoderLoss, nonzero, meanL1] = await figures.data();
      figures.dispose();
      return {
        energy: found.energy,
        decoderLoss: decoderLoss!,
        encoderLoss: encoderLoss!,
        iterations: found.iterations,
        lipschitz: found.lipschitz,
        zeros: 1 - nonzero!,
        meanL1: meanL1!,
      };
    } finally {
      found.dispose();
    }
  }

  /**
   * Trains on batches.
   *
   * @param data - All rows `[n, d]`, which are shuffled into whole batches, or a stream of batches, each freed after its step.
   * @param o - See {@link FitAutoencoderOptions}.
   * @returns Reports of the epochs of this call.
   * @throws As {@link SparseAutoencoder.step}; the signal's reason when it is stopped.
   * @remarks A tensor is resumed exactly: the same order, state and results as without the interruption. A stream is one epoch
   * and takes no checkpoint.
   */
  async fit(data: AsyncIterable<tf.Tensor2D> | tf.Tensor2D, o: FitAutoencoderOptions = {}): Promise<History> {
    const caller = "SparseAutoencoder.fit";
    const epochs = checkInteger(caller, "epochs", o.epochs ?? 1, { min: 1 });
    const history: History = { epochs: [], steps: 0 };
    let open: StepReport[] = [];
    const close = async (epoch: number, step: number) => {
      if (open.length === 0) return;
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
        ...(o.validation ? { validation: await this.validate(o.validation) } : {}),
      };
      open = [];
      history.epochs.push(report);
      o.onEpoch?.(report);
    };
    if (!("dataId" in data)) {
      for (let epoch = 1; epoch <= epochs; epoch++) {
        for await (const batch of data) {
          if (o.signal?.aborted) throw o.signal.reason;
          try {
            open.push(await this.step(batch));
          } finally {
            batch.dispose();
          }
          history.steps++;
          o.onStep?.(history.steps, open.at(-1)!);
        }
        await close(epoch, history.steps);
      }
      return history;
    }
    checkShape(caller, "data", data, [null, this.decoder.dataDim]);
    const rows = data.shape[0];
    const size = Math.min(checkInteger(caller, "batchSize", this.options.batchSize ?? 250, { min: 1 }), rows);
    const perEpoch = Math.floor(rows / size);
    const generator = new Generator(this.options.seed ?? 31).split("order");
    let order: { epoch: number; rows: Int32Array } | undefined;
    const { anneal = 1, annealEvery = 30 } = this.options;
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
        this.annealing = anneal ** Math.floor(Math.floor(t / perEpoch) / annealEvery);
        const report = await this.step(batch);
        open.push(report);
        history.steps++;
        o.onStep?.(t + 1, report);
        if ((t + 1) % perEpoch === 0) await close((t + 1) / perEpoch, t + 1);
        return tf.scalar(report.decoderLoss);
      },
      steps: epochs * perEpoch,
      variables: this.state(),
      every: { checkpoint: o.checkpointEvery ?? perEpoch, evaluate: epochs * perEpoch },
      ...(o.checkpoint === undefined ? {} : { checkpoint: o.checkpoint }),
      ...(o.signal ? { signal: o.signal } : {}),
    });
    return history;
  }

  private async validate(y: tf.Tensor2D): Promise<number> {
    const loss = tf.tidy(() => tf.mean(tf.square(tf.sub(this.decoder.decode(this.encoder.predict(y)), y))));
    const [value] = await loss.data();
    loss.dispose();
    return value!;
  }

  /** Codes predicted by the encoder, `[N, l]`; the caller disposes them. */
  encode(y: tf.Tensor2D): tf.Tensor2D {
    return this.encoder.predict(y);
  }

  /** Codes by inference that starts at the prediction; options replace those of the training. */
  async infer(y: tf.Tensor2D, o: Partial<InferOptions> = {}): Promise<InferResult> {
    const w = this.options;
    const predicted = o.predicted ?? this.encoder.predict(y);
    const perSample = w.varianceWeightPerSample;
    try {
      return await infer(this.decoder, y, {
        sparsity: w.sparsity,
        variance: perSample === undefined ? (w.variance ?? 0) : perSample * y.shape[0],
        ...(w.varianceThreshold === undefined ? {} : { varianceThreshold: w.varianceThreshold }),
        ...(w.prediction === undefined ? {} : { prediction: w.prediction }),
        ...(w.scaling === undefined ? {} : { scaling: w.scaling }),
        ...(w.step === undefined ? {} : { step: w.step }),
        maxIterations: w.maxIterations ?? 200,
        tolerance: w.tolerance ?? 1e-3,
        checkEvery: w.checkEvery ?? 8,
        stop: "change",
        predicted,
        ...o,
      });
    } finally {
      if (!o.predicted) predicted.dispose();
    }
  }

  /** Reconstruction of codes, `[N, d]`; the caller disposes it. */
  decode(z: tf.Tensor2D): tf.Tensor2D {
    return this.decoder.decode(z);
  }

  /** Weights, optimizer state and options; a model decoder must be given again to {@link SparseAutoencoder.load}. */
  async save(): Promise<Artifacts> {
    const { decoder, encoder } = this;
    const hidden =
      "kernels" in decoder ? (decoder.kernels as tf.Tensor[]).slice(1).map((k) => k.shape[0]!) : [];
    return {
      config: {
        kind: "kernels" in decoder ? "mlp" : "dictionary" in decoder ? "linear" : "other",
        dataDim: decoder.dataDim,
        codeDim: decoder.codeDim,
        hidden,
        columnNorm: (decoder as { columnNorm?: number }).columnNorm ?? null,
        listaIterations: encoder.iterations,
        options: this.options,
      },
      weights: await encodeSafetensors(this.state()),
    };
  }

  /**
   * What {@link SparseAutoencoder.save} gave.
   *
   * @param a - The artifacts.
   * @param o - `decoder`: a decoder of the same sizes, needed where it came from a layers model.
   * @throws {@link DataError} when weights and configuration do not fit.
   */
  static async load(a: Artifacts, o: { decoder?: Decoder } = {}): Promise<SparseAutoencoder> {
    const config = a.config as {
      kind: string;
      dataDim: number;
      codeDim: number;
      hidden: number[];
      columnNorm: number | null;
      listaIterations: number;
      options: TrainOptions;
    };
    const { dataDim, codeDim, hidden } = config;
    const norm = config.columnNorm === null ? {} : { columnNorm: config.columnNorm };
    const decoder =
      o.decoder ??
      (config.kind === "linear"
        ? linearDecoder({ dataDim, codeDim, ...norm })
        : config.kind === "mlp"
          ? mlpDecoder({ dataDim, codeDim, hidden, ...norm })
          : undefined);
    if (!decoder) {
      throw new ArgumentError(
        "SparseAutoencoder.load: decoder is undefined; the decoder from a layers model was expected again",
        { argument: "decoder", value: undefined },
      );
    }
    const encoder = new LISTA({ dataDim, codeDim, iterations: config.listaIterations });
    const loaded = new SparseAutoencoder({ ...config.options, decoder, encoder });
    const reader = readSafetensors(a.weights);
    for (const [name, variable] of loaded.state()) {
      if (!reader.has(name)) {
        loaded.dispose();
        throw new DataError(`SparseAutoencoder.load: weights lacks "${name}"; every variable was expected`, {
          path: "weights",
        });
      }
      const tensor = await reader.tensor(name);
      variable.assign(tensor);
      tensor.dispose();
    }
    return loaded;
  }

  /** Frees decoder, encoder and optimizer state. */
  dispose(): void {
    this.decoder.dispose?.();
    this.encoder.dispose();
    this.decoderAdam.dispose();
    this.encoderAdam.dispose();
  }
}

/** Weight decay as half a squared norm in the loss: coupled, as in the authors' optimizer. */
function withDecay(loss: tf.Tensor, variables: readonly tf.Variable[], decay: number): tf.Scalar {
  let total = loss;
  if (decay > 0) for (const v of variables) total = tf.add(total, tf.mul(tf.sum(tf.square(v)), decay / 2));
  return total as tf.Scalar;
}
