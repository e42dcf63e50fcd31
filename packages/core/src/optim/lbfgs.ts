import * as tf from "@tensorflow/tfjs-core";
import { checkAborted, checkInteger, checkNumber } from "../check/index.js";
import { ArgumentError, NumericalError } from "../errors/index.js";
import { dot, type Evaluation, wolfeSearch } from "./wolfe-search.js";

/** Options of {@link lbfgs}. */
export interface LbfgsOptions {
  /** Variables to move. @defaultValue every trainable variable of the engine */
  variables?: Iterable<tf.Variable>;
  /** Most iterations, at least 1. @defaultValue 100 */
  maxIterations?: number;
  /** Pairs of steps and changes of the gradient that are remembered, at least 1. @defaultValue 10 */
  history?: number;
  /** Ends when no component of the gradient is larger. @defaultValue 1e-6 */
  gradientTolerance?: number;
  /** Ends when neither the loss nor any component of the variables changes by more. @defaultValue 1e-9 */
  changeTolerance?: number;
  /** Most evaluations of one line search, at least 1. @defaultValue 25 */
  maxEvaluations?: number;
  /** Stops between evaluations; the variables are left at the best point found. */
  signal?: AbortSignal;
  /** Receives each iteration. */
  onIteration?: (iteration: { iteration: number; loss: number; gradient: number }) => void;
}

/** What a minimisation came to. */
export interface LbfgsResult {
  /** Loss reached. */
  loss: number;
  /** Largest component of the gradient there. */
  gradient: number;
  /** Iterations made. */
  iterations: number;
  /** Times that the loss and its gradient were computed. */
  evaluations: number;
  /** Why it ended: a small gradient, no more change, or the limit of iterations. */
  reason: "gradient" | "change" | "iterations";
}

/** A minimiser of deterministic objectives. */
export interface Lbfgs {
  /**
   * Moves the variables to a local minimum.
   *
   * @param f - Loss of the variables' present values, shape `[]`; the same for the same values.
   * @returns See {@link LbfgsResult}.
   * @throws {@link NumericalError} when the loss at the start is not finite.
   */
  minimize(f: () => tf.Tensor): Promise<LbfgsResult>;
}

/**
 * The quasi-Newton method with limited memory, for objectives without noise.
 *
 * $w \leftarrow w - t\,H g$ with $H$ the two-loop approximation of the inverse Hessian and $t$ a step that satisfies the
 * strong Wolfe conditions.
 *
 * @param options - See {@link LbfgsOptions}.
 * @returns See {@link Lbfgs}.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Directions are computed on the host in double precision from float32 gradients, so the loss is met to about
 *   seven digits. The iterates are those of `torch.optim.LBFGS` with `line_search_fn="strong_wolfe"`.
 * @see Nocedal, Wright (2006), Numerical optimization, algorithm 7.5.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { lbfgs } from "@lab/core/optim";
 *
 * await init();
 * const w = tf.variable(tf.tensor1d([-1, 1]));
 * const { reason } = await lbfgs({ variables: [w] }).minimize(() => tf.sum(tf.square(tf.sub(w, [3, 5]))));
 * reason; // => "gradient"
 * Array.from(await w.data(), (value) => value.toFixed(3)); // => ["3.000", "5.000"]
 * ```
 */
