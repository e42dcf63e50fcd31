import { ArgumentError, checkAborted, checkChoice, checkInteger, checkNumber, tidyAsync } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Decoder } from "../decoders/index.js";
import { prepareByTape } from "../decoders/prepare-by-tape.js";
import { checkScales } from "../lasso/check-problem.js";
import { diverged, type Quadratic, solveQuadratic } from "../lasso/quadratic.js";
import { unconverged } from "../lasso/sparse-codes.js";
import { canCheck, checkStep } from "./check-step.js";
import { DeviceStepper } from "./device-stepper.js";
import {
  checkBatch,
  decodedError,
  energyTensor,
  energyTerms,
  gramError,
  type MeanWeights,
  meanWeights,
  otherTerms,
} from "./energy.js";
import { canFuse, finishRows } from "./fused-step.js";
import type { InferOptions, InferResult } from "./infer-options.js";
import type { Setup } from "./setup.js";
import { sparseProduct } from "./sparse-product.js";

/**
 * Codes of a batch that minimise the energy.
 *
 * Proximal gradient descent, accelerated; see {@link energy} for what is minimised. The hinge's curvature is at most
 * $2\beta/(N-1)$, so `method: "ista"` descends although the hinge is not convex.
 *
 * @param decoder - Maps codes to data; it is not changed.
 * @param y - Batch, shape `[N, d]`. With a variance term the rows depend on each other.
 * @param o - See {@link InferOptions}.
 * @returns See {@link InferResult}.
 * @throws {@link ShapeError}, {@link ArgumentError} for arguments that do not fit; {@link NumericalError} when the energy is
 * not finite, or with what was reached when `requireConvergence` is set and the tolerance was not.
 * @remarks A linear decoder costs one product `[N, l]` by `[l, l]` an iteration; the device is read once in `checkEvery`.
 * For a linear decoder without variance term, rows that are done leave the batch when fewer than half remain. On the plain
 * JavaScript backend products skip the zeros of the codes.
 * @see Evtimova, LeCun (2022), section 3.2; Beck, Teboulle (2009); O'Donoghue, Candès (2015).
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { infer, linearDecoder } from "@lab/sparse-coding";
 *
 * await init();
 * const decoder = linearDecoder({ codeDim: 2, dataDim: 2, dictionary: tf.eye(2) });
 * const { codes } = await infer(decoder, tf.tensor2d([[3, 0.5]]), { sparsity: 1, scaling: "half", tolerance: 1e-9 });
 * Array.from(await codes.data(), (z) => Number(z.toFixed(4))); // => [2, 0]
 * ```
 */
export async function infer(decoder: Decoder, y: tf.Tensor2D, o: InferOptions): Promise<InferResult> {
  const w = meanWeights("infer", o, decoder.dataDim, decoder.codeDim);
  const limits = checkArguments(decoder, y, o, w);
  const { groups, positive } = limits;
  const prepared = decoder.prepare ? decoder.prepare(y) : prepareByTape(decoder, y);
  try {
    const isConvex = prepared.gram !== undefined && w.variance === 0;
    const plan: Plan = { ...limits, ...checkStop(o, isConvex) };
    if (o.validate ?? true) await checkData(y);
    return await tidyAsync(async (track) => {
      const start = track(tf.tidy(() => startOf(decoder, y, o, positive)));
      const size = y.shape[0] / groups;
      const hinge = size > 1 ? (2 * w.variance) / (size - 1) : 0;
      const ridge = (2 * w.prediction) / decoder.codeDim;
      const L = (await prepared.lipschitz(start)) + hinge + ridge;
      const step = typeof o.step === "number" ? o.step : 1 / L;
      if (prepared.gram && step > (2 / L) * 1.05 + 1e-12) {
        throw new ArgumentError(
          `infer: step is ${step}; at most 2/L = ${(2 / L).toPrecision(3)} was expected; use step "auto"`,
          { argument: "step", value: step },
        );
      }
      const setup: Setup = {
        ...{ prepared, w, groups, positive, predicted: o.predicted, restart: o.restart ?? true },
        isTangent: plan.method === "cccp" && w.variance > 0,
        momentum: momentumOf(plan.method, convexityOf(o, ridge)),
      };
      const found = await (isConvex ? solveConvex : solve)({ setup, decoder, y, o, plan, start, step });
      track(found.codes);
      const terms = found.terms ?? (await readTerms(y, found.codes, decoder, w, o.predicted, groups));
      if (o.requireConvergence && !found.converged) {
        throw unconverged(
          "infer",
          found.row,
          found.iterations,
          found.change,
          plan.tolerance,
          `relative ${plan.stop}`,
        );
      }
      const { codes, iterations, converged, gap } = found;
      return {
        ...{ codes, iterations, converged, lipschitz: L },
        energy: energyTerms(terms, w.factor),
        ...(gap ? { gap } : {}),
        dispose: () => codes.dispose(),
      };
    });
  } finally {
    prepared.dispose();
  }
}

