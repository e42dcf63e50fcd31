import * as tf from "@tensorflow/tfjs-core";
import { DataError, NumericalError } from "../errors/index.js";
import type { GeneratorStates, Position } from "./batches.js";
import { decodeCheckpoint, encodeCheckpoint, type StoredTensor } from "./checkpoint-format.js";
import type { HistoryRow } from "./event.js";
import type { NamedVariables } from "./variables.js";

/** Everything about a run but its tensors; JSON. */
export interface RunState {
  version: 1;
  step: number;
  position: Position;
  generators: GeneratorStates;
  rows: HistoryRow[];
  evaluations: HistoryRow[];
  best: number | null;
  stale: number;
  reason: "steps" | "stopping" | null;
  /** Names of the optimizer's tensors in its own order. */
  optimizer: string[];
}

const OPTIMIZER = "optimizer/";

/**
 * Bytes of a checkpoint.
 *
 * @throws {@link NumericalError} when a variable is not finite: such a state is not worth keeping.
 */
export async function takeSnapshot(
  state: Omit<RunState, "version" | "optimizer">,
  variables: NamedVariables,
  optimizer: tf.Optimizer | undefined,
): Promise<Uint8Array> {
  const tensors = new Map<string, StoredTensor>();
  for (const [name, variable] of variables) {
    const stored = await storedTensor(variable);
    if (stored.dtype === "float32") checkFiniteVariable(name, stored.data, state.step);
    tensors.set(name, stored);
  }
  const names: string[] = [];
  if (optimizer) {
    const [iterations, ...slots] = await optimizer.getWeights();
    for (const { name, tensor } of [iterations!, ...slots]) {
      const key = stableName(name, variables);
      names.push(key);
      tensors.set(OPTIMIZER + key, await storedTensor(tensor));
    }
    iterations!.tensor.dispose(); // made for us; the slots are the optimizer's own
  }
  return encodeCheckpoint({ version: 1, ...state, optimizer: names } satisfies RunState, tensors);
}

/**
 * Puts variables and optimizer back and answers the rest of the state.
 *
 * @throws {@link DataError} when the checkpoint belongs to other variables.
 */
export async function restoreSnapshot(
  bytes: Uint8Array,
  path: string,
  variables: NamedVariables,
  optimizer: tf.Optimizer | undefined,
): Promise<RunState> {
  const { state, tensors } = await decodeCheckpoint(bytes, path);
  const run = state as RunState;
  if (run?.version !== 1) {
    throw new DataError(`fit: checkpoint ${path} has version ${run?.version}; version 1 was expected`, {
      path,
    });
  }
  for (const [name, variable] of variables) {
    const stored = tensors.get(name);
    if (!stored || String(stored.shape) !== String(variable.shape)) {
      throw new DataError(
        `fit: checkpoint ${path} holds ${name} as ${stored ? `[${stored.shape}]` : "nothing"}; [${variable.shape}] was expected; remove the file to start anew`,
        { path },
      );
    }
  }
  for (const [name, variable] of variables) {
    const value = tensorOf(tensors.get(name)!);
    variable.assign(value);
    value.dispose();
  }
  if (optimizer) {
    const weights = run.optimizer.map((key) => ({
      name: engineName(key, variables),
      tensor: tensorOf(tensors.get(OPTIMIZER + key)!),
    }));
    await optimizer.setWeights(weights);
    for (const { tensor } of weights) tensor.dispose();
  }
  return run;
}

async function storedTensor(tensor: tf.Tensor): Promise<StoredTensor> {
  const data = (await tensor.data()) as Float32Array | Int32Array | Uint8Array;
  return { dtype: tensor.dtype as StoredTensor["dtype"], shape: [...tensor.shape], data };
}

function tensorOf({ data, shape, dtype }: StoredTensor): tf.Tensor {
  return tf.tensor(data, shape, dtype);
}

function checkFiniteVariable(name: string, data: ArrayLike<number>, step: number): void {
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i]!)) continue;
    throw new NumericalError(
      `fit: variable ${name} holds ${data[i]} after step ${step}; finite values were expected; the checkpoint before is kept`,
      { iteration: step, residual: data[i] },
    );
  }
}

// Optimizers name a slot `<variable>/<slot>` after the engine's names, which count up within a process.
function stableName(name: string, variables: NamedVariables): string {
  for (const [key, variable] of variables) {
    if (name.startsWith(`${variable.name}/`)) return key + name.slice(variable.name.length);
  }
  return name;
}

function engineName(key: string, variables: NamedVariables): string {
  for (const [name, variable] of variables) {
    if (key.startsWith(`${name}/`)) return variable.name + key.slice(name.length);
  }
  return key;
}
