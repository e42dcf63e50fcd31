import {
  ArgumentError,
  checkAborted,
  checkChoice,
  checkInteger,
  checkNumber,
  NumericalError,
  tidyAsync,
} from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { prepareByTape } from "../decoders/decoder-from-model.js";
import type { Decoder, PreparedDecoder } from "../decoders/index.js";
import { rowGaps } from "../lasso/row-gaps.js";
import { SMALLEST_STD } from "../prox/variance-hinge.js";
import {
  checkBatch,
  type EnergyTerms,
  type EnergyWeights,
  energyTensor,
  energyTerms,
  type MeanWeights,
  meanWeights,
} from "./energy.js";

/** What a callback of {@link infer} learns at each check. */
export interface InferProgress {
  /** Iterations done. */
  iteration: number;
  /** Energy of the codes in the scaling asked for, where it was computed (variance term or non-linear decoder). */
  energy?: number;
  /** Largest relative change of a row in the last iteration, or largest relative gap with `stop: "gap"`. */
  change: number;
}

/** Options of {@link infer}. */
export interface InferOptions extends EnergyWeights {
  /**
   * `"fista"`: accelerated, with restarts. `"ista"`: never raises the energy at the automatic step. `"cccp"`: replaces
   * the concave part of the hinge by its tangent, again and again; monotone, slower. @defaultValue `"fista"`
   */
  method?: "fista" | "ista" | "cccp";
  /** Whether codes are non-negative. @defaultValue true, as in the paper */
  positive?: boolean;
  /** Step size in the mean scaling, or 1/L from a power iteration. @defaultValue `"auto"` */
  step?: "auto" | number;
  /** Whether momentum is dropped when it points uphill. @defaultValue true */
  restart?: boolean;
  /**
   * Strong convexity of the smooth part, which sets a constant momentum; 0 takes the classical sequence.
   * @defaultValue `"auto"`, $2\gamma/l$
   */
  strongConvexity?: "auto" | number;
  /** Most iterations. @defaultValue 200, as in the paper */
  maxIterations?: number;
  /** Relative gap (of the data's squared norm) or relative change that ends it. @defaultValue 1e-4 for gap, 1e-3 for change */
  tolerance?: number;
  /** What ends it. @defaultValue `"gap"` for a linear decoder without variance term, else `"change"` */
  stop?: "gap" | "change";
  /** Iterations between checks; each check reads one number from the device. @defaultValue 8 */
  checkEvery?: number;
  /** Start. @defaultValue `"predicted"` when there is a prediction, else `"zeros"` */
  init?: tf.Tensor2D | "zeros" | "predicted";
  /** Prediction of an encoder, shape `[N, l]`. */
  predicted?: tf.Tensor2D;
  /** Independent batches stacked along the rows: deviations are taken within each. @defaultValue 1 */
  groups?: number;
  /** Called at each check; `true` stops. */
  onIteration?: (progress: InferProgress) => unknown;
  /** Refuses data that hold NaN or infinities. @defaultValue true */
  validate?: boolean;
  /** Stops the search. */
  signal?: AbortSignal;
}

/** Codes and how they were found. */
export interface InferResult {
  /** Shape `[N, l]`, with exact zeros; freed by `dispose`. */
  codes: tf.Tensor2D;
  /** Iterations done. */
  iterations: number;
  /** Whether the tolerance was reached; not reaching it is no error. */
  converged: boolean;
  /** Energy in the scaling asked for. */
  energy: EnergyTerms;
  /** Duality gap of each row of ½‖x − Dz‖² + λ‖z‖₁ with the 2/d factor of the mean scaling, with `stop: "gap"`. */
  gap?: Float64Array;
  /** Lipschitz constant used for the step, mean scaling. */
  lipschitz: number;
  /** Frees the codes. */
  dispose(): void;
}

/** State of the iteration; tensors are replaced one by one. */
type Iterate = {
  codes: tf.Tensor2D;
  ahead: tf.Tensor2D;
  /** Counter of the classical momentum for each row, `[N, 1]`. */
  clock: tf.Tensor2D;
  /** Relative change of each row, `[N, 1]`. */
  change: tf.Tensor2D;
};

interface Setup {
  prepared: PreparedDecoder;
  w: MeanWeights;
  groups: number;
  positive: boolean;
  predicted: tf.Tensor2D | undefined;
  ones: tf.Tensor3D;
}

/** Sums within groups of rows, `[M, 1, l]`, by a product with ones: faster than a reduction on wasm. */
const groupSums = ({ ones }: Setup, codes: tf.Tensor3D) => tf.matMul(ones, codes) as tf.Tensor3D;

interface Moments {
  centred: tf.Tensor3D;
  std: tf.Tensor3D;
}

