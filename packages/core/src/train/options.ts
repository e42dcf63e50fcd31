import type { Optimizer, Tensor, Variable } from "@tensorflow/tfjs-core";
import { checkChoice, checkInteger, checkNumber } from "../check/index.js";
import { ArgumentError } from "../errors/index.js";
import type { Generator } from "../random/index.js";
import type { CheckpointStore } from "./checkpoint-store.js";
import type { Event } from "./event.js";

/** A loss with further figures to log. */
export interface NamedResult {
  /** The loss, of shape `[]`. */
  loss: Tensor;
  /** Any other figure, a scalar. */
  [name: string]: Tensor | number;
}

/** What a step answers: its loss, or its loss and further figures to log. */
export type StepResult = Tensor | NamedResult;

/**
 * Where batches come from.
 *
 * A function is asked for each step and should depend on nothing but the step, so that a resumed run sees the same
 * batches. An iterable, such as a data set, is gone through again and again; each pass is an epoch.
 */
export type BatchSource<B> = ((step: number) => B | Promise<B>) | AsyncIterable<B> | Iterable<B>;

/** When {@link fit} gives up for lack of progress. */
export interface Stopping {
  /** Figure of `evaluate` that must improve. */
  metric: string;
  /** Evaluations without improvement after which the run ends. */
  patience: number;
  /** Whether small or large is good. @defaultValue `"min"` */
  mode?: "min" | "max";
  /** Smallest change that counts as an improvement. @defaultValue 0 */
  minDelta?: number;
}

/** How often something happens, in steps. */
export interface Every {
  /** Steps between evaluations. @defaultValue a tenth of `steps`, rounded up */
  evaluate?: number;
  /** Steps between checkpoints. @defaultValue a tenth of `steps`, rounded up */
  checkpoint?: number;
}

/** Options of {@link fit}. @typeParam B - A batch. */
export interface FitOptions<B> {
  /**
   * Computes the loss of a batch; `t` counts from 0. With an `optimizer` it is differentiated, so it must be
   * synchronous; without one it makes its own update and may return a promise. Temporaries are freed.
   */
  step(batch: B, t: number): StepResult | Promise<StepResult>;
  /** The batches; see {@link BatchSource}. */
  batches: BatchSource<B>;
  /** Updates to make in all, at least 1. */
  steps: number;
  /** Turns gradients into updates. Without one, `step` does that itself. */
  optimizer?: Optimizer;
  /**
   * What is trained (its trainable part) and saved, by a name that is the same in every process, such as
   * `parameters(model, "all")`.
   * @defaultValue every variable the engine knows when `fit` is called
   */
  variables?: ReadonlyMap<string, Tensor> | readonly Variable[];
  /** Learning rate of step `t`, from 0; see `schedules` of `@lab/core/optim`. @defaultValue the optimizer's own */
  schedule?: (t: number) => number;
  /** Figures of merit at a step, such as the accuracy on held-out data; also called after the last step. */
  evaluate?: (step: number) => Record<string, number> | Promise<Record<string, number>>;
  /** How often to evaluate and to save; one number stands for both. */
  every?: number | Every;
  /** File (in Node) or store of the checkpoint. When it holds one, the run goes on from there. @defaultValue none */
  checkpoint?: string | CheckpointStore;
  /** Generators that `step` or `batches` draw from; they are saved and, in place, restored. @defaultValue none */
  generators?: Readonly<Record<string, Generator>>;
  /** Ends the run when it makes no progress. @defaultValue never */
  stopping?: Stopping;
  /** Largest global norm of the gradients; larger ones are scaled down to it. @defaultValue no limit */
  clipNorm?: number;
  /** Stops the run: a checkpoint is written, then the signal's reason is thrown. */
  signal?: AbortSignal;
  /** Receives every {@link Event}; a promise is awaited. */
  on?: (event: Event) => void | Promise<void>;
  /**
   * Whether tensors of a batch are freed after its step. Tensors that were there before `fit` was called are never
   * freed.
   * @defaultValue true
   */
  disposeBatches?: boolean;
}

/** Validated intervals. */
export interface Intervals {
  evaluate: number;
  checkpoint: number;
}

/** Refuses options that cannot work; answers the intervals. */
export function checkFitOptions<B>(options: FitOptions<B>): Intervals {
  const steps = checkInteger("fit", "steps", options.steps, { min: 1 });
  if (typeof options.step !== "function") throw expected("step", options.step, "a function");
  const { batches, stopping, every } = options;
  const isSource =
    typeof batches === "function" ||
    (batches !== null &&
      typeof batches === "object" &&
      (Symbol.asyncIterator in batches || Symbol.iterator in batches));
  if (!isSource) throw expected("batches", batches, "a function or an iterable");
  if (options.schedule && !options.optimizer) {
    throw new ArgumentError(
      "fit: schedule is given without an optimizer; it sets the optimizer's learning rate",
      {
        argument: "schedule",
        value: options.schedule,
      },
    );
  }
  if (options.clipNorm !== undefined) checkNumber("fit", "clipNorm", options.clipNorm, { above: 0 });
  if (stopping) {
    checkInteger("fit", "stopping.patience", stopping.patience, { min: 1 });
    checkChoice("fit", "stopping.mode", stopping.mode ?? "min", ["min", "max"]);
    checkNumber("fit", "stopping.minDelta", stopping.minDelta ?? 0, { min: 0 });
    if (!options.evaluate) throw expected("evaluate", undefined, "a function, since stopping is given");
  }
  const tenth = Math.ceil(steps / 10);
  const given = typeof every === "number" ? { evaluate: every, checkpoint: every } : (every ?? {});
  return {
    evaluate: checkInteger("fit", "every.evaluate", given.evaluate ?? tenth, { min: 1 }),
    checkpoint: checkInteger("fit", "every.checkpoint", given.checkpoint ?? tenth, { min: 1 }),
  };
}

function expected(argument: string, value: unknown, what: string): ArgumentError {
  return new ArgumentError(`fit: ${argument} is ${String(value)}; ${what} was expected`, { argument, value });
}
