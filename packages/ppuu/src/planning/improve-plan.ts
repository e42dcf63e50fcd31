import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { oneHot } from "../gradient/one-hot.js";
import { minimizeHost } from "./limited-memory-bfgs.js";

/** What a plan is improved by. */
export interface PlanProblem {
  /** Costs `[batch * candidates]` of plans `[batch * candidates, plan, 2]`. */
  cost(plans: tf.Tensor3D): tf.Tensor1D;
  batch: number;
  candidates: number;
  plan: number;
  iterations: number;
  stepSize: number;
  /** Whether the cross-entropy method first moves its population down the gradient. */
  gradient: boolean;
  /** Frees what the costs are computed from. */
  dispose?(): void;
}

/** Cost of a plan that cannot be computed. */
const WORST = 1e8;
const ELITES = 10;
const FIRST_STD = 4;

/** Improves plans and returns the best of each row, `[batch, plan, 2]`. */
export async function improve(
  method: "gradient" | "cem" | "grid" | "lbfgs",
  problem: PlanProblem,
  first: tf.Tensor3D,
  generator: Generator,
): Promise<tf.Tensor3D> {
  switch (method) {
    case "gradient":
      return byGradient(problem, first);
    case "cem":
      return byCrossEntropy(problem, first, generator);
    case "grid":
      return tf.tidy(() => bestOf(problem, first, finite(problem.cost(first))));
    case "lbfgs":
      return byCurvature(problem, first);
  }
}

const finite = (costs: tf.Tensor1D): tf.Tensor1D =>
  tf.where(tf.isFinite(costs), costs, tf.fill(costs.shape, WORST)) as tf.Tensor1D;

/** The cheapest candidate of each row. */
function bestOf(
  { batch, candidates, plan }: PlanProblem,
  plans: tf.Tensor3D,
  costs: tf.Tensor1D,
): tf.Tensor3D {
  const hot = oneHot(tf.argMin(tf.reshape(costs, [batch, candidates]), 1), candidates);
  const flat = tf.reshape(plans, [batch, candidates, plan * 2]) as tf.Tensor3D;
  const picked = tf.matMul(tf.reshape(hot, [batch, 1, candidates]) as tf.Tensor3D, flat);
  return tf.reshape(picked, [batch, plan, 2]);
}

/** Costs and their gradient by the plans; rows that are not finite get neither. */
function slope(problem: PlanProblem, plans: tf.Tensor3D): { costs: tf.Tensor1D; gradient: tf.Tensor3D } {
  let kept: tf.Tensor1D | undefined;
  const gradient = tf.grad((given) => {
    const costs = problem.cost(given as tf.Tensor3D);
    kept = tf.keep(tf.clone(costs));
    return tf.sum(costs);
  })(plans) as tf.Tensor3D;
  const costs = finite(kept!);
  kept!.dispose();
  const isUsable = tf.isFinite(gradient);
  return { costs, gradient: tf.where(isUsable, gradient, tf.zerosLike(gradient)) as tf.Tensor3D };
}

/** A gradient whose largest entry in each row is at most 1. */
const scaled = (gradient: tf.Tensor3D): tf.Tensor3D =>
  tf.div(gradient, tf.maximum(tf.max(tf.abs(gradient), [1, 2], true), 1));

/** Adam on the gradient whose largest entry is scaled to at most 1; the best plan met is kept. */
function byGradient(problem: PlanProblem, first: tf.Tensor3D): tf.Tensor3D {
  const { iterations, stepSize } = problem;
  let [plans, mean, square] = [tf.clone(first), tf.zerosLike(first), tf.zerosLike(first)];
  let best = tf.clone(first);
  let bestCosts: tf.Tensor1D | undefined;
  for (let t = 1; t <= iterations + 1; t++) {
    const next = tf.tidy(() => {
      const { costs, gradient } =
        t <= iterations
          ? slope(problem, plans)
          : { costs: finite(problem.cost(plans)), gradient: tf.zerosLike(plans) };
      const isBetter = bestCosts ? tf.less(costs, bestCosts) : tf.less(costs, Number.POSITIVE_INFINITY);
      const mask = tf.cast(tf.reshape(isBetter, [-1, 1, 1]), "float32");
      const keptCosts = bestCosts ? tf.minimum(costs, bestCosts) : costs;
      const kept = tf.add(tf.mul(plans, mask), tf.mul(best, tf.sub(1, mask)));
      const down = scaled(gradient);
      const m = tf.add(tf.mul(mean, 0.9), tf.mul(down, 0.1));
      const s = tf.add(tf.mul(square, 0.999), tf.mul(tf.square(down), 0.001));
      const direction = tf.div(tf.div(m, 1 - 0.9 ** t), tf.add(tf.sqrt(tf.div(s, 1 - 0.999 ** t)), 1e-8));
      return [tf.sub(plans, tf.mul(direction, stepSize)), m, s, kept, keptCosts] as tf.Tensor[];
    });
    tf.dispose([plans, mean, square, best]);
    bestCosts?.dispose();
    [plans, mean, square, best] = next.slice(0, 4) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    bestCosts = next[4] as tf.Tensor1D;
  }
  const chosen = tf.tidy(() => bestOf(problem, best, bestCosts!));
  tf.dispose([plans, mean, square, best, bestCosts!]);
  return chosen;
}

