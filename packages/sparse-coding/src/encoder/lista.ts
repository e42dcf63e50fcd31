import { checkChoice, checkInteger, checkNumber, checkRank, checkShape } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel, layers, model } from "@tensorflow/tfjs-layers";
import { startVector } from "../decoders/spectral-norm.js";

/** Options of {@link LISTA}. */
export interface ListaOptions {
  /** Components d of a sample. */
  dataDim: number;
  /** Components l of a code. */
  codeDim: number;
  /** Recurrent steps after the first layer. @defaultValue 3, the paper's */
  iterations?: number;
  /** Seed of the initial weights, uniform in ±1/√fan_in. @defaultValue 0 */
  seed?: number;
}

/** Options of {@link LISTA.fromDictionary}. */
export interface ListaFromDictionaryOptions {
  /** Weight of the l1 norm. */
  sparsity: number;
  /** Recurrent steps after the first layer. @defaultValue 3 */
  iterations?: number;
  /** Scaling of the energy; see {@link EnergyWeights}. @defaultValue `"mean"` */
  scaling?: "mean" | "half";
  /** Step of the gradient descent that is unrolled, in the scaling. @defaultValue 1/L, exactly */
  step?: number;
}

/**
 * Encoder that predicts codes: an unrolled, learned proximal gradient descent with shared weights.
 *
 * $u = y U + b$, $z_0 = \mathrm{relu}(u)$, $z_{k+1} = \mathrm{relu}(u + z_k S)$.
 *
 * @see Gregor, LeCun (2010), Learning fast approximations of sparse coding; Evtimova, LeCun (2022), section 3.3.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { LISTA } from "@lab/sparse-coding";
 *
 * await init();
 * const encoder = LISTA.fromDictionary(tf.eye(2), { sparsity: 1, scaling: "half" });
 * Array.from(await encoder.predict(tf.tensor2d([[3, 0.5]])).data()); // => [2, 0]
 * encoder.dispose();
 * ```
 */
export class LISTA {
  /** Components d of a sample. */
  readonly dataDim: number;
  /** Components l of a code. */
  readonly codeDim: number;
  /** Recurrent steps. */
  readonly iterations: number;
  /** Weights U `[d, l]`. */
  readonly input: tf.Variable<tf.Rank.R2>;
  /** Weights S `[l, l]`, shared by all steps. */
  readonly recurrent: tf.Variable<tf.Rank.R2>;
  /** Bias b `[l]`. */
  readonly bias: tf.Variable<tf.Rank.R1>;

  /** Draws the initial weights. */
  constructor(options: ListaOptions) {
    this.dataDim = checkInteger("LISTA", "dataDim", options.dataDim, { min: 1 });
    this.codeDim = checkInteger("LISTA", "codeDim", options.codeDim, { min: 1 });
    this.iterations = checkInteger("LISTA", "iterations", options.iterations ?? 3, { min: 0 });
    const generator = new Generator(options.seed ?? 0).split("lista");
    const draw = (fanIn: number) =>
      generator.uniform([fanIn, this.codeDim], -1 / Math.sqrt(fanIn), 1 / Math.sqrt(fanIn)) as tf.Tensor2D;
    const made = tf.tidy(() => [
      tf.variable(draw(this.dataDim)),
      tf.variable(draw(this.codeDim)),
      tf.variable(tf.zeros([this.codeDim])),
    ]) as unknown as [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R1>];
    [this.input, this.recurrent, this.bias] = made;
  }