export function lbfgs(options: LbfgsOptions = {}): Lbfgs {
  const maxIterations = checkInteger("lbfgs", "maxIterations", options.maxIterations ?? 100, { min: 1 });
  const history = checkInteger("lbfgs", "history", options.history ?? 10, { min: 1 });
  const gradientTolerance = checkNumber("lbfgs", "gradientTolerance", options.gradientTolerance ?? 1e-6, {
    min: 0,
  });
  const changeTolerance = checkNumber("lbfgs", "changeTolerance", options.changeTolerance ?? 1e-9, {
    min: 0,
  });
  const maxEvaluations = checkInteger("lbfgs", "maxEvaluations", options.maxEvaluations ?? 25, { min: 1 });
  return {
    async minimize(f) {
      const variables = options.variables ? [...options.variables] : trainable();
      if (variables.length === 0) {
        throw new ArgumentError("lbfgs: variables is empty; at least one was expected", {
          argument: "variables",
          value: variables,
        });
      }
      let evaluations = 0;
      const evaluate = async (at: Float64Array): Promise<Evaluation> => {
        checkAborted(options.signal);
        evaluations++;
        put(variables, at);
        return await lossAndGradient(f, variables);
      };
      let point = await pointOf(variables);
      let current = await evaluate(point);
      if (!Number.isFinite(current.value)) {
        throw new NumericalError(
          `lbfgs: the loss is ${current.value} at the start; a finite value was expected`,
          {
            iteration: 0,
            residual: current.value,
          },
        );
      }
      const memory = new Memory(history);
      let reason: LbfgsResult["reason"] = "iterations";
      let iteration = 0;
      try {
        while (iteration < maxIterations) {
          if (largest(current.gradient) <= gradientTolerance) {
            reason = "gradient";
            break;
          }
          const direction = memory.direction(current.gradient);
          if (dot(current.gradient, direction) > -changeTolerance) {
            reason = "change";
            break;
          }
          const total = current.gradient.reduce((sum, value) => sum + Math.abs(value), 0);
          const firstStep = iteration === 0 ? Math.min(1, 1 / total) : 1;
          const from = point;
          const search = await wolfeSearch(
            (step) => evaluate(moved(from, direction, step)),
            current,
            direction,
            firstStep,
            { maxEvaluations, changeTolerance },
          );
          iteration++;
          point = moved(from, direction, search.step);
          memory.add(current.gradient, search.gradient, direction, search.step);
          const change = Math.abs(search.value - current.value);
          current = search;
          options.onIteration?.({ iteration, loss: current.value, gradient: largest(current.gradient) });
          put(variables, point);
          if (largest(direction) * search.step <= changeTolerance || change < changeTolerance) {
            reason = largest(current.gradient) <= gradientTolerance ? "gradient" : "change";
            break;
          }
        }
      } finally {
        put(variables, point);
      }
      return {
        loss: current.value,
        gradient: largest(current.gradient),
        iterations: iteration,
        evaluations,
        reason,
      };
    },
  };
}

/** Steps and changes of the gradient, from which the inverse Hessian is approximated. */
class Memory {
  private readonly pairs: { step: Float64Array; change: Float64Array; rho: number }[] = [];
  private scale = 1;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  add(before: Float64Array, after: Float64Array, direction: Float64Array, length: number): void {
    const change = after.map((value, i) => value - before[i]!);
    const step = direction.map((value) => value * length);
    const curvature = dot(change, step);
    if (!(curvature > 1e-10)) return; // keeps the approximation positive definite
    if (this.pairs.length === this.limit) this.pairs.shift();
    this.pairs.push({ step, change, rho: 1 / curvature });
    this.scale = curvature / dot(change, change);
  }

  direction(gradient: Float64Array): Float64Array {
    const q = gradient.map((value) => -value);
    const shares: number[] = [];
    for (const { step, change, rho } of [...this.pairs].reverse()) {
      const share = dot(step, q) * rho;
      shares.push(share);
      for (let i = 0; i < q.length; i++) q[i]! -= share * change[i]!;
    }
    for (let i = 0; i < q.length; i++) q[i]! *= this.scale;
    for (const { step, change, rho } of this.pairs) {
      const factor = shares.pop()! - dot(change, q) * rho;
      for (let i = 0; i < q.length; i++) q[i]! += factor * step[i]!;
    }
    return q;
  }
}

function trainable(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables).filter((variable) => variable.trainable);
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function moved(from: Float64Array, direction: Float64Array, step: number): Float64Array {
  return from.map((value, i) => value + step * direction[i]!);
}

async function pointOf(variables: readonly tf.Variable[]): Promise<Float64Array> {
  return concatenated(await Promise.all(variables.map((variable) => variable.data())));
}

function put(variables: readonly tf.Variable[], point: Float64Array): void {
  let at = 0;
  for (const variable of variables) {
    const values = Float32Array.from(point.subarray(at, at + variable.size));
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
    at += variable.size;
  }
}

async function lossAndGradient(f: () => tf.Tensor, variables: readonly tf.Variable[]): Promise<Evaluation> {
  const { value, grads } = tf.variableGrads(f as () => tf.Scalar, [...variables]);
  const parts = variables.map(({ name, shape }) => grads[name] ?? tf.zeros(shape));
  try {
    const [loss, ...slopes] = await Promise.all([value, ...parts].map((tensor) => tensor.data()));
    return { value: loss![0]!, gradient: concatenated(slopes) };
  } finally {
    tf.dispose([value, ...parts]);
  }
}

function concatenated(parts: readonly ArrayLike<number>[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
