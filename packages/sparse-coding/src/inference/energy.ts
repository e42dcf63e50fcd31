import { checkChoice, checkNumber, checkRank, checkShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";
import { columnMoments } from "../prox/variance-hinge.js";

/** Weights of the terms of the energy. */
export interface EnergyWeights {
  /** Weight $\lambda$ of the l1 norm of the codes. */
  sparsity: number;
  /** Weight $\beta$ of the variance hinge. @defaultValue 0 */
  variance?: number;
  /** Deviation T that each code component should have over the batch. @defaultValue 0.5, the paper's */
  varianceThreshold?: number;
  /** Weight $\gamma$ of the distance to the encoder's prediction. @defaultValue 0 */
  prediction?: number;
  /**
   * `"mean"`: the error is a mean over the components of a sample and the distance to the prediction a mean over those
   * of a code, as in the authors' code. `"half"`: halves of sums, as in the paper's text and in textbooks.
   * $\lambda_{\mathrm{half}} = \lambda_{\mathrm{mean}} d/2$, likewise $\beta$; $\gamma_{\mathrm{half}} = \gamma_{\mathrm{mean}} d/l$.
   * @defaultValue `"mean"`
   */
  scaling?: "mean" | "half";
}

/** The energy of a batch of codes and its terms, weights included, in the scaling asked for. */
export interface EnergyTerms {
  /** Sum of the terms. */
  total: number;
  /** Error of the reconstruction. */
  reconstruction: number;
  /** Weighted l1 norm. */
  sparsity: number;
  /** Weighted variance hinge. */
  variance: number;
  /** Weighted distance to the prediction. */
  prediction: number;
}

/** Weights checked and brought to the `"mean"` scaling. */
export interface MeanWeights {
  sparsity: number;
  variance: number;
  threshold: number;
  prediction: number;
  /** Factor from energies of the mean scaling to the one asked for. */
  factor: number;
}

/** Checks weights and brings them to the `"mean"` scaling. */
export function meanWeights(caller: string, w: EnergyWeights, dataDim: number, codeDim: number): MeanWeights {
  const scaling = checkChoice(caller, "scaling", w.scaling ?? "mean", ["mean", "half"]);
  const factor = scaling === "half" ? dataDim / 2 : 1;
  return {
    sparsity: checkNumber(caller, "sparsity", w.sparsity, { min: 0 }) / factor,
    variance: checkNumber(caller, "variance", w.variance ?? 0, { min: 0 }) / factor,
    threshold: checkNumber(caller, "varianceThreshold", w.varianceThreshold ?? 0.5, { above: 0 }),
    prediction:
      (checkNumber(caller, "prediction", w.prediction ?? 0, { min: 0 }) *
        (scaling === "half" ? codeDim / 2 : 1)) /
      factor,
    factor,
  };
}

/** The four terms in the mean scaling as a tensor `[4]`; `groups` batches are stacked. Runs in a tidy. */
export function energyTensor(
  y: tf.Tensor2D,
  codes: tf.Tensor2D,
  decoder: Decoder,
  w: MeanWeights,
  predicted: tf.Tensor2D | undefined,
  groups = 1,
): tf.Tensor1D {
  return tf.stack([
    decodedError(y, codes, decoder),
    ...otherTerms(codes, w, predicted, groups),
  ]) as tf.Tensor1D;
}

/** Error of the reconstruction; runs in a tidy. */
export function decodedError(y: tf.Tensor2D, codes: tf.Tensor2D, decoder: Decoder): tf.Scalar {
  return tf.div(tf.sum(tf.square(tf.sub(decoder.decode(codes), y))), decoder.dataDim) as tf.Scalar;
}

/**
 * The same through the Gram matrix, $\sum_i \frac12 z_i^\top G z_i - z_i^\top b_i$ and the constant: cheaper where codes are shorter
 * than data, exact to float32 of the constant. Runs in a tidy.
 */
export function gramError(
  gram: { matrix: tf.Tensor2D; target: tf.Tensor2D },
  codes: tf.Tensor2D,
  constant: tf.Scalar,
): tf.Scalar {
  const slope = tf.sub(tf.mul(tf.matMul(codes, gram.matrix), 0.5), gram.target);
  return tf.add(tf.sum(tf.mul(codes, slope)), constant) as tf.Scalar;
}

/** The three terms that do not look at the data, scalars; runs in a tidy. */
export function otherTerms(
  codes: tf.Tensor2D,
  w: MeanWeights,
  predicted: tf.Tensor2D | undefined,
  groups: number,
): tf.Tensor[] {
  const [rows, codeDim] = codes.shape;
  const zero = tf.scalar(0);
  const sparsity = tf.mul(tf.sum(tf.abs(codes)), w.sparsity);
  let variance: tf.Tensor = zero;
  if (w.variance > 0) {
    for (let group = 0; group < groups; group++) {
      const size = rows / groups;
      const part = groups === 1 ? codes : tf.slice(codes, [group * size, 0], [size, codeDim]);
      const { std } = columnMoments(part as tf.Tensor2D);
      variance = tf.add(variance, tf.mul(tf.sum(tf.square(tf.relu(tf.sub(w.threshold, std)))), w.variance));
    }
  }
  const prediction =
    w.prediction > 0 && predicted
      ? tf.mul(tf.sum(tf.square(tf.sub(codes, predicted))), w.prediction / codeDim)
      : zero;
  return [sparsity, variance, prediction];
}

/** Reads the four terms. */
export function energyTerms(values: ArrayLike<number>, factor: number): EnergyTerms {
  const [reconstruction, sparsity, variance, prediction] = Array.from(values, (v) => v * factor) as [
    number,
    number,
    number,
    number,
  ];
  return {
    total: reconstruction + sparsity + variance + prediction,
    reconstruction,
    sparsity,
    variance,
    prediction,
  };
}

/** Checks a batch, its codes or prediction, and the rows that a deviation needs. */
export function checkBatch(
  caller: string,
  y: tf.Tensor2D,
  decoder: Decoder,
  w: MeanWeights,
  codes: readonly [name: string, value: tf.Tensor | undefined][],
  groups = 1,
): void {
  checkRank(caller, "y", y, 2);
  checkShape(caller, "y", y, [null, decoder.dataDim]);
  const rows = y.shape[0];
  for (const [name, value] of codes) if (value) checkShape(caller, name, value, [rows, decoder.codeDim]);
  if (w.variance > 0 && rows / groups < 2) {
    throw new ShapeError(
      `${caller}: y has shape [${y.shape}]; at least 2 rows a batch were expected, variance > 0 needs them`,
      { argument: "y", shape: y.shape },
    );
  }
}

/**
 * Energy of codes: what inference minimises.
 *
 * $\sum_i \frac1d \lVert y_i - \mathrm{Dec}(z_i) \rVert^2 + \lambda \sum_i \lVert z_i \rVert_1 + \beta \sum_j (T - s_j)_+^2 +
 * \frac{\gamma}{l} \sum_i \lVert z_i - \hat z_i \rVert^2$
 *
 * @param y - Batch, shape `[N, d]`.
 * @param codes - Shape `[N, l]`.
 * @param decoder - Maps codes to data.
 * @param w - See {@link EnergyWeights}.
 * @param predicted - Prediction $\hat z$, shape `[N, l]`; needed when `prediction > 0`.
 * @returns Total and terms, sums over the batch.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit.
 * @see Evtimova, LeCun (2022), eq. (8), in the scaling of the authors' code.
 */
export async function energy(
  y: tf.Tensor2D,
  codes: tf.Tensor2D,
  decoder: Decoder,
  w: EnergyWeights,
  predicted?: tf.Tensor2D,
): Promise<EnergyTerms> {
  const weights = meanWeights("energy", w, decoder.dataDim, decoder.codeDim);
  checkBatch("energy", y, decoder, weights, [
    ["codes", codes],
    ["predicted", predicted],
  ]);
  const terms = tf.tidy(() => energyTensor(y, codes, decoder, weights, predicted));
  const values = await terms.data();
  terms.dispose();
  return energyTerms(values, weights.factor);
}