interface Limits {
  method: "fista" | "ista" | "cccp";
  groups: number;
  maxIterations: number;
  checkEvery: number;
  positive: boolean;
}

interface Plan extends Limits {
  stop: "gap" | "change";
  tolerance: number;
}

interface Problem {
  setup: Setup;
  decoder: Decoder;
  y: tf.Tensor2D;
  o: InferOptions;
  plan: Plan;
  start: tf.Tensor2D;
  step: number;
}

interface Found {
  codes: tf.Tensor2D;
  iterations: number;
  converged: boolean;
  /** Largest relative gap or change, and the row that has it. */
  change: number;
  row: number;
  gap?: Float64Array;
  /** The four terms of the energy at the codes, mean scaling, where they are known. */
  terms?: ArrayLike<number>;
}

async function readTerms(...given: Parameters<typeof energyTensor>): Promise<ArrayLike<number>> {
  const terms = tf.tidy(() => energyTensor(...given));
  const values = await terms.data();
  terms.dispose();
  return values;
}

function checkArguments(decoder: Decoder, y: tf.Tensor2D, o: InferOptions, w: MeanWeights): Limits {
  const groups = checkInteger("infer", "groups", o.groups ?? 1, { min: 1 });
  const start = typeof o.init === "object" ? o.init : undefined;
  const given: [string, tf.Tensor | undefined][] = [
    ["predicted", o.predicted],
    ["init", start],
  ];
  checkBatch("infer", y, decoder, w, given, groups);
  const rows = y.shape[0];
  if (rows % groups !== 0) {
    throw new ArgumentError(`infer: groups is ${groups}; a divisor of the ${rows} rows was expected`, {
      argument: "groups",
      value: groups,
    });
  }
  if ((w.prediction > 0 || o.init === "predicted") && !o.predicted) {
    throw new ArgumentError(
      'infer: predicted is undefined; codes of shape [N,l] were expected with prediction > 0 or init "predicted"',
      { argument: "predicted", value: undefined },
    );
  }
  if (o.step !== undefined && o.step !== "auto") checkNumber("infer", "step", o.step, { above: 0 });
  const method = checkChoice("infer", "method", o.method ?? "fista", ["fista", "ista", "cccp"]);
  // A look costs little on this process's own memory; the tangents of cccp are taken as rarely everywhere.
  const usual = canCheck() && method !== "cccp" ? 4 : 8;
  return {
    groups,
    method,
    maxIterations: checkInteger("infer", "maxIterations", o.maxIterations ?? 200, { min: 0 }),
    checkEvery: checkInteger("infer", "checkEvery", o.checkEvery ?? usual, { min: 1 }),
    positive: o.positive ?? true,
  };
}

function checkStop(o: InferOptions, isConvex: boolean): Pick<Plan, "stop" | "tolerance"> {
  const stop = checkChoice("infer", "stop", o.stop ?? (isConvex ? "gap" : "change"), ["gap", "change"]);
  if (stop === "gap" && !isConvex) {
    throw new ArgumentError(
      'infer: stop is "gap"; "change" was expected, a gap needs a linear decoder and variance 0',
      { argument: "stop", value: stop },
    );
  }
  const usual = stop === "gap" ? 1e-4 : 1e-3;
  return { stop, tolerance: checkNumber("infer", "tolerance", o.tolerance ?? usual, { min: 0 }) };
}

function startOf(decoder: Decoder, y: tf.Tensor2D, o: InferOptions, positive: boolean): tf.Tensor2D {
  const given = typeof o.init === "object" ? o.init : undefined;
  const from = given ?? (o.predicted && o.init !== "zeros" ? o.predicted : undefined);
  if (!from) return tf.zeros([y.shape[0], decoder.codeDim]);
  return positive ? tf.relu(from) : tf.clone(from);
}

function convexityOf(o: InferOptions, ridge: number): number {
  if (o.strongConvexity === undefined || o.strongConvexity === "auto") return ridge;
  return checkNumber("infer", "strongConvexity", o.strongConvexity, { min: 0 });
}

const momentumOf = (method: Plan["method"], convexity: number) => (step: number) => {
  if (method === "ista") return 0;
  if (convexity === 0) return undefined;
  const root = Math.sqrt(1 / (step * convexity));
  return Math.max(0, (root - 1) / (root + 1));
};

/** Refuses NaN and infinities, through the sums of the rows. */
async function checkData(y: tf.Tensor2D): Promise<void> {
  const sums = tf.tidy(() => tf.sum(tf.abs(y), 1));
  const values = await sums.data();
  sums.dispose();
  checkScales("infer", values);
}

