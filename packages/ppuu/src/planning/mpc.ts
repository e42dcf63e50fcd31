import { ArgumentError, checkBoolean, checkChoice, checkInteger, checkNumber } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { CostModel } from "../costs/cost-model.js";
import type { EgoModel } from "../ego/ego-model.js";
import { actionLimits } from "../ego/limits.js";
import { oneHot } from "../gradient/one-hot.js";
import { unstack } from "../gradient/unstack.js";
import { withoutGradient } from "../gradient/without-gradient.js";
import { costsOf, imagine } from "../policy/imagine.js";
import type { Policy } from "../policy/policy.js";
import { checkPair } from "../policy/train-policy.js";
import type { History, Observation } from "../scene/scene.js";
import type { WorldModel } from "../world/world-model.js";
import { improve, type PlanProblem } from "./improve-plan.js";

/** Options of {@link mpc}. */
export interface MpcOptions {
  /** The world that is imagined. */
  world: WorldModel;
  /** The ego model; must be left out where the world predicts the ego. */
  ego?: EgoModel;
  /** What is to be small. */
  costs: CostModel;
  /** Imagined steps. @defaultValue 30 */
  horizon?: number;
  /** Actions of a plan, each held for `horizon / plan` steps. @defaultValue the horizon */
  plan?: number;
  /** Plans that are improved side by side. @defaultValue 4; 30 for `cem` */
  candidates?: number;
  /** How plans are improved. @defaultValue `"gradient"` */
  method?: "gradient" | "cem" | "grid" | "lbfgs";
  /** Improvements. @defaultValue 10 */
  iterations?: number;
  /** Futures of a stochastic world that are averaged. @defaultValue 1 */
  latents?: number;
  /** Whether the worst or the mean future counts. @defaultValue `"mean"` */
  aggregate?: "max" | "mean";
  /** Steps that a plan is followed before the next is made. @defaultValue 1 */
  replan?: number;
  /** Whether the last plan, moved on, is a candidate. @defaultValue true */
  warmStart?: boolean;
  /** Weight of a cost for each step it is later. @defaultValue 0.99 */
  gamma?: number;
  /** Weight of the change of action from step to step. @defaultValue 0 */
  jerk?: number;
  /** Step of the gradient method in standard deviations of an action. @defaultValue 0.1 */
  stepSize?: number;
  /**
   * Whether `cem` moves all candidates one step down the gradient before it chooses among them.
   * @defaultValue false
   */
  gradient?: boolean;
  /** Standard deviations of acceleration and turn, which are the units of plans. @defaultValue `[2, 0.01]` */
  scale?: readonly [number, number];
  /** Seed of the candidates. */
  seed: number;
}

/** A policy that plans. */
export interface Planner extends Policy {
  (observation: Observation): Promise<tf.Tensor2D>;
  /** Forgets the plans; new episodes begin. */
  reset(): void;
  /** The plan last made: actions `[rows][steps][2]`, `null` before the first. */
  readonly lastPlan: number[][][] | null;
}

/** Largest plan in standard deviations. */
const LARGEST = 3;

/**
 * Model-predictive control: plans by imagining and needs no training.
 *
 * Plans are sequences of actions in standard deviations. `gradient` improves several by Adam on the gradient of the cost
 * through the world (and the ego's kinematics), its largest entry scaled to at most 1; `cem` refits a normal distribution
 * to the best; `grid` tries constant actions; `lbfgs` follows curvature. The best plan's first actions are executed.
 *
 * @param options - See {@link MpcOptions}.
 * @returns A policy that keeps its plan between calls; `reset` it when episodes begin.
 * @throws {@link ArgumentError} when options contradict each other.
 * @remarks Memory does not grow with the iterations. A plan whose cost is not finite counts as worst.
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning with uncertainty regularization.
 */