function groupMoments(setup: Setup, codes: tf.Tensor2D): Moments {
  const size = codes.shape[0] / setup.groups;
  const grouped = tf.reshape(codes, [setup.groups, size, codes.shape[1]]) as tf.Tensor3D;
  const centred = tf.sub(grouped, tf.div(groupSums(setup, grouped), size)) as tf.Tensor3D;
  const variance = tf.div(groupSums(setup, tf.square(centred) as tf.Tensor3D), size - 1);
  return { centred, std: tf.sqrt(tf.relu(variance)) as tf.Tensor3D };
}

/** What the hinge adds to a gradient step of length `step`; runs in a tidy. */
function hingeStep(setup: Setup, at: tf.Tensor2D, step: number): tf.Tensor {
  const { centred, std } = groupMoments(setup, at);
  const scale = (2 * setup.w.variance * step) / (centred.shape[1] - 1);
  const isAlive = tf.cast(tf.greater(std, SMALLEST_STD), "float32");
  const ratio = tf.div(tf.relu(tf.sub(setup.w.threshold, std)), tf.add(std, SMALLEST_STD));
  const pull = tf.mul(tf.mul(ratio, isAlive), scale);
  return tf.reshape(tf.mul(centred, pull), at.shape);
}

/** Tangent of the concave part of the hinge at some codes, as the constant part of a gradient; runs in a tidy. */
function tangent(setup: Setup, codes: tf.Tensor2D): tf.Tensor2D {
  const { centred, std } = groupMoments(setup, codes);
  const scale = (2 * setup.w.variance) / (centred.shape[1] - 1);
  const isAlive = tf.cast(tf.greater(std, SMALLEST_STD), "float32");
  const ratio = tf.mul(tf.div(tf.maximum(std, setup.w.threshold), tf.add(std, SMALLEST_STD)), isAlive);
  return tf.reshape(tf.mul(tf.mul(centred, ratio), scale), codes.shape) as tf.Tensor2D;
}

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
 * not finite.
 * @remarks A linear decoder costs one product `[N, l]` by `[l, l]` an iteration; the device is read once in `checkEvery`.
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
  const groups = checkInteger("infer", "groups", o.groups ?? 1, { min: 1 });
  const start = typeof o.init === "object" ? o.init : undefined;
  checkBatch(
    "infer",
    y,
    decoder,
    w,
    [
      ["predicted", o.predicted],
      ["init", start],
    ],
    groups,
  );
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
  const method = checkChoice("infer", "method", o.method ?? "fista", ["fista", "ista", "cccp"]);
  const maxIterations = checkInteger("infer", "maxIterations", o.maxIterations ?? 200, { min: 0 });
  const checkEvery = checkInteger("infer", "checkEvery", o.checkEvery ?? 8, { min: 1 });
  const positive = o.positive ?? true;
  if (o.step !== undefined && o.step !== "auto") checkNumber("infer", "step", o.step, { above: 0 });
  const prepared = decoder.prepare ? decoder.prepare(y) : prepareByTape(decoder, y);
  try {
    const isConvex = prepared.gram !== undefined && w.variance === 0;
    const stop = checkChoice("infer", "stop", o.stop ?? (isConvex ? "gap" : "change"), ["gap", "change"]);
    if (stop === "gap" && !isConvex) {
      throw new ArgumentError(
        'infer: stop is "gap"; "change" was expected, a gap needs a linear decoder and variance 0',
        { argument: "stop", value: stop },
      );
    }
    const tolerance = checkNumber("infer", "tolerance", o.tolerance ?? (stop === "gap" ? 1e-4 : 1e-3), {
      min: 0,
    });
    if (o.validate ?? true) await checkData("infer", y);
    return await tidyAsync(async (track) => {
      const ones = track(tf.ones([groups, 1, rows / groups]) as tf.Tensor3D);
      const setup: Setup = { prepared, w, groups, positive, predicted: o.predicted, ones };
      let codes = track(
        tf.tidy(() => {
          const from = start ?? (o.predicted && o.init !== "zeros" ? o.predicted : undefined);
          if (!from) return tf.zeros([rows, decoder.codeDim]) as tf.Tensor2D;
          return positive ? tf.relu(from) : tf.clone(from);
        }) as tf.Tensor2D,
      );
      const hinge = rows / groups > 1 ? (2 * w.variance) / (rows / groups - 1) : 0;
      const extra = hinge + (2 * w.prediction) / decoder.codeDim;
      const L = (await prepared.lipschitz(codes)) + extra;
      let step = typeof o.step === "number" ? o.step : 1 / L;
      if (prepared.gram && step > (2 / L) * 1.05 + 1e-12) {
        throw new ArgumentError(
          `infer: step is ${step}; at most 2/L = ${(2 / L).toPrecision(3)} was expected; use step "auto"`,
          { argument: "step", value: step },
        );
      }
      const convexity =
        o.strongConvexity === undefined || o.strongConvexity === "auto"
          ? (2 * w.prediction) / decoder.codeDim
          : checkNumber("infer", "strongConvexity", o.strongConvexity, { min: 0 });
      const momentum = () => {
        if (method === "ista") return 0;
        if (convexity === 0) return undefined;
        const root = Math.sqrt(1 / (step * convexity));
        return Math.max(0, (root - 1) / (root + 1));
      };
      let state: Iterate = {
        codes,
        ahead: tf.clone(codes),
        clock: tf.ones([rows, 1]),
        change: tf.ones([rows, 1]),
      };
      let linear = tidyFolded(setup, step);
      let [iterations, converged, rises, previous] = [0, false, 0, Number.POSITIVE_INFINITY];
      let gap: Float64Array | undefined;
      let fixed: tf.Tensor2D | undefined;
      const free = () => {
        tf.dispose(Object.values(state));
        if (linear) tf.dispose([linear.matrix, linear.offset]);
        fixed?.dispose();
      };
      try {
        while (iterations < maxIterations && !converged) {
          checkAborted(o.signal);
          const count = Math.min(checkEvery, maxIterations - iterations);
          if (method === "cccp" && w.variance > 0) {
            fixed?.dispose();
            fixed = tf.tidy(() => tangent(setup, state.codes));
          }
          const before = fixed ? tf.clone(state.codes) : undefined;
          for (let i = 0; i < count; i++) {
            state = iterate(setup, state, {
              step,
              momentum: momentum(),
              restart: o.restart ?? true,
              linear,
              fixed,
            });
          }
          iterations += count;
          const figures = tf.tidy(() => {
            const change = before ? relativeChange(state.codes, before) : state.change;
            const parts: tf.Tensor1D[] = [tf.reshape(tf.max(change), [1])];
            if (stop === "gap")
              parts.push(rowGaps(prepared.gram!, y, state.codes, w, o.predicted, positive, decoder.dataDim));
            else parts.push(energyTensor(y, state.codes, decoder, w, o.predicted, groups));
            return tf.concat(parts);
          });
          before?.dispose();
          const values = await figures.data();
          figures.dispose();
          let change = values[0]!;
          let total: number | undefined;
          if (stop === "gap") {
            gap = Float64Array.from(values.subarray(1, rows + 1));
            change = 0;
            for (let i = 0; i < rows; i++) {
              const scale = values[1 + rows + i]!;
              change = Math.max(change, scale > 0 ? gap[i]! / scale : 0);
            }
            if (Number.isNaN(values[1]!)) throw diverged(iterations, L);
          } else {
            total = energyTerms(values.subarray(1), w.factor).total;
            if (!Number.isFinite(total)) throw diverged(iterations, L);
            rises = total > previous * (1 + 1e-5) ? rises + 1 : 0;
            previous = total;
            if (rises >= 2 && o.step === undefined) {
              // Possible beyond the convex case only: the step was too long near these codes.
              step /= 2;
              rises = 0;
              if (linear) tf.dispose([linear.matrix, linear.offset]);
              linear = tidyFolded(setup, step);
              state.ahead.dispose();
              state = { ...state, ahead: tf.clone(state.codes) };
            }
          }
          converged = change <= tolerance;
          const answer = o.onIteration?.({
            iteration: iterations,
            change,
            ...(total === undefined ? {} : { energy: total }),
          });
          if (answer === true) break;
        }
        codes = tf.clone(state.codes);
      } finally {
        free();
      }
      const terms = tf.tidy(() => energyTensor(y, codes, decoder, w, o.predicted, groups));
      const values = await terms.data();
      terms.dispose();
      return {
        codes,
        iterations,
        converged,
        energy: energyTerms(values, w.factor),
        ...(gap ? { gap } : {}),
        lipschitz: L,
        dispose: () => codes.dispose(),
      };
    });
  } finally {
    prepared.dispose();
  }
}

