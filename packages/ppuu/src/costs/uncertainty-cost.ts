import { ArgumentError, checkInteger, checkNumber } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { frameOf } from "../gradient/frame-of.js";
import type { Scene } from "../scene/scene.js";
import type { CnnWorldModel } from "../world/cnn-world-model.js";
import type { TrainingWindow } from "../world/world-model.js";
import type { CostInput, CostModel, CostValue } from "./cost-model.js";
import { imageCosts } from "./image-costs.js";

/** Mean and standard deviation of a variance over training data, step by step. */
export interface StepStats {
  /** Means, one a step. */
  mean: number[];
  /** Standard deviations, one a step. */
  std: number[];
}

/** What is usual on recorded actions. */
export interface UncertaintyStats {
  /** Variance of the images over passes, averaged over cells. */
  image: StepStats;
  /** Variance of the cost over passes. */
  cost: StepStats;
}

/** Options of {@link uncertaintyCost}. */
export interface UncertaintyCostOptions {
  /** Passes through the model with dropped units. @defaultValue 10 */
  passes?: number;
  /** Standard deviations above the mean that cost nothing. @defaultValue 0.5 */
  hinge?: number;
  /** The cost of a predicted image whose variance counts too. @defaultValue `imageCosts()` */
  costs?: CostModel;
}

/** A cost for futures in which the model does not know. */
export interface UncertaintyCost extends CostModel {
  /** Statistics, `null` before `calibrate`. */
  readonly stats: UncertaintyStats | null;
  /**
   * Estimates the statistics on recorded actions.
   *
   * @param batches - Windows of a log; the source takes 100 batches.
   * @returns The statistics, which the cost uses from now on.
   * @throws {@link ArgumentError} when there is no batch.
   */
  calibrate(batches: AsyncIterable<TrainingWindow> | Iterable<TrainingWindow>): Promise<UncertaintyStats>;
}

/**
 * Unbiased variance over passes, averaged over all but the batch.
 *
 * @param passes - One tensor a pass, at least two, whose first axis is the batch.
 * @returns Shape `[batch]`; the caller disposes it.
 */
export function variance(passes: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.tidy(() => {
    // From the first pass on: the variance of passes that agree is 0 without rounding.
    const all = tf.stack(passes.map((pass) => tf.sub(pass, passes[0]!))); // [passes, batch, ...]
    const squares = tf.squaredDifference(all, tf.mean(all, 0, true));
    const each = tf.div(tf.sum(squares, 0), passes.length - 1);
    return tf.mean(tf.reshape(each, [each.shape[0]!, -1]), 1) as tf.Tensor1D;
  });
}

/**
 * Penalty for states in which passes with dropped units disagree, given the same latent variables.
 *
 * $u = [(q^{img} - \mu_t)/\sigma_t - \tfrac12]_+ + [(q^{cost} - \mu_t)/\sigma_t - \tfrac12]_+$ with the variances $q$ over
 * passes and their usual values $t$ steps ahead; the mean over time is that of the other costs.
 *
 * @param world - A world model on images; from now on its futures carry the passes.
 * @param options - See {@link UncertaintyCostOptions}.
 * @returns A cost, to be added to others with {@link combine}; call `calibrate` first.
 * @throws {@link ArgumentError} from the cost before `calibrate`, and for scenes that are not the world's.
 * @remarks The variance and not its root, whose gradient at 0 does not exist. A future costs `passes` times as much.
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning with uncertainty regularization, section 3.
 */