  /**
   * The encoder that does `iterations + 1` steps of non-negative proximal gradient descent from zero, exactly.
   *
   * $U = \eta \frac2d D$, $S = I - \eta \frac2d D^\top D$, $b = -\eta\lambda$.
   *
   * @param dictionary - Atoms as columns, `[d, l]`.
   * @param options - See {@link ListaFromDictionaryOptions}.
   * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit.
   */
  static fromDictionary(dictionary: tf.Tensor2D, options: ListaFromDictionaryOptions): LISTA {
    const caller = "LISTA.fromDictionary";
    checkRank(caller, "dictionary", dictionary, 2);
    const sparsity = checkNumber(caller, "sparsity", options.sparsity, { min: 0 });
    const scaling = checkChoice(caller, "scaling", options.scaling ?? "mean", ["mean", "half"]);
    if (options.step !== undefined) checkNumber(caller, "step", options.step, { above: 0 });
    const [dataDim, codeDim] = dictionary.shape;
    const encoder = new LISTA({ dataDim, codeDim, iterations: options.iterations ?? 3 });
    tf.tidy(() => {
      const factor = scaling === "mean" ? 2 / dataDim : 1;
      const gram = tf.mul(tf.matMul(dictionary, dictionary, true, false), factor) as tf.Tensor2D;
      // Squaring the matrix doubles the exponent: 2^8 power iterations, all on the device.
      let power: tf.Tensor2D = gram;
      for (let i = 0; i < 8; i++) {
        const square = tf.matMul(power, power) as tf.Tensor2D;
        power = tf.div(square, tf.add(tf.max(tf.abs(square)), 1e-30)) as tf.Tensor2D;
      }
      const start = tf.matMul(power, tf.tensor2d(startVector(codeDim), [codeDim, 1]));
      const image = tf.matMul(gram, start);
      const norm = tf.div(tf.sum(tf.mul(image, start)), tf.sum(tf.square(start)));
      const step = options.step === undefined ? tf.div(1, norm) : tf.scalar(options.step);
      encoder.input.assign(tf.mul(dictionary, tf.mul(step, factor)) as tf.Tensor2D);
      encoder.recurrent.assign(tf.sub(tf.eye(codeDim), tf.mul(gram, step)) as tf.Tensor2D);
      encoder.bias.assign(tf.mul(tf.ones([codeDim]), tf.mul(step, -sparsity)) as tf.Tensor1D);
    });
    return encoder;
  }

  /** What training changes. */
  get variables(): tf.Variable[] {
    return [this.input, this.recurrent, this.bias];
  }

  /**
   * Predicted codes; differentiable.
   *
   * @param y - Shape `[N, d]`.
   * @returns Shape `[N, l]`, non-negative; the caller disposes it.
   * @throws {@link ShapeError} when the width is another.
   */
  predict(y: tf.Tensor2D): tf.Tensor2D {
    checkShape("LISTA.predict", "y", y, [null, this.dataDim]);
    return tf.tidy(() => {
      const drive = tf.add(tf.matMul(y, this.input), this.bias);
      let codes = tf.relu(drive) as tf.Tensor2D;
      for (let i = 0; i < this.iterations; i++) {
        codes = tf.relu(tf.add(drive, tf.matMul(codes, this.recurrent))) as tf.Tensor2D;
      }
      return codes;
    });
  }

  /** A layers model with a copy of the weights and the same outputs, to save or embed. */
  toModel(): LayersModel {
    const y = input({ shape: [this.dataDim] });
    const drive = layers.dense({ units: this.codeDim, name: "input" });
    const recurrent = layers.dense({ units: this.codeDim, useBias: false, name: "recurrent" });
    const driven = drive.apply(y) as ReturnType<typeof input>;
    const relu = () => layers.reLU();
    let codes = relu().apply(driven) as ReturnType<typeof input>;
    for (let i = 0; i < this.iterations; i++) {
      const moved = recurrent.apply(codes) as ReturnType<typeof input>;
      codes = relu().apply(layers.add().apply([driven, moved])) as ReturnType<typeof input>;
    }
    const built = model({ inputs: y, outputs: codes });
    drive.setWeights([this.input, this.bias]);
    if (this.iterations > 0) recurrent.setWeights([this.recurrent]);
    return built;
  }

  /** Frees the weights. */
  dispose(): void {
    tf.dispose(this.variables);
  }
}
