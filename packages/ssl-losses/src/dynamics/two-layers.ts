import { ArgumentError, checkAborted, checkInteger, checkNumber, NumericalError } from "@lab/core";
import { svdHost } from "@lab/core/linalg";
import { product, transposed } from "./small-matrix.js";

/**
 * Singular values of two aligned layers under gradient flow with a fixed force: $\dot\sigma_1 = \sigma_1\sigma_2^2\lambda$,
 * $\dot\sigma_2 = \sigma_2\sigma_1^2\lambda$.
 *
 * $\sigma_1^2(t) = \bigl[1/c + (1/\sigma_1^2(0) - 1/c)\,e^{2\lambda c t}\bigr]^{-1}$ with the conserved $c = \sigma_1^2 - \sigma_2^2$; for
 * $c = 0$, $\sigma(t) = \sigma(0)/\sqrt{1 - 2\lambda\sigma^2(0)\,t}$.
 *
 * @param options - Singular values `first` and `second` at time 0, the `eigenvalue` λ of the force, and the `time`.
 * @returns Both values at that time.
 * @throws {@link ArgumentError} for an option out of range; {@link NumericalError} at or after the time at which a flow with
 *   λ > 0 reaches infinity.
 * @see Jing, Vincent, LeCun, Tian (2022), theorem 3.
 * @example
 * ```ts
 * import { alignedSingularValues } from "@lab/ssl-losses";
 *
 * const { first, second } = alignedSingularValues({ first: 0.6, second: 0.4, eigenvalue: 1, time: 1 });
 * [first, second].map((value) => value.toFixed(4)); // => ["0.7704", "0.6273"]
 * ```
 */
export function alignedSingularValues(options: {
  first: number;
  second: number;
  eigenvalue: number;
  time: number;
}): { first: number; second: number } {
  const caller = "alignedSingularValues";
  const first = checkNumber(caller, "first", options.first, { above: 0 });
  const second = checkNumber(caller, "second", options.second, { above: 0 });
  const eigenvalue = checkNumber(caller, "eigenvalue", options.eigenvalue, {});
  const time = checkNumber(caller, "time", options.time, { min: 0 });
  const c = first ** 2 - second ** 2;
  const isBalanced = Math.abs(c) < 1e-9 * first ** 2;
  if (eigenvalue > 0) {
    const end = isBalanced
      ? 1 / (2 * eigenvalue * first ** 2)
      : Math.log(first ** 2 / second ** 2) / (2 * eigenvalue * c);
    if (time >= end) {
      throw new NumericalError(`${caller}: time is ${time}; the flow reaches infinity at ${end}`, {
        residual: end,
      });
    }
  }
  if (isBalanced) {
    const factor = 1 / Math.sqrt(1 - 2 * eigenvalue * first ** 2 * time);
    return { first: first * factor, second: second * factor };
  }
  const square = 1 / (1 / c + (1 / first ** 2 - 1 / c) * Math.exp(2 * eigenvalue * c * time));
  return { first: Math.sqrt(square), second: Math.sqrt(Math.max(0, square - c)) };
}

/** Options of {@link simulateTwoLayers}. */
export interface SimulateTwoLayersOptions {
  /** W₁ at the start, `dim × dim`, row by row. */
  first: Float64Array;
  /** W₂ at the start. */
  second: Float64Array;
  /** X, symmetric, `dim × dim`; it stays as it is. */
  force: Float64Array;
  /** Rows and columns of all three. */
  dim: number;
  /** Frobenius norm of W₁ at which the flow is stopped. */
  untilNorm: number;
  /** Time at which it is stopped at the latest. @defaultValue no limit */
  untilTime?: number;
  /** Stops the simulation. */
  signal?: AbortSignal;
}

/** Result of {@link simulateTwoLayers}. */
export interface TwoLayersTrace {
  /** Time reached. */
  time: number;
  /** W₁ at that time. */
  first: Float64Array;
  /** W₂ at that time. */
  second: Float64Array;
  /** Their singular values, descending. */
  singularValues: readonly [first: Float64Array, second: Float64Array];
  /** $V_2^\top U_1$, row by row; signs are free. */
  alignment: Float64Array;
  /** Largest change of an entry of the conserved $W_1 W_1^\top - W_2^\top W_2$. */
  drift: number;
}