const diverged = (iteration: number, L: number) =>
  new NumericalError(
    `infer: the energy is not finite after ${iteration} iterations with L = ${L}; a finite energy was expected; use step "auto"`,
    { iteration, residual: L },
  );

async function checkData(caller: string, y: tf.Tensor2D): Promise<void> {
  const sums = tf.tidy(() => tf.sum(tf.abs(y), 1));
  const values = await sums.data();
  sums.dispose();
  const row = values.findIndex((v) => !Number.isFinite(v));
  if (row >= 0) {
    throw new ArgumentError(
      `${caller}: y holds ${Number.isNaN(values[row]!) ? "NaN" : "an infinity"} at row ${row}; finite numbers were expected`,
      {
        argument: "y",
        value: values[row],
      },
    );
  }
}

type Folded = {
  matrix: tf.Tensor2D;
  offset: tf.Tensor2D;
};

const tidyFolded = (setup: Setup, step: number) =>
  (setup.prepared.gram ? tf.tidy(() => foldedGram(setup, step)!) : null) as Folded | null;

/** $I - \eta H$ and $\eta B$ of the quadratic part, so that an iteration needs one product and one sum. */
function foldedGram({ prepared, w, predicted }: Setup, step: number): Folded | undefined {
  if (!prepared.gram) return undefined;
  const { matrix, target } = prepared.gram;
  const ridge = (2 * w.prediction) / matrix.shape[0];
  const identity = tf.eye(matrix.shape[0], matrix.shape[0]);
  const pulled = ridge > 0 && predicted ? tf.add(target, tf.mul(predicted, ridge)) : target;
  return {
    matrix: tf.sub(tf.mul(identity, 1 - step * ridge), tf.mul(matrix, step)) as tf.Tensor2D,
    offset: tf.mul(pulled, step) as tf.Tensor2D,
  };
}