/** Quadratic form of a linear decoder with its prediction term; runs in a tidy. */
function quadraticOf({ setup, y, decoder }: Problem): Quadratic {
  const { prepared, w, predicted, positive } = setup;
  const ridge = (2 * w.prediction) / decoder.codeDim;
  let [matrix, target]: tf.Tensor[] = [prepared.gram!.matrix, prepared.gram!.target];
  let scale: tf.Tensor = tf.mul(tf.sum(tf.square(y), 1), 2 / decoder.dataDim);
  if (ridge > 0 && predicted) {
    matrix = tf.add(matrix!, tf.mul(tf.eye(decoder.codeDim), ridge));
    target = tf.add(target!, tf.mul(predicted, ridge));
    scale = tf.add(scale, tf.mul(tf.sum(tf.square(predicted), 1), ridge));
  }
  return {
    matrix: tf.clone(matrix!) as tf.Tensor2D,
    target: tf.clone(target!) as tf.Tensor2D,
    scale: scale as tf.Tensor1D,
    sparsity: w.sparsity,
    positive,
  };
}

/** Without a variance term the rows are separate problems, which leave as they are done. */
async function solveConvex(problem: Problem): Promise<Found> {
  const { setup, plan, o, start, step } = problem;
  const quadratic = tf.tidy(
    () => quadraticOf(problem) as unknown as tf.TensorContainer,
  ) as unknown as Quadratic;
  try {
    const found = await solveQuadratic(quadratic, {
      ...{ step, momentum: setup.momentum(step), restart: setup.restart, init: start, signal: o.signal },
      ...{ stop: plan.stop, tolerance: plan.tolerance },
      ...{ maxIterations: plan.maxIterations, checkEvery: plan.checkEvery },
      finish: canFuse() ? finishRows : undefined,
      product: sparseProduct,
      onCheck: (iteration, change) => o.onIteration?.({ iteration, change }),
    });
    const { codes, converged, change, row, gap } = found;
    const iterations = found.iterations.reduce((most, count) => Math.max(most, count), 0);
    return { codes, converged, change, row, iterations, ...(plan.stop === "gap" ? { gap } : {}) };
  } finally {
    tf.dispose([quadratic.matrix, quadratic.target, quadratic.scale]);
  }
}

/** Relative rise of the energy that is more than rounding. */
const RISE = 1e-5;

/** The general loop: all rows together, until the change of all is small. */
async function solve(problem: Problem): Promise<Found> {
  const { setup, decoder, y, o, plan } = problem;
  const { w, groups, predicted } = setup;
  const { gram } = setup.prepared;
  const stepper = new DeviceStepper(setup, problem.start);
  const isQuick = canCheck();
  const constant = tf.tidy(() => tf.div(tf.sum(tf.square(y)), decoder.dataDim)) as tf.Scalar;
  let step = problem.step;
  let [iterations, converged, rises, previous] = [0, false, 0, Number.POSITIVE_INFINITY];
  let [change, row] = [Number.POSITIVE_INFINITY, 0];
  let terms: ArrayLike<number> | undefined;
  try {
    while (iterations < plan.maxIterations && !converged) {
      checkAborted(o.signal);
      const count = Math.min(plan.checkEvery, plan.maxIterations - iterations);
      stepper.advance(count, step);
      iterations += count;
      const figures = tf.tidy(() => {
        const codes = stepper.codes();
        const before = isQuick ? stepper.before() : undefined;
        if (gram && before) return checkStep({ codes, before, gram, predicted, constant }, w, groups);
        const changes = tf.reshape(stepper.change(), [-1]);
        const error = gram ? gramError(gram, codes, constant) : decodedError(y, codes, decoder);
        const others = otherTerms(codes, w, predicted, groups);
        return tf.concat([tf.stack([error, ...others]), tf.reshape(constant, [1]), changes]);
      });
      const values = await figures.data();
      figures.dispose();
      terms = values.subarray(0, 4);
      const { total } = energyTerms(terms, w.factor);
      if (!Number.isFinite(total)) throw diverged(iterations, step);
      change = 0;
      for (let i = 5; i < values.length; i++) if (values[i]! > change) [change, row] = [values[i]!, i - 5];
      // Relative to the data's energy as well: a sum through the Gram matrix is no more exact than that.
      rises = total > previous + RISE * (previous + values[4]! * w.factor) ? rises + 1 : 0;
      previous = total;
      if (rises >= 2 && typeof o.step !== "number") {
        // Possible beyond the convex case only: the step was too long near these codes.
        step /= 2;
        rises = 0;
        stepper.restart();
      }
      converged = change <= plan.tolerance;
      if (o.onIteration?.({ iteration: iterations, change, energy: total }) === true) break;
    }
    const codes = tf.clone(stepper.codes());
    return { codes, iterations, converged, change, row, ...(terms ? { terms } : {}) };
  } finally {
    stepper.dispose();
    constant.dispose();
  }
}