export function mpc(options: MpcOptions): Planner {
  const { world, ego, costs } = options;
  checkPair("mpc", world, ego);
  const horizon = checkInteger("mpc", "horizon", options.horizon ?? 30, { min: 1 });
  const plan = checkInteger("mpc", "plan", options.plan ?? horizon, { min: 1 });
  if (horizon % plan !== 0) {
    throw new ArgumentError(`mpc: plan ${plan} does not divide horizon ${horizon}; a divisor was expected`, {
      argument: "plan",
      value: plan,
    });
  }
  const method = checkChoice("mpc", "method", options.method ?? "gradient", [
    "gradient",
    "cem",
    "grid",
    "lbfgs",
  ] as const);
  const isGrid = method === "grid";
  const candidates = isGrid
    ? 25 * 25
    : checkInteger("mpc", "candidates", options.candidates ?? (method === "cem" ? 30 : 4), { min: 1 });
  const iterations = checkInteger("mpc", "iterations", options.iterations ?? 10, { min: 0 });
  const latents = checkInteger("mpc", "latents", options.latents ?? 1, { min: 1 });
  const aggregate = checkChoice("mpc", "aggregate", options.aggregate ?? "mean", ["max", "mean"] as const);
  const replan = checkInteger("mpc", "replan", options.replan ?? 1, { min: 1, max: horizon });
  const warmStart = checkBoolean("mpc", "warmStart", options.warmStart ?? true);
  const gamma = checkNumber("mpc", "gamma", options.gamma ?? 0.99, { above: 0, max: 1 });
  const jerk = checkNumber("mpc", "jerk", options.jerk ?? 0, { min: 0 });
  const stepSize = checkNumber("mpc", "stepSize", options.stepSize ?? 0.1, { above: 0 });
  const gradient = checkBoolean("mpc", "gradient", options.gradient ?? false);
  if (gradient && method !== "cem") {
    throw new ArgumentError(`mpc: gradient is true and method is "${method}"; method "cem" was expected`, {
      argument: "gradient",
      value: gradient,
    });
  }
  const scale = options.scale ?? [2, 0.01];
  const generator = new Generator(options.seed).split("mpc");
  const limits = ego?.limits ?? actionLimits();
  const hold = horizon / plan;

  let plans: tf.Tensor3D | undefined; // [batch, plan, 2], in standard deviations
  let lastPlan: number[][][] | null = null;
  let age = 0;
  let made = 0;

  /** Costs [batch * candidates] of plans [batch * candidates, plan, 2]. */
  const problemOf = (history: History, previous: tf.Tensor2D | undefined): PlanProblem => {
    const batch = history.ego.shape[0];
    const many = repeatHistory(history, candidates);
    const before = tf.tidy(() =>
      tf.div(repeat(previous ?? tf.zeros<tf.Rank.R2>([batch, 2]), candidates), tf.tensor1d([...scale])),
    );
    const cost = (given: tf.Tensor3D): tf.Tensor1D =>
      tf.tidy(() => {
        const held = (plans: tf.Tensor) =>
          (unstack(plans, 1) as tf.Tensor2D[]).flatMap((action) =>
            Array.from({ length: hold }, () => action),
          );
        const steps = held(given);
        const real = tf.mul(given, tf.tensor1d([...scale]));
        const [low, high] = [tf.tensor1d([...limits.min]), tf.tensor1d([...limits.max])];
        const executed = held(tf.minimum(tf.maximum(real, low), high));
        const rows = batch * candidates;
        const futures = Array.from({ length: latents }, (_, seed) => {
          const act = (_ego: tf.Tensor2D, _scene: unknown, t: number) => executed[t]!;
          const imagined = imagine({ world, ego, history: many, horizon, gradient: "ego", seed, act });
          const { total } = costsOf(imagined, costs, many.car);
          const weights = Array.from({ length: horizon }, (_v, t) => gamma ** t / horizon);
          return tf.sum(tf.mul(tf.reshape(total, [horizon, rows]), tf.tensor2d(weights, [horizon, 1])), 0);
        });
        const all = tf.stack(futures);
        const future = aggregate === "max" ? tf.max(all, 0) : tf.mean(all, 0);
        const beyond = tf.mean(tf.square(tf.relu(tf.sub(tf.abs(given), LARGEST))), [1, 2]);
        let total = tf.add(future, beyond);
        if (jerk > 0) {
          const changes = steps.map((action, t) =>
            tf.mul(tf.sum(tf.square(tf.sub(action, t === 0 ? before : steps[t - 1]!)), 1), gamma ** t),
          );
          total = tf.add(total, tf.mul(tf.addN(changes), jerk));
        }
        return total as tf.Tensor1D;
      });
    const dispose = () => tf.dispose([many.ego, many.cars, many.mask, many.car, before]);
    return { cost, batch, candidates, plan, iterations, stepSize, gradient, dispose };
  };

  const start = (batch: number): tf.Tensor3D =>
    tf.tidy(() => {
      if (isGrid) {
        const axis = Array.from({ length: 25 }, (_, i) => LARGEST * (i / 12 - 1));
        const pairs = axis.flatMap((a) => axis.map((b) => [a, b]));
        const constant = tf.tile(tf.reshape(tf.tensor2d(pairs), [1, 625, 1, 2]), [batch, 1, plan, 1]);
        return tf.reshape(constant, [batch * candidates, plan, 2]);
      }
      const draws = generator.split(made);
      // Candidate 0 does nothing, the others hold one random action; the last plan takes the last place.
      const held = tf.tile(draws.normal([batch, candidates, 1, 2]) as tf.Tensor4D, [1, 1, plan, 1]);
      const isZero = tf.reshape(oneHot(tf.tensor1d([0], "int32"), candidates), [1, candidates, 1, 1]);
      let first: tf.Tensor = tf.mul(held, tf.sub(1, isZero));
      if (warmStart && plans && candidates > 1) {
        const moved = tf.expandDims(shifted(plans, age / hold), 1);
        first = tf.concat([tf.slice(first, [0, 0, 0, 0], [batch, candidates - 1, plan, 2]), moved], 1);
      }
      return tf.reshape(first, [batch * candidates, plan, 2]) as tf.Tensor3D;
    });

  const act = async (observation: Observation): Promise<tf.Tensor2D> => {
    const { history } = observation;
    if (!history) {
      throw new ArgumentError("mpc: observation has no history; one with a history was expected", {
        argument: "observation",
        value: undefined,
      });
    }
    const batch = observation.ego.shape[0];
    if (plans && plans.shape[0] !== batch) reset();
    if (!plans || age >= replan) {
      const first = start(batch);
      const problem = problemOf(history, observation.previousAction);
      const best = await improve(method, problem, first, generator.split("cem").split(made));
      first.dispose();
      problem.dispose?.();
      plans?.dispose();
      plans = tf.keep(best);
      made++;
      age = 0;
      const data = await plans.array();
      lastPlan = data.map((row) =>
        row.flatMap((action) =>
          Array.from({ length: hold }, () => [action[0]! * scale[0], action[1]! * scale[1]]),
        ),
      );
    }
    const at = Math.floor(age / hold);
    age++;
    const current = plans;
    return tf.tidy(() => {
      const action = tf.reshape(tf.slice(current, [0, at, 0], [batch, 1, 2]), [batch, 2]);
      return tf.mul(action, tf.tensor1d([...scale])) as tf.Tensor2D;
    });
  };
  const reset = () => {
    plans?.dispose();
    plans = undefined;
    lastPlan = null;
    age = 0;
    made = 0;
  };
  const { describe } = world;
  const { spec: costSpec } = costs;
  const planner = Object.assign(act, {
    reset,
    ...(describe &&
      costSpec && {
        describe: async () => ({
          kind: "mpc" as const,
          world: await describe(),
          ego: ego?.spec ?? null,
          costs: costSpec,
          options: {
            horizon,
            plan,
            candidates,
            method,
            iterations,
            latents,
            aggregate,
            replan,
            warmStart,
            gamma,
            jerk,
            stepSize,
            gradient,
            scale: [scale[0], scale[1]] as const,
            seed: options.seed,
          },
        }),
      }),
  }) as Planner;
  Object.defineProperty(planner, "lastPlan", { get: () => lastPlan });
  return planner;
}

