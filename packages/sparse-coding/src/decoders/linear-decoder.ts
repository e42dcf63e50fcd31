import { checkInteger, checkNumber, checkShape } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder, PreparedDecoder } from "./decoder.js";
import { powerSteps } from "./power-steps.js";
import { startVector } from "./spectral-norm.js";

/** Options of {@link linearDecoder}. */
export interface LinearDecoderOptions {
  /** Number of atoms l. */
  codeDim: number;
  /** Components d of an atom. */
  dataDim: number;
  /** Norm that every atom is rescaled to after an update. @defaultValue none, atoms are free */
  columnNorm?: number;
  /** Seed of the initial atoms, uniform in ±1/√l. @defaultValue 0 */
  seed?: number;
  /** Initial atoms, shape `[d, l]`; copied. */
  dictionary?: tf.Tensor2D;
}

/** A dictionary as a decoder: $\hat y = D z$. */
export interface LinearDecoder extends Decoder {
  /** Atoms as columns, shape `[d, l]`. */
  readonly dictionary: tf.Variable<tf.Rank.R2>;
  /** Norm that atoms are kept at, when there is one. */
  readonly columnNorm: number | undefined;
  /** Binds it to a batch through the Gram matrix. */
  prepare(y: tf.Tensor2D): PreparedDecoder;
  /** Rescales every atom to the norm. */
  project(): void;
  /** Frees the atoms. */
  dispose(): void;
}

/** Power iterations for each batch; the vector is carried from batch to batch. */
const POWER_STEPS = 16;
/** The power iteration comes from below. */
const MARGIN = 1.05;

/**
 * A linear decoder.
 *
 * @param options - See {@link LinearDecoderOptions}.
 * @returns A decoder with one variable; dispose it.
 * @throws {@link ArgumentError} for a bad number, {@link ShapeError} for a dictionary of another shape.
 */
export function linearDecoder(options: LinearDecoderOptions): LinearDecoder {
  const codeDim = checkInteger("linearDecoder", "codeDim", options.codeDim, { min: 1 });
  const dataDim = checkInteger("linearDecoder", "dataDim", options.dataDim, { min: 1 });
  const columnNorm = options.columnNorm;
  if (columnNorm !== undefined) checkNumber("linearDecoder", "columnNorm", columnNorm, { above: 0 });
  if (options.dictionary) checkShape("linearDecoder", "dictionary", options.dictionary, [dataDim, codeDim]);
  const bound = 1 / Math.sqrt(codeDim);
  const dictionary = tf.tidy(() =>
    tf.variable(
      options.dictionary ??
        (new Generator(options.seed ?? 0).uniform([dataDim, codeDim], -bound, bound) as tf.Tensor2D),
      true,
    ),
  ) as tf.Variable<tf.Rank.R2>;
  const direction = tf.tidy(() =>
    tf.variable(tf.tensor2d(startVector(codeDim), [codeDim, 1]), false),
  ) as tf.Variable<tf.Rank.R2>;

  const project = () => {
    if (columnNorm === undefined) return;
    tf.tidy(() => {
      const norms = tf.sqrt(tf.sum(tf.square(dictionary), 0, true));
      dictionary.assign(tf.mul(dictionary, tf.div(columnNorm, norms)) as tf.Tensor2D);
    });
  };
  project();
  return {
    codeDim,
    dataDim,
    dictionary,
    columnNorm,
    variables: [dictionary],
    state: [direction],
    decode: (codes) => tf.matMul(codes, dictionary, false, true),
    prepare(y) {
      const [matrix, target] = tf.tidy(() => [
        tf.mul(tf.matMul(dictionary, dictionary, true, false), 2 / dataDim) as tf.Tensor2D,
        tf.mul(tf.matMul(y, dictionary), 2 / dataDim) as tf.Tensor2D,
      ]) as [tf.Tensor2D, tf.Tensor2D];
      return {
        gram: { matrix, target },
        gradient: (codes) => tf.tidy(() => tf.sub(tf.matMul(codes, matrix), target) as tf.Tensor2D),
        async lipschitz() {
          const norm = tf.tidy(() => {
            const step = powerSteps(matrix, direction, POWER_STEPS);
            direction.assign(step.vector);
            return step.value;
          });
          const [value] = await norm.data();
          norm.dispose();
          return MARGIN * value!;
        },
        dispose: () => tf.dispose([matrix, target]),
      };
    },
    project,
    dispose: () => tf.dispose([dictionary, direction]),
  };
}