interface StepPlan {
  step: number;
  /** Constant momentum; `undefined` takes the classical sequence. */
  momentum: number | undefined;
  restart: boolean;
  linear: Folded | null;
  /** Tangent of the concave part, with `cccp`. */
  fixed: tf.Tensor2D | undefined;
}

function relativeChange(after: tf.Tensor, before: tf.Tensor): tf.Tensor2D {
  const moved = tf.sum(tf.square(tf.sub(after, before)), 1, true);
  // A row that was and is zero has not changed: 0 / tiny, not 0 / 0.
  const size = tf.add(tf.sum(tf.square(before), 1, true), 1e-20);
  return tf.sqrt(tf.div(moved, size)) as tf.Tensor2D;
}

/** One iteration; frees the old state. */
function iterate(setup: Setup, old: Iterate, plan: StepPlan): Iterate {
  const { prepared, w, predicted, positive, groups } = setup;
  const { step, linear, fixed } = plan;
  const next = tf.tidy(() => {
    let at: tf.Tensor;
    if (linear) at = tf.add(tf.matMul(old.ahead, linear.matrix), linear.offset);
    else {
      at = tf.sub(old.ahead, tf.mul(prepared.gradient(old.ahead), step));
      if (w.prediction > 0 && predicted) {
        at = tf.sub(at, tf.mul(tf.sub(old.ahead, predicted), (2 * w.prediction * step) / predicted.shape[1]));
      }
    }
    if (fixed) {
      const { centred } = groupMoments(setup, old.ahead);
      const quadratic = tf.mul(centred, (2 * w.variance * step) / (centred.shape[1] - 1));
      at = tf.add(tf.sub(at, tf.reshape(quadratic, at.shape)), tf.mul(fixed, step));
    } else if (w.variance > 0) at = tf.add(at, hingeStep(setup, old.ahead, step));
    const shrink = step * w.sparsity;
    const codes = (
      positive
        ? tf.relu(tf.sub(at, shrink))
        : tf.sub(tf.relu(tf.sub(at, shrink)), tf.relu(tf.sub(tf.neg(at), shrink)))
    ) as tf.Tensor2D;
    const moved = tf.sub(codes, old.codes);
    const change = relativeChange(codes, old.codes);
    if (plan.momentum === 0) return { codes, ahead: tf.clone(codes), clock: tf.clone(old.clock), change };
    let keep: tf.Tensor = tf.ones([codes.shape[0], 1]);
    if (plan.restart) {
      let uphill = tf.sum(tf.mul(tf.sub(old.ahead, codes), moved), 1, true);
      if (w.variance > 0) {
        // Rows depend on each other, so a batch restarts as one.
        const size = codes.shape[0] / groups;
        const sums = tf.sum(tf.reshape(uphill, [groups, size]), 1, true);
        uphill = tf.reshape(tf.tile(sums, [1, size]), [-1, 1]);
      }
      keep = tf.sub(1, tf.step(uphill));
    }
    let factor: tf.Tensor;
    let clock: tf.Tensor = tf.clone(old.clock);
    if (plan.momentum === undefined) {
      const grown = tf.mul(tf.add(1, tf.sqrt(tf.add(1, tf.mul(4, tf.square(old.clock))))), 0.5);
      factor = tf.mul(tf.div(tf.sub(old.clock, 1), grown), keep);
      clock = tf.add(tf.mul(grown, keep), tf.sub(1, keep));
    } else factor = tf.mul(keep, plan.momentum);
    const ahead = tf.add(codes, tf.mul(moved, factor)) as tf.Tensor2D;
    return { codes, ahead, clock: clock as tf.Tensor2D, change };
  });
  tf.dispose(Object.values(old));
  return next;
}