/** Rows repeated in place: `[b, ...]` to `[b * n, ...]`. */
function repeat<T extends tf.Tensor>(x: T, n: number): T {
  return withoutGradient(() => {
    const [batch, ...rest] = x.shape as [number, ...number[]];
    const tiled = tf.tile(tf.expandDims(x, 1), [1, n, ...rest.map(() => 1)]);
    return tf.reshape(tiled, [batch * n, ...rest]);
  }) as T;
}

function repeatHistory(history: History, n: number): History {
  return {
    ...history,
    ego: repeat(history.ego, n),
    cars: repeat(history.cars, n),
    mask: repeat(history.mask, n),
    car: repeat(history.car, n),
    ...(history.places && {
      places: history.places.flatMap((place) => Array.from({ length: n }, () => place)),
    }),
  };
}

/** A plan moved on by whole actions; the last one is held. */
function shifted(plans: tf.Tensor3D, by: number): tf.Tensor3D {
  const [batch, plan] = plans.shape;
  const whole = Math.min(plan - 1, Math.floor(by));
  if (whole === 0) return plans;
  const rest = tf.slice(plans, [0, whole, 0], [batch, plan - whole, 2]);
  const last = tf.tile(tf.slice(plans, [0, plan - 1, 0], [batch, 1, 2]), [1, whole, 1]);
  return tf.concat([rest, last], 1);
}
