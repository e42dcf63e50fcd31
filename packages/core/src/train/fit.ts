import * as tf from "@tensorflow/tfjs-core";
import { yieldToEvents } from "../progress/index.js";
import { Batches, restoreGenerators, saveGenerators } from "./batches.js";
import type { CheckpointStore } from "./checkpoint-store.js";
import type { Event, History, HistoryRow } from "./event.js";
import { fileStore } from "./file-store.node.js";
import { setLearningRate } from "./learning-rate.js";
import { checkFitOptions, type FitOptions } from "./options.js";
import { type RunState, restoreSnapshot, takeSnapshot } from "./snapshot.js";
import { StoppingRule } from "./stopping-rule.js";
import { gradientUpdate, ownUpdate } from "./update.js";
import { namedVariables, trainableOf } from "./variables.js";

/**
 * Trains: takes a batch, computes its loss, updates, and tells what happens, until `steps` updates are made.
 *
 * With `checkpoint`, a run that is killed at any moment and started again with the same options goes on from the last
 * checkpoint and, where the backend is deterministic and the optimizer is one of `@lab/core/optim`, reaches the same
 * losses bit by bit. The file is replaced as a whole, and never by a state that is not finite. Timers and signals are
 * served between steps.
 *
 * @param options - See {@link FitOptions}.
 * @returns What was done; see {@link History}.
 * @throws {@link NumericalError} with the step, when a loss is not finite; that update is not made.
 * @throws {@link DataError} when the checkpoint is damaged or belongs to other variables.
 * @throws The signal's reason after an abort; with `checkpoint` the state is saved first.
 * @remarks Steps in events, rows and errors count updates from 1; `t` in `step` and `schedule` counts from 0.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { sgd } from "@lab/core/optim";
 * import { fit } from "@lab/core/train";
 *
 * await init();
 * const weight = tf.variable(tf.scalar(0));
 * const history = await fit({
 *   step: (target: number) => tf.square(tf.sub(weight, target)) as tf.Scalar,
 *   batches: () => 3,
 *   steps: 50,
 *   optimizer: sgd({ learningRate: 0.25 }),
 *   variables: [weight],
 * });
 * history.rows.length; // => 50
 * Math.round((await weight.data())[0]!); // => 3
 * ```
 */
export async function fit<B>(options: FitOptions<B>): Promise<History> {
  const intervals = checkFitOptions(options);
  const { steps, optimizer, signal, generators = {} } = options;
  const store = typeof options.checkpoint === "string" ? fileStore(options.checkpoint) : options.checkpoint;
  const variables = namedVariables(options.variables);
  const trainable = optimizer ? trainableOf(variables) : [];
  const free = batchDisposer(options.disposeBatches ?? true);
  const batches = new Batches(options.batches, generators);
  const rule = options.stopping && new StoppingRule(options.stopping);
  const history: History = { steps: 0, rows: [], evaluations: [], reason: "steps", resumedFrom: 0 };
  const tell = async (type: Event["type"], scalars: Record<string, number> = {}) => {
    await options.on?.({ type, step: history.steps, scalars });
  };

  const hasStopped = () => history.reason === "stopping";

  let saved = -1;
  const save = async (to: CheckpointStore, reason: RunState["reason"]) => {
    await to.write(
      await takeSnapshot(
        {
          step: history.steps,
          position: batches.position,
          generators: saveGenerators(generators),
          rows: history.rows,
          evaluations: history.evaluations,
          best: rule?.best ?? null,
          stale: rule?.stale ?? 0,
          reason,
        },
        variables,
        optimizer,
      ),
    );
    saved = history.steps;
    await tell("checkpoint");
  };
  const resume = async (from: CheckpointStore) => {
    const bytes = await from.read();
    if (!bytes) return;
    const state = await restoreSnapshot(bytes, from.name, variables, optimizer);
    restoreGenerators(generators, state.position.atStart);
    await batches.goTo(state.position, free);
    restoreGenerators(generators, state.generators);
    rule?.restore(state.best, state.stale);
    Object.assign(history, { steps: state.step, rows: state.rows, evaluations: state.evaluations });
    history.resumedFrom = saved = state.step;
    if (state.reason) history.reason = state.reason;
    await tell("resume", lastScalars(history.rows));
  };
  const evaluate = async () => {
    const scalars = await options.evaluate!(history.steps);
    history.evaluations.push({ step: history.steps, scalars });
    await tell("evaluate", scalars);
    if (rule?.isExhausted(scalars)) history.reason = "stopping";
  };

  try {
    if (store) await resume(store);
    while (history.steps < steps && !hasStopped()) {
      if (signal?.aborted) {
        if (store && saved < history.steps) await save(store, null);
        await tell("stop", lastScalars(history.rows));
        throw signal.reason;
      }
      const t = history.steps;
      const { batch, ended } = await batches.next(t);
      if (ended) await tell("epoch", { epoch: batches.position.epoch });
      let scalars: Record<string, number>;
      try {
        const rate = options.schedule?.(t);
        if (rate !== undefined) setLearningRate(optimizer!, rate);
        const compute = () => options.step(batch, t);
        const figures = optimizer
          ? await gradientUpdate(compute, optimizer, trainable, options.clipNorm, t + 1)
          : await ownUpdate(compute, t + 1);
        scalars = rate === undefined ? figures : { ...figures, learningRate: rate };
      } finally {
        free(batch);
      }
      history.steps = t + 1;
      history.rows.push({ step: t + 1, scalars });
      await tell("step", scalars);
      const isLast = history.steps === steps;
      if (options.evaluate && (isLast || history.steps % intervals.evaluate === 0)) await evaluate();
      const isOver = isLast || hasStopped();
      if (store && (isOver || history.steps % intervals.checkpoint === 0)) {
        await save(store, hasStopped() ? "stopping" : null);
      }
      await yieldToEvents();
    }
  } finally {
    await batches.close();
  }
  await tell("stop", lastScalars(history.rows));
  return history;
}

function lastScalars(rows: readonly HistoryRow[]): Record<string, number> {
  return rows.at(-1)?.scalars ?? {};
}

/** Frees the tensors of a batch that were made after this function was called. */
function batchDisposer(isActive: boolean): (batch: unknown) => void {
  const marker = tf.scalar(0);
  const { id } = marker; // ids count up
  marker.dispose();
  return (batch) => {
    if (!isActive || batch === null || typeof batch !== "object") return;
    for (const tensor of tf.tensor_util.getTensorsInContainer(batch as tf.TensorContainer)) {
      if (tensor.id > id && !(tensor instanceof tf.Variable)) tensor.dispose();
    }
  };
}
