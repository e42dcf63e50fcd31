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

// What the two backends offer beyond the engine's interface.
interface WasmMemory {
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}
interface CpuMemory {
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
  readSync(dataId: object): Float32Array;
}

type Compute = (inputs: Float32Array[], outputs: Float32Array[], shapes: number[][]) => void;
type Run = (tensors: tf.TensorInfo[], shapes: number[][], compute: Compute) => tf.TensorInfo[];

function onWasm(memory: WasmMemory): Run {
  return (tensors, outputShapes, compute) => {
    // Outputs first: making one may move the heap from under the views.
    const outputs = outputShapes.map((shape) => memory.makeOutput(shape, "float32"));
    const views = (list: tf.TensorInfo[]) => list.map((tensor) => memory.typedArrayFromHeap(tensor));
    const shapes = tensors.map(({ shape }) => shape);
    compute(views(tensors), views(outputs), shapes);
    return outputs;
  };
}

function onCpu(memory: CpuMemory): Run {
  return (tensors, outputShapes, compute) => {
    const values = outputShapes.map((shape) => new Float32Array(tf.util.sizeFromShape(shape)));
    const shapes = tensors.map(({ shape }) => shape);
    const inputs = tensors.map(({ dataId }) => memory.readSync(dataId));
    compute(inputs, values, shapes);
    return outputShapes.map((shape, i) => memory.makeTensorInfo(shape, "float32", values[i]!));
  };
}

function register<S extends Settings>(operation: HostOperation<S>, backendName: string): void {
  const { name, numDifferentiable } = operation;
  const runOf = (backend: unknown) =>
    backendName === "wasm" ? onWasm(backend as WasmMemory) : onCpu(backend as CpuMemory);
  const list = (inputs: tf.NamedTensorInfoMap) =>
    Object.keys(inputs).map((_, i) => inputs[`x${i}`] as tf.TensorInfo);
  tf.registerKernel({
    kernelName: name,
    backendName,
    kernelFunc({ inputs, backend, attrs }) {
      const tensors = list(inputs);
      const settings = attrs as unknown as S;
      const shape = operation.outputShape(
        tensors.map((tensor) => tensor.shape),
        settings,
      );
      return runOf(backend)(tensors, [shape], (values, outputs, shapes) =>
        operation.forward(values, outputs[0]!, shapes, settings),
      );
    },
  });
  tf.registerKernel({
    kernelName: `${name}Gradient`,
    backendName,
    kernelFunc({ inputs, backend, attrs }) {
      // The gradient by the output comes last.
      const tensors = list(inputs);
      const wanted = tensors.slice(0, numDifferentiable).map(({ shape }) => shape);
      return runOf(backend)(tensors, wanted, (values, gradients, shapes) => {
        for (const gradient of gradients) gradient.fill(0);
        operation.backward(
          values.slice(0, -1),
          values.at(-1)!,
          gradients,
          shapes.slice(0, -1),
          attrs as unknown as S,
        );
      });
    },
  });
}

function call(name: string, inputs: readonly tf.Tensor[], settings: Settings): tf.Tensor[] {
  const named = Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor]));
  const result = tf.engine().runKernel(name, named, settings as unknown as tf.NamedAttrMap) as unknown as
    | tf.Tensor
    | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
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
  const { backendName } = tf.engine();
  if (backendName !== "wasm" && backendName !== "cpu") return undefined;
  if (tf.getKernel(operation.name, backendName) === undefined) register(operation, backendName);
  const { numDifferentiable } = operation;
  const apply = tf.customGrad(((...given: unknown[]) => {
    const save = given.at(-1) as (tensors: tf.Tensor[]) => void;
    const all = [...(given.slice(0, numDifferentiable) as tf.Tensor[]), ...inputs.slice(numDifferentiable)];
    save(all);
    return {
      value: call(operation.name, all, settings)[0]!,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        call(`${operation.name}Gradient`, [...saved, dy], settings),
    };
  }) as never) as unknown as (...tensors: tf.Tensor[]) => tf.Tensor;
  return apply(...inputs.slice(0, numDifferentiable));
}
