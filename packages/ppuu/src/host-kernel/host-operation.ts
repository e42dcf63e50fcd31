import { callKernel, type HostKernel, hasHostKernel, registerHostKernel } from "@lab/core/host-kernel";
import * as tf from "@tensorflow/tfjs-core";

/** Plain values that an operation depends on beside its inputs. */
export type Settings = Record<string, unknown>;

/**
 * A differentiable operation in TypeScript for the backends whose memory this process can touch.
 *
 * On tensors of a few thousand numbers one loop is ten times faster than a chain of engine calls, each of which costs
 * microseconds and a pass over memory. Backends that cannot run it use the same formula in engine calls.
 */
export interface HostOperation<S extends Settings> {
  /** Name in the engine. */
  name: string;
  /** How many of the inputs, the first ones, get a gradient. */
  numDifferentiable: number;
  /** Shape of the output. */
  outputShape(shapes: readonly number[][], settings: S): number[];
  /** Fills the output, which is not cleared. */
  forward(
    inputs: readonly Float32Array[],
    output: Float32Array,
    shapes: readonly number[][],
    settings: S,
  ): void;
  /** Adds to the gradients by the differentiable inputs, which are zero. */
  backward(
    inputs: readonly Float32Array[],
    dy: Float32Array,
    gradients: readonly Float32Array[],
    shapes: readonly number[][],
    settings: S,
  ): void;
}

const namesOf = (count: number) => Array.from({ length: count }, (_, i) => `x${i}`);
const named = (tensors: readonly tf.Tensor[]) =>
  Object.fromEntries(tensors.map((tensor, i) => [`x${i}`, tensor]));

function kernelsOf<S extends Settings>(operation: HostOperation<S>, numInputs: number): HostKernel[] {
  const { name, numDifferentiable } = operation;
  const forward: HostKernel = {
    name,
    inputs: namesOf(numInputs),
    outputShapes: (shapes, settings) => [operation.outputShape(shapes, settings as S)],
    compute: (inputs, outputs, shapes, settings) =>
      operation.forward(inputs, outputs[0]!, shapes, settings as S),
  };
  const backward: HostKernel = {
    name: `${name}Gradient`,
    // The gradient by the output comes last.
    inputs: namesOf(numInputs + 1),
    outputShapes: (shapes) => shapes.slice(0, numDifferentiable).map((shape) => [...shape]),
    compute(inputs, gradients, shapes, settings) {
      for (const gradient of gradients) gradient.fill(0);
      operation.backward(inputs.slice(0, -1), inputs.at(-1)!, gradients, shapes.slice(0, -1), settings as S);
    },
  };
  return [forward, backward];
}

/**
 * Runs an operation on the current backend.
 *
 * @returns The output, or `undefined` where the backend's memory is out of reach.
 */
export function runOnHost<S extends Settings>(
  operation: HostOperation<S>,
  inputs: readonly tf.Tensor[],
  settings: S,
): tf.Tensor | undefined {
  // A GPU's memory is out of reach, and copies of the native binding cost more than the loop saves.
  const backend = tf.getBackend();
  if (backend !== "wasm" && backend !== "cpu") return undefined;
  if (!hasHostKernel(operation.name)) kernelsOf(operation, inputs.length).forEach(registerHostKernel);
  const { numDifferentiable } = operation;
  const apply = tf.customGrad(((...given: unknown[]) => {
    const save = given.at(-1) as (tensors: tf.Tensor[]) => void;
    const all = [...(given.slice(0, numDifferentiable) as tf.Tensor[]), ...inputs.slice(numDifferentiable)];
    save(all);
    return {
      value: callKernel(operation.name, named(all), settings)[0]!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        callKernel(`${operation.name}Gradient`, named([...saved, dy]), settings),
    };
  }) as never) as unknown as (...tensors: tf.Tensor[]) => tf.Tensor;
  return apply(...inputs.slice(0, numDifferentiable));
}
