import { ArgumentError, checkInteger, checkNumber, checkRank, checkShape } from "@lab/core";
import { encodeSafetensors } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";
import { LISTA } from "../encoder/index.js";
import { infer } from "../inference/infer.js";
import type { InferOptions, InferResult } from "../inference/infer-options.js";
import { Adam } from "./adam.js";
import { assignAll, configOf, decoderOf, openArtifacts } from "./artifacts.js";
import { EpochLog, judgePrediction } from "./epoch-log.js";
import type { TrainOptions } from "./preset.js";
import { trainOnRows, trainOnStream } from "./train-loops.js";
import type {
  Artifacts,
  BatchPasses,
  FitAutoencoderOptions,
  History,
  SparseAutoencoderOptions,
  StepReport,
} from "./training-types.js";

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
   * @param data - All rows `[n, d]`, which are shuffled into whole batches, or a stream of batches, each freed after its step;
   * a stream is gone through once an epoch, by `pass` where it has one.
   * @param o - See {@link FitAutoencoderOptions}.
   * @returns Reports of the epochs of this call.
   * @throws As {@link SparseAutoencoder.step}; the signal's reason when it is stopped.
   * @remarks A run with a checkpoint is resumed exactly: the same order, state and results as without the interruption. From a
   * stream the batches that were done are skipped, so it must give the same ones again.
   */
  async fit(
    data: AsyncIterable<tf.Tensor2D> | BatchPasses | tf.Tensor2D,
    o: FitAutoencoderOptions = {},
  ): Promise<History> {
    const caller = "SparseAutoencoder.fit";
    const epochs = checkInteger(caller, "epochs", o.epochs ?? 1, { min: 1 });
    if (o.validation) checkShape(caller, "validation", o.validation, [null, this.decoder.dataDim]);
    const { batchSize = 250, seed = 31, anneal = 1, annealEvery = 30 } = this.options;
    const log = new EpochLog(o, {
      ...(o.validation ? { judge: () => judgePrediction(this, o.validation!, batchSize) } : {}),
      save: async () => (await this.save()).weights,
    });
    const step = async (batch: tf.Tensor2D, epoch: number) => {
      this.annealing = anneal ** Math.floor((epoch - 1) / annealEvery);
      return this.step(batch);
    };
    const run = { epochs, step, log, options: o, state: this.state() };
    if ("dataId" in data) {
      checkShape(caller, "data", data, [null, this.decoder.dataDim]);
      await trainOnRows(data, { ...run, batchSize, seed });
    } else await trainOnStream(data, run);
    return log.history;
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
        ...(w.checkEvery === undefined ? {} : { checkEvery: w.checkEvery }),
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

  /**
   * Weights, optimizer state and options; a model decoder must be given again to {@link SparseAutoencoder.load}. The weights
   * hold the configuration too.
   */
  async save(): Promise<Artifacts> {
    const config = configOf(this);
    return { config, weights: await encodeSafetensors(this.state(), { config: JSON.stringify(config) }) };
  }

  /**
   * What {@link SparseAutoencoder.save} gave.
   *
   * @param a - The artifacts, or their weights alone, such as the bytes of a file.
   * @param o - `decoder`: a decoder of the same sizes, needed where it came from a layers model.
   * @throws {@link DataError} when weights and configuration do not fit.
   */
  static async load(a: Artifacts | Uint8Array, o: { decoder?: Decoder } = {}): Promise<SparseAutoencoder> {
    const { weights, config } = openArtifacts(a);
    const { dataDim, codeDim } = config;
    const decoder = o.decoder ?? decoderOf(config);
    const encoder = new LISTA({ dataDim, codeDim, iterations: config.listaIterations });
    const loaded = new SparseAutoencoder({ ...config.options, decoder, encoder });
    try {
      await assignAll(loaded.state(), weights);
    } catch (error) {
      loaded.dispose();
      throw error;
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
