import { checkAborted, checkChoice, checkInteger, checkNumber, NumericalError } from "@lab/core";
import { eighHost } from "@lab/core/linalg";
import { Generator } from "@lab/core/random";
import { CovarianceAccumulator } from "../spectrum/index.js";
import { contrastiveGradient } from "./linear-loss.js";
import { product, randomOrthogonal, transposed } from "./small-matrix.js";

/** What {@link SimulateLinearOptions.onStep} receives. */
export interface LinearState {
  /** Updates done. */
  step: number;
  /** Loss of the batch, a mean over samples, in nats. */
  loss: number;
}

/** Options of {@link simulateLinear}. */
export interface SimulateLinearOptions {
  /** Number of linear layers without bias. */
  numLayers: number;
  /** Dimension of input and of every layer. @defaultValue 16 */
  dim?: number;
  /** Standard deviation of the normal noise that augmentation adds to the strong coordinates. */
  noise: number;
  /** How many coordinates, the last ones, receive the noise. @defaultValue all */
  strongDims?: number;
  /** Updates of plain gradient descent. @defaultValue 10000 */
  steps?: number;
  /** @defaultValue 0.01 */
  learningRate?: number;
  /** Samples of a batch, drawn from the data set. @defaultValue 128 */
  batchSize?: number;
  /** Samples of the data set. @defaultValue 10000, as in the released toy */
  numSamples?: number;
  /** Temperature of the dot-product loss. @defaultValue 0.1 */
  temperature?: number;
  /**
   * `"dot"`: inner products, both views noisy, negatives from the other view, as the released toy; `"euclidean"`: distances, a
   * noisy second view, negatives from the first, as the theory. @defaultValue `"dot"`
   */
  loss?: "dot" | "euclidean";
  /** Singular values $e^{-\text{decay}\,k}$ of every layer at the start. @defaultValue 0: orthogonal layers */
  decay?: number;
  /** Seed of layers and data. */
  seed: number;
  /** Receives every hundredth step. */
  onStep?: (state: LinearState) => void;
  /** Stops the simulation. */
  signal?: AbortSignal;
}

/** Result of {@link simulateLinear}. */
export interface LinearTrace {
  /** The layers at the end, each `dim × dim`, row by row. */
  layers: readonly Float64Array[];
  /** Their product. */
  product: Float64Array;
  /** Eigenvalues of the covariance of the embeddings of the data set, descending. */
  embeddingSpectrum: Float64Array;
  /** Loss of every hundredth step. */
  losses: readonly number[];
}

/**
 * Trains a linear network contrastively on normal data in double precision: dimensional collapse in its simplest form.
 *
 * @param options - See {@link SimulateLinearOptions}.
 * @returns See {@link LinearTrace}.
 * @throws {@link ArgumentError} for an option out of range; {@link NumericalError} when it diverges; the signal's reason when
 *   aborted.
 * @remarks Gradients go through the product of the layers, so that depth costs little. 10 000 steps take some ten seconds.
 * @see Jing, Vincent, LeCun, Tian (2022), sections 4.2 and 5.3.
 */
export function simulateLinear(options: SimulateLinearOptions): LinearTrace {
  const caller = "simulateLinear";
  const numLayers = checkInteger(caller, "numLayers", options.numLayers, { min: 1 });
  const dim = checkInteger(caller, "dim", options.dim ?? 16, { min: 1 });
  const noise = checkNumber(caller, "noise", options.noise, { min: 0 });
  const strong = checkInteger(caller, "strongDims", options.strongDims ?? dim, { min: 0, max: dim });
  const steps = checkInteger(caller, "steps", options.steps ?? 10_000, { min: 1 });
  const rate = checkNumber(caller, "learningRate", options.learningRate ?? 0.01, { above: 0 });
  const batch = checkInteger(caller, "batchSize", options.batchSize ?? 128, { min: 2 });
  const temperature = checkNumber(caller, "temperature", options.temperature ?? 0.1, { above: 0 });
  const decay = checkNumber(caller, "decay", options.decay ?? 0, { min: 0 });
  const numSamples = checkInteger(caller, "numSamples", options.numSamples ?? 10_000, { min: 2 });
  const kind = checkChoice(caller, "loss", options.loss ?? "dot", ["dot", "euclidean"] as const);
  const generator = new Generator(options.seed);
  const layers = Array.from({ length: numLayers }, (_, l) => {
    const u = randomOrthogonal(dim, generator.split(`left ${l}`));
    const v = randomOrthogonal(dim, generator.split(`right ${l}`));
    return product(
      u.map((value, at) => value * Math.exp(-decay * (at % dim))),
      v,
      dim,
    );
  });
  const data = generator.split("data").normal64(numSamples * dim);
  const rows = generator.split("rows");
  const draws = generator.split("noise");
  const noisy = (clean: Float64Array): Float64Array => {
    const shift = draws.normal64(batch * strong);
    const view = Float64Array.from(clean);
    for (let i = 0; i < batch; i++)
      for (let k = 0; k < strong; k++) view[i * dim + dim - strong + k]! += noise * shift[i * strong + k]!;
    return view;
  };
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    if (step % 100 === 0) checkAborted(options.signal);
    const clean = new Float64Array(batch * dim);
    for (const [i, u] of rows.float64(batch).entries()) {
      const from = Math.floor(u * numSamples) * dim;
      clean.set(data.subarray(from, from + dim), i * dim);
    }
    const x = kind === "dot" ? noisy(clean) : clean;
    const y = noisy(clean);
    // below[l] is the product of the layers under l, above[l] of those over it.
    const below: Float64Array[] = [];
    for (const [l, layer] of layers.entries())
      below.push(l === 0 ? layer : product(layer, below[l - 1]!, dim));
    const { loss, gradient } = contrastiveGradient(below[numLayers - 1]!, x, y, dim, kind, temperature);
    let upstream = gradient;
    const updates: Float64Array[] = [];
    for (let l = numLayers - 1; l >= 0; l--) {
      updates[l] = l === 0 ? upstream : product(upstream, transposed(below[l - 1]!, dim), dim);
      if (l > 0) upstream = product(transposed(layers[l]!, dim), upstream, dim);
    }
    for (const [l, layer] of layers.entries())
      for (let at = 0; at < layer.length; at++) layer[at]! -= rate * updates[l]![at]!;
    if ((step + 1) % 100 === 0) {
      losses.push(loss);
      options.onStep?.({ step: step + 1, loss });
    }
  }
  const whole = layers.reduce((under, layer) => product(layer, under, dim));
  if (!whole.every(Number.isFinite)) {
    throw new NumericalError(
      `${caller}: the weights are not finite after ${steps} steps; learningRate ${rate} is too large for this noise`,
      { iteration: steps },
    );
  }
  const accumulator = new CovarianceAccumulator();
  accumulator.add(product(data, transposed(whole, dim), dim), dim);
  const values = eighHost(accumulator.result().covariance, dim).values;
  const embeddingSpectrum = Float64Array.from(values, (v) => Math.max(0, v)).reverse();
  return { layers, product: whole, embeddingSpectrum, losses };
}
