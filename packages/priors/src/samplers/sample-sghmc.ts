import {
  ArgumentError,
  checkAborted,
  checkInteger,
  checkNumber,
  NumericalError,
  type Progress,
} from "@lab/core";
import { type ParameterSet, parameters } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { cyclicalCosine } from "./cyclical-cosine.js";
import { SampleStore } from "./sample-store.js";
import { sghmc } from "./sghmc.js";

/** One draw of the parameters. */
export interface Sample {
  /** Number of the sample, from 0. */
  index: number;
  /** Update after which it was taken, from 1, burn-in included. */
  step: number;
  /** Cycle that it comes from, from 0. */
  cycle: number;
  /** The parameters; they belong to whoever receives the sample. */
  parameters: ParameterSet;
}

/** Options of {@link sampleSghmc}. */
export interface SampleSghmcOptions {
  /** Examples in the training set, $N$. @defaultValue that of a loss that `withPrior` made */
  dataSize?: number;
  /** Updates after the burn-in. */
  steps: number;
  /** Cycles of the learning rate. @defaultValue 4 */
  cycles?: number;
  /** Samples in all. @defaultValue 12 */
  samples?: number;
  /** Learning rate at the start of each cycle. */
  learningRate: number;
  /** Friction $\alpha$. @defaultValue 0.1 */
  friction?: number;
  /** Temperature; 1 is the Bayes posterior. @defaultValue 1 */
  temperature?: number;
  /** Updates at the full learning rate before the first cycle. @defaultValue 0 */
  burnIn?: number;
  /** Share of each cycle without noise. @defaultValue 0.25 */
  exploration?: number;
  /** Folder that keeps finished samples and the state; a stopped run goes on from it. @defaultValue none */
  store?: string;
  /** Where the noise comes from. */
  generator: Generator;
  /** Which parameters move, instead of all trainable ones of the model. */
  parameters?: ParameterSet;
  /** Stops the sampler; with `store` it can be started again. */
  signal?: AbortSignal;
  /** Receives progress in updates. */
  onProgress?: (progress: Progress) => void;
}

const DEFAULTS = { cycles: 4, samples: 12, friction: 0.1, temperature: 1, exploration: 0.25 };

function checkOptions(options: SampleSghmcOptions, dataSize: number | undefined) {
  checkNumber("sampleSghmc", "dataSize", dataSize as number, { min: 1 });
  checkInteger("sampleSghmc", "steps", options.steps, { min: 1 });
  const cycles = checkInteger("sampleSghmc", "cycles", options.cycles ?? DEFAULTS.cycles, {
    min: 1,
    max: options.steps,
  });
  checkInteger("sampleSghmc", "samples", options.samples ?? DEFAULTS.samples, { min: 1, max: options.steps });
  checkNumber("sampleSghmc", "learningRate", options.learningRate, { above: 0 });
  checkNumber("sampleSghmc", "temperature", options.temperature ?? DEFAULTS.temperature, { min: 0 });
  checkInteger("sampleSghmc", "burnIn", options.burnIn ?? 0, { min: 0 });
  if (options.generator === undefined) {
    throw new ArgumentError(
      "sampleSghmc: generator is undefined; a Generator of @lab/core/random was expected",
      {
        argument: "generator",
        value: undefined,
      },
    );
  }
  return cycles;
}

/**
 * Samples parameters by cyclical SGHMC, one after the other as they are found.
 *
 * Each cycle starts with a fresh velocity and a large learning rate, explores without noise, then samples evenly. The
 * model is left at the last state. With `store`, samples are files and a run that is stopped goes on with the same draws.
 *
 * @param model - The model whose parameters move; `null` with `options.parameters`.
 * @param loss - Mean loss of a batch, as `withPrior` makes it, or a scalar.
 * @param batches - The batch of a step, from 0.
 * @param options - See {@link SampleSghmcOptions}.
 * @returns Samples in order; the parameters of each belong to the caller.
 * @throws {@link NumericalError} with the step when the loss is not finite; the signal's reason after an abort.
 * @see Zhang et al. (2020), Cyclical stochastic gradient MCMC, algorithm 1.
 */
export async function* sampleSghmc<B>(
  model: LayersModel | null,
  loss: ((batch: B) => tf.Tensor | { loss: tf.Tensor }) & { readonly dataSize?: number },
  batches: (step: number) => B | Promise<B>,
  options: SampleSghmcOptions,
): AsyncGenerator<Sample> {
  const dataSize = options.dataSize ?? loss.dataSize;
  const cycles = checkOptions(options, dataSize);
  const { signal, onProgress, generator, burnIn = 0, steps } = options;
  const temperature = options.temperature ?? DEFAULTS.temperature;
  const live = options.parameters ?? parameters(model!);
  const variables = [...live.values()] as tf.Variable[];
  const schedule = cyclicalCosine({
    learningRate: options.learningRate,
    cycles,
    steps,
    exploration: options.exploration ?? DEFAULTS.exploration,
  });
  const wanted = new Set(schedule.sampleSteps(options.samples ?? DEFAULTS.samples));
  const optimizer = sghmc({
    learningRate: options.learningRate,
    friction: options.friction ?? DEFAULTS.friction,
    dataSize: dataSize!,
    temperature,
    generator,
  });
  const store = options.store === undefined ? undefined : new SampleStore(options.store, live);
  const total = burnIn + steps;
  let index = 0;
  let step = 0;
  try {
    if (store) {
      const state = await store.resume(optimizer, generator);
      step = state.step;
      for (; index < state.samples; index++) yield await store.read(index);
    }
    for (; step < total; step++) {
      checkAborted(signal);
      const inCycle = step - burnIn;
      const isCycling = inCycle >= 0;
      optimizer.learningRate = isCycling ? schedule(inCycle) : options.learningRate;
      optimizer.temperature = isCycling && schedule.isExploration(inCycle) ? 0 : temperature;
      if (isCycling && schedule.isStart(inCycle)) optimizer.resampleVelocity();
      const batch = await batches(step);
      const { value, grads } = tf.variableGrads(() => {
        const result = loss(batch);
        return (result instanceof tf.Tensor ? result : result.loss) as tf.Scalar;
      }, variables);
      const isWanted = isCycling && wanted.has(inCycle);
      const isReported = isWanted || step % 20 === 0;
      try {
        if (isReported) await checkFinite(value, step + 1);
        optimizer.applyGradients(grads);
      } finally {
        tf.dispose([value, grads] as unknown as tf.TensorContainer);
      }
      if (isReported) onProgress?.({ done: step + 1, total, metrics: { samples: index } });
      if (!isWanted) continue;
      const sample: Sample = {
        index,
        step: step + 1,
        cycle: schedule.cycleOf(inCycle),
        parameters: new Map([...live].map(([name, variable]) => [name, tf.keep(tf.clone(variable))])),
      };
      index += 1;
      if (store) await store.write(sample, optimizer, generator);
      yield sample;
    }
    onProgress?.({ done: total, total, metrics: { samples: index } });
  } finally {
    optimizer.dispose();
  }
}

async function checkFinite(value: tf.Scalar, step: number): Promise<void> {
  const [read] = await value.data();
  if (Number.isFinite(read)) return;
  throw new NumericalError(
    `sampleSghmc: the loss is ${read} at step ${step}; a finite loss was expected; lower learningRate`,
    {
      iteration: step,
      residual: read,
    },
  );
}
