import { ArgumentError, checkChoice, checkInteger, checkNumber, NumericalError } from "@lab/core";
import { type ParameterSet, parameters } from "@lab/core/nn";
import type { Event } from "@lab/core/train";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { GaussianPrior } from "../gaussian/index.js";
import { checkSameLayout, layoutOf, layoutSize, type ParameterLayout, splitFlat } from "../layout/index.js";
import { RunningMoments } from "./running-moments.js";

/** Options of {@link SwagCollector}. */
export interface SwagCollectorOptions {
  /** Deviations kept, the last ones; 0 collects a diagonal posterior. @defaultValue 20 */
  rank?: number;
  /** Updates before the first collection can happen. @defaultValue 0 */
  start?: number;
  /** Updates between collections, at least 1. */
  every: number;
  /** Which parameters, by name. @defaultValue all trainable ones */
  select?: (name: string) => boolean;
  /** Smallest variance. @defaultValue 1e-30 */
  varianceFloor?: number;
  /**
   * From which mean deviations are taken: the running one at the time (SWAG's definition) or the final one.
   * @defaultValue `"running"`
   */
  deviationMean?: "running" | "final";
}

/** A collector at rest: plain numbers, for saving. */
export interface SwagState {
  /** Version of this form. */
  format: 1;
  /** Weights collected so far. */
  count: number;
  /** Updates seen by the callback. */
  steps: number;
  /** Names and shapes in the order of the vectors. */
  layout: ParameterLayout;
  /** Running mean, `[P]`. */
  mean: Float32Array;
  /** Running sum of squared deviations, `[P]`. */
  squares: Float32Array;
  /** Deviations (or weights, for deviations from the final mean), oldest first, `[P]` each. */
  deviations: Float32Array[];
}

const DEFAULT_RANK = 20;
const DEFAULT_FLOOR = 1e-30;

function parametersOf(
  source: LayersModel | readonly tf.Variable[],
  select: (name: string) => boolean,
): ParameterSet {
  const all: ParameterSet = Array.isArray(source)
    ? new Map((source as tf.Variable[]).map((variable) => [variable.name, variable as tf.Tensor]))
    : parameters(source as LayersModel);
  const chosen = new Map([...all].filter(([name]) => select(name)));
  if (chosen.size === 0) {
    throw new ArgumentError(
      `SwagCollector: select takes none of ${[...all.keys()].join(", ")}; at least one parameter was expected`,
      { argument: "select", value: select },
    );
  }
  return chosen;
}

/**
 * Collects weights along a training run and makes a Gaussian of them (SWAG), streaming: running mean and squared
 * deviations, and the last `rank` deviations.
 *
 * $d = \max(\overline{w^2} - \bar w^2, \text{floor})$ by Welford's update, which does not cancel; $U$ holds
 * $\delta_i / \sqrt{2(K-1)}$ with $\delta_i = w_i - \bar w_i$.
 *
 * @see Maddox, Garipov, Izmailov, Vetrov, Wilson (2019), A simple baseline for Bayesian uncertainty in deep learning,
 *   algorithm 1.
 */
export class SwagCollector {
  /** What is collected. */
  readonly layout: ParameterLayout;
  /** For `fit({ on })`: collects after every `every`-th update beyond `start`, and refuses weights that are not finite. */
  readonly callback: (event: Event) => Promise<void>;
  private readonly parameters: ParameterSet;
  private readonly moments: RunningMoments;
  private readonly floor: number;
  private readonly deviationMean: "running" | "final";
  private steps = 0;
  private pending: { step: number; flags: tf.Tensor1D }[] = [];