export function uncertaintyCost(world: CnnWorldModel, options: UncertaintyCostOptions = {}): UncertaintyCost {
  const hinge = checkNumber("uncertaintyCost", "hinge", options.hinge ?? 0.5, { min: 0 });
  const passes = checkInteger("uncertaintyCost", "passes", options.passes ?? 10, { min: 2 });
  const costs = options.costs ?? imageCosts();
  world.passes = passes;
  let stats: UncertaintyStats | null = null;

  /** Variances of a moment, `[batch]` each. */
  const variancesOf = (input: CostInput) => {
    const images = input.scene.passes;
    if (!images || images.length < 2) {
      throw new ArgumentError(
        "uncertaintyCost: scene has no passes; a scene of the world that the cost was made for was expected",
        { argument: "scene", value: undefined },
      );
    }
    const { passes: _, ...plain } = input.scene;
    const each = images.map((image) => costs({ ...input, scene: { ...plain, image } }).total);
    return { image: variance(images), cost: variance(each) };
  };
  const excess = (found: tf.Tensor1D, usual: StepStats, scene: Scene): tf.Tensor1D => {
    const last = usual.mean.length - 1;
    const at = (values: number[], least: number) =>
      tf.tensor1d(scene.steps!.map((step) => Math.max(least, values[Math.min(step - 1, last)]!)));
    // A model that never disagrees has no spread; then any disagreement counts in units of a millionth.
    const units = tf.div(tf.sub(found, at(usual.mean, 0)), at(usual.std, 1e-6));
    return tf.relu(tf.sub(units, hinge)) as tf.Tensor1D;
  };
  const cost = (input: CostInput): CostValue => {
    const known = stats;
    if (!known) {
      throw new ArgumentError("uncertaintyCost: stats is null; calibrate() was expected before use", {
        argument: "stats",
        value: null,
      });
    }
    return tf.tidy(() => {
      const found = variancesOf(input);
      const parts = {
        uncertainImage: excess(found.image, known.image, input.scene),
        uncertainCost: excess(found.cost, known.cost, input.scene),
      };
      return { total: tf.add(parts.uncertainImage, parts.uncertainCost) as tf.Tensor1D, parts };
    });
  };
  /** Variances along a window with its recorded actions, `[2 * steps, batch]`: images, costs, images … */
  const along = (window: TrainingWindow, seed: number): tf.Tensor2D =>
    tf.tidy(() => {
      const { history, ego, actions } = window;
      const steps = ego.shape[1];
      const rows: tf.Tensor1D[] = [];
      let state = world.reset(history, { seed });
      for (let t = 0; t < steps; t++) {
        const next = frameOf<tf.Tensor2D>(ego, t);
        const action = frameOf<tf.Tensor2D>(actions, t);
        state = world.step(state, world.predictsEgo ? world.ego!(state) : next, action);
        const found = variancesOf({ scene: world.scene(state), ego: next, action, car: history.car });
        rows.push(found.image, found.cost);
      }
      return tf.stack(rows) as tf.Tensor2D;
    });

  return Object.defineProperty(
    Object.assign(cost, {
      async calibrate(batches: AsyncIterable<TrainingWindow> | Iterable<TrainingWindow>) {
        const seen: { image: number[][]; cost: number[][] } = { image: [], cost: [] };
        let count = 0;
        for await (const window of batches) {
          const found = along(window, count++);
          const rows = await found.array();
          found.dispose();
          for (const [i, row] of rows.entries()) {
            const into = i % 2 === 0 ? seen.image : seen.cost;
            into[i >> 1] = [...(into[i >> 1] ?? []), ...row];
          }
        }
        if (count === 0) {
          throw new ArgumentError("uncertaintyCost: batches is empty; at least one batch was expected", {
            argument: "batches",
            value: 0,
          });
        }
        stats = { image: statsOf(seen.image), cost: statsOf(seen.cost) };
        return stats;
      },
    }),
    "stats",
    { get: () => stats, enumerable: true },
  ) as UncertaintyCost;
}

/** Mean and standard deviation, step by step. */
function statsOf(seen: readonly (readonly number[])[]): StepStats {
  const mean = seen.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  const std = seen.map((values, step) => {
    const squares = values.reduce((sum, value) => sum + (value - mean[step]!) ** 2, 0);
    return Math.sqrt(squares / Math.max(1, values.length - 1));
  });
  return { mean, std };
}