/**
 * Gradient flow of two linear layers under a fixed force, by Runge–Kutta steps that shrink as the layers grow.
 *
 * $\dot W_1 = W_2^\top W_2 W_1 X$, $\dot W_2 = W_2 W_1 X W_1^\top$
 *
 * @param options - See {@link SimulateTwoLayersOptions}.
 * @returns See {@link TwoLayersTrace}.
 * @throws {@link ArgumentError} for an option out of range; {@link NumericalError} when neither limit is reached in a million
 *   steps; the signal's reason when aborted.
 * @remarks With a positive eigenvalue of X the leading directions align and grow to infinity in finite time, before the others
 *   have caught up: the alignment matrix does not become the identity entry by entry.
 * @see Jing, Vincent, LeCun, Tian (2022), section 5.2.
 */
export function simulateTwoLayers(options: SimulateTwoLayersOptions): TwoLayersTrace {
  const caller = "simulateTwoLayers";
  const dim = checkInteger(caller, "dim", options.dim, { min: 1 });
  const untilNorm = checkNumber(caller, "untilNorm", options.untilNorm, { above: 0 });
  const untilTime = options.untilTime ?? Number.POSITIVE_INFINITY;
  for (const name of ["first", "second", "force"] as const) {
    if (options[name].length === dim * dim && options[name].every(Number.isFinite)) continue;
    throw new ArgumentError(
      `${caller}: ${name} holds ${options[name].length} numbers; ${dim * dim} finite ones were expected`,
      { argument: name, value: options[name].length },
    );
  }
  const { force } = options;
  const flow = ([w1, w2]: Pair): Pair => {
    const through = product(product(w2, w1, dim), force, dim); // W₂W₁X
    return [product(transposed(w2, dim), through, dim), product(through, transposed(w1, dim), dim)];
  };
  let state: Pair = [Float64Array.from(options.first), Float64Array.from(options.second)];
  const before = invariant(state, dim);
  const strength = norm(force);
  let time = 0;
  for (let step = 0; norm(state[0]) < untilNorm && time < untilTime; step++) {
    if (step % 1000 === 0) checkAborted(options.signal);
    if (step === 1e6) {
      throw new NumericalError(
        `${caller}: neither limit was reached in ${step} steps; norm ${norm(state[0])}`,
        {
          iteration: step,
        },
      );
    }
    const size = norm(state[0]) ** 2 + norm(state[1]) ** 2;
    const h = Math.min(0.02 / (size * strength || 1), untilTime - time);
    const k1 = flow(state);
    const k2 = flow(moved(state, k1, h / 2));
    const k3 = flow(moved(state, k2, h / 2));
    const k4 = flow(moved(state, k3, h));
    const slope = [0, 1].map((i) =>
      k1[i]!.map((value, at) => (value + 2 * k2[i]![at]! + 2 * k3[i]![at]! + k4[i]![at]!) / 6),
    ) as unknown as Pair;
    state = moved(state, slope, h);
    time += h;
  }
  const [one, two] = [svdHost(state[0], dim, dim), svdHost(state[1], dim, dim)];
  const after = invariant(state, dim);
  return {
    time,
    first: state[0],
    second: state[1],
    singularValues: [one.s, two.s],
    alignment: product(two.vt, one.u, dim),
    drift: Math.max(...after.map((value, at) => Math.abs(value - before[at]!))),
  };
}

type Pair = readonly [Float64Array, Float64Array];

const moved = (state: Pair, slope: Pair, h: number): Pair =>
  [0, 1].map((i) => state[i]!.map((value, at) => value + h * slope[i]![at]!)) as unknown as Pair;

const norm = (a: Float64Array) => Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));

function invariant([w1, w2]: Pair, dim: number): Float64Array {
  const a = product(w1, transposed(w1, dim), dim);
  const b = product(transposed(w2, dim), w2, dim);
  return a.map((value, at) => value - b[at]!);
}