/** Cross-entropy method: a normal distribution refitted to the ten best, who stay in the population. */
async function byCrossEntropy(
  problem: PlanProblem,
  first: tf.Tensor3D,
  generator: Generator,
): Promise<tf.Tensor3D> {
  const { batch, candidates, plan, iterations } = problem;
  const size = 2 * plan;
  const numElites = Math.min(ELITES, candidates);
  let population = Float32Array.from(await first.data());
  const mean = new Float64Array(batch * size);
  const std = new Float64Array(batch * size).fill(FIRST_STD);
  let costs: Float32Array;
  [population, costs] = await settled(problem, population);
  const order = (row: number) =>
    Array.from({ length: candidates }, (_, k) => k).sort(
      (a, b) => costs[row * candidates + a]! - costs[row * candidates + b]!,
    );
  for (let t = 0; t < iterations; t++) {
    const draws = generator.split(t).normal64(batch * candidates * size);
    const next = new Float32Array(population.length);
    for (let row = 0; row < batch; row++) {
      const elites = order(row).slice(0, numElites);
      const at = (k: number, i: number) => (row * candidates + k) * size + i;
      for (let i = 0; i < size; i++) {
        const values = elites.map((k) => population[at(k, i)]!);
        if (t > 0) {
          const centre = values.reduce((sum, value) => sum + value, 0) / numElites;
          mean[row * size + i] = centre;
          std[row * size + i] = Math.sqrt(
            values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / numElites,
          );
        }
        for (let k = 0; k < candidates; k++) {
          next[at(k, i)] =
            k < numElites ? values[k]! : mean[row * size + i]! + std[row * size + i]! * draws[at(k, i)]!;
        }
      }
    }
    [population, costs] = await settled(problem, next);
  }
  const best = new Float32Array(batch * size);
  for (let row = 0; row < batch; row++) {
    const start = (row * candidates + order(row)[0]!) * size;
    best.set(population.subarray(start, start + size), row * size);
  }
  return tf.tensor3d(best, [batch, plan, 2]);
}

/** A population and its costs, after a step down the gradient where the problem asks for it. */
async function settled(
  problem: PlanProblem,
  population: Float32Array<ArrayBuffer>,
): Promise<[Float32Array<ArrayBuffer>, Float32Array]> {
  if (!problem.gradient) return [population, await costsHost(problem, population)];
  const moved = tf.tidy(() => {
    const plans = tf.tensor3d(population, [population.length / (2 * problem.plan), problem.plan, 2]);
    return tf.sub(plans, tf.mul(scaled(slope(problem, plans).gradient), problem.stepSize));
  });
  const values = Float32Array.from(await moved.data());
  moved.dispose();
  return [values, await costsHost(problem, values)];
}

async function costsHost(problem: PlanProblem, plans: Float32Array): Promise<Float32Array> {
  const costs = tf.tidy(() =>
    finite(problem.cost(tf.tensor3d(plans, [plans.length / (2 * problem.plan), problem.plan, 2]))),
  );
  const values = (await costs.data()) as Float32Array;
  costs.dispose();
  return values;
}

/** Limited-memory BFGS on the sum of all costs, which do not depend on each other. */
async function byCurvature(problem: PlanProblem, first: tf.Tensor3D): Promise<tf.Tensor3D> {
  const shape = first.shape;
  const start = Float64Array.from(await first.data());
  const found = await minimizeHost(
    async (x) => {
      const [costs, gradient] = tf.tidy(() => {
        const at = slope(problem, tf.tensor3d(Float32Array.from(x), shape));
        return [tf.sum(at.costs), at.gradient];
      });
      const value = (await costs!.data())[0]!;
      const slopes = Float64Array.from(await gradient!.data());
      tf.dispose([costs!, gradient!]);
      return { value, gradient: slopes };
    },
    start,
    problem.iterations,
  );
  return tf.tidy(() => {
    const plans = tf.tensor3d(Float32Array.from(found), shape);
    return bestOf(problem, plans, finite(problem.cost(plans)));
  });
}