  /**
   * @param source - A model or its variables; they are read when `collect` is called.
   * @param options - See {@link SwagCollectorOptions}.
   * @throws {@link ArgumentError} when an option is out of range.
   */
  constructor(source: LayersModel | readonly tf.Variable[], options: SwagCollectorOptions) {
    if (typeof options !== "object" || options === null) {
      throw new ArgumentError(
        `SwagCollector: options is ${options}; an object with at least every was expected`,
        { argument: "options", value: options },
      );
    }
    const rank = checkInteger("SwagCollector", "rank", options.rank ?? DEFAULT_RANK, { min: 0 });
    if (rank === 1) {
      throw new ArgumentError("SwagCollector: rank is 1; 0 or at least 2 was expected", {
        argument: "rank",
        value: 1,
      });
    }
    const every = checkInteger("SwagCollector", "every", options.every, { min: 1 });
    const start = checkInteger("SwagCollector", "start", options.start ?? 0, { min: 0 });
    this.floor = checkNumber("SwagCollector", "varianceFloor", options.varianceFloor ?? DEFAULT_FLOOR, {
      min: 0,
    });
    this.deviationMean = checkChoice("SwagCollector", "deviationMean", options.deviationMean ?? "running", [
      "running",
      "final",
    ] as const);
    this.parameters = parametersOf(source, options.select ?? (() => true));
    this.layout = layoutOf(this.parameters);
    this.moments = new RunningMoments(rank, this.deviationMean === "running");
    this.callback = async (event) => {
      if (event.type !== "step") return;
      this.steps = event.step;
      if (event.step <= start || (event.step - start) % every !== 0) return;
      this.collect();
      await this.check();
    };
  }

  /** Weights collected so far. */
  get count(): number {
    return this.moments.count;
  }

  /** Takes the weights as they are now. */
  collect(): void {
    const blocks = [...this.parameters.values()];
    const flags = tf.tidy(() =>
      tf.stack(blocks.map((block) => tf.cast(tf.all(tf.isFinite(block)), "int32"))),
    );
    this.pending.push({ step: this.steps || this.count + 1, flags: flags as tf.Tensor1D });
    this.moments.add(blocks);
  }

  /**
   * Reads whether all weights collected since the last check were finite.
   *
   * @throws {@link NumericalError} that names the parameter and the step.
   */
  async check(): Promise<void> {
    const pending = this.pending;
    this.pending = [];
    const names = this.layout.entries.map((entry) => entry.name);
    try {
      for (const { step, flags } of pending) {
        const bad = (await flags.data()).findIndex((flag) => !flag);
        if (bad < 0) continue;
        throw new NumericalError(
          `SwagCollector: ${names[bad]} holds values that are not finite at step ${step}; finite weights were expected`,
          { iteration: step },
        );
      }
    } finally {
      for (const { flags } of pending) flags.dispose();
    }
  }

  /**
   * The Gaussian of what was collected.
   *
   * @returns A prior at scale 1 that belongs to the caller; the collector can go on.
   * @throws {@link ArgumentError} when fewer than two weights were collected, or fewer than two deviations are kept.
   */
  prior(): GaussianPrior {
    if (this.count < 2) {
      throw new ArgumentError(
        `SwagCollector.prior: ${this.count} weights were collected; at least 2 were expected`,
        {
          argument: "count",
          value: this.count,
        },
      );
    }
    const { mean, variance, deviations } = this.moments.vectors(this.floor);
    try {
      return GaussianPrior.from({
        mean,
        variance,
        layout: this.layout,
        parameters: this.parameters,
        ...(deviations ? { deviations } : {}),
      });
    } finally {
      tf.dispose([mean, variance]);
      deviations?.dispose();
    }
  }

  /** Everything that a later process needs to go on; read from the device. */
  async state(): Promise<SwagState> {
    await this.check();
    return { format: 1, steps: this.steps, layout: this.layout, ...(await this.moments.read()) };
  }

  /**
   * The collector that `state()` described, for the same parameters.
   *
   * @throws {@link ShapeError} that names the first parameter of another layout.
   */
  static fromState(
    state: SwagState,
    source: LayersModel | readonly tf.Variable[],
    options: SwagCollectorOptions,
  ): SwagCollector {
    const collector = new SwagCollector(source, options);
    checkSameLayout("SwagCollector.fromState", "state", state.layout, collector.layout);
    collector.steps = state.steps;
    tf.tidy(() => {
      const split = (values: Float32Array) =>
        splitFlat("SwagCollector.fromState", tf.tensor1d(values), state.layout);
      collector.moments.restore(
        state.count,
        split(state.mean),
        split(state.squares),
        state.deviations.map(split),
      );
    });
    return collector;
  }

  /** Frees what was collected. */
  dispose(): void {
    for (const { flags } of this.pending) flags.dispose();
    this.pending = [];
    this.moments.dispose();
  }

  /** Lets `using` free the collector. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Number of parameters. */
  get size(): number {
    return layoutSize(this.layout);
  }
}
