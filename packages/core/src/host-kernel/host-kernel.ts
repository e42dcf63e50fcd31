import * as tf from "@tensorflow/tfjs-core";
import { device } from "../init/index.js";

/** Attributes of a kernel: plain values and typed arrays. */
export type KernelAttributes = Record<string, unknown>;

/**
 * A float32 kernel in TypeScript for the backends whose memory this process can touch: `wasm`, `cpu` and, where it
 * computes on the processor, `tensorflow`.
 *
 * Small images and reductions over the outer axes are several times faster as one loop over typed arrays than as a
 * chain of engine calls with a tensor between each two.
 */
export interface HostKernel {
  /** Name in the engine. */
  name: string;
  /** Names of the inputs, in the order in which `compute` gets them. */
  inputs: readonly string[];
  /** Shapes of the outputs. */
  outputShapes(shapes: readonly number[][], attributes: KernelAttributes): number[][];
  /** Fills the outputs, which are not cleared. */
  compute(
    inputs: readonly Float32Array[],
    outputs: readonly Float32Array[],
    shapes: readonly number[][],
    attributes: KernelAttributes,
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

/**
 * Registers a kernel, once; where a backend has one of this name, that one stays.
 *
 * @param kernel - See {@link HostKernel}; its name is the engine's, for all packages.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { callKernel, registerHostKernel } from "@lab/core/host-kernel";
 * import * as tf from "@tensorflow/tfjs-core";
 *
 * await init();
 * registerHostKernel({
 *   name: "ExampleCumulativeSum",
 *   inputs: ["x"],
 *   outputShapes: ([shape]) => [shape!],
 *   compute([x], [out]) {
 *     let sum = 0;
 *     for (let i = 0; i < x!.length; i++) out![i] = sum += x![i]!;
 *   },
 * });
 * const [sums] = callKernel("ExampleCumulativeSum", { x: tf.tensor1d([1, 2, 3]) });
 * [...(await sums!.data())]; // => [1, 3, 6]
 * ```
 */
export function registerHostKernel(kernel: HostKernel): void {
  const prepare = (inputs: tf.NamedTensorInfoMap, attributes: KernelAttributes) => {
    const tensors = kernel.inputs.map((name) => inputs[name] as tf.TensorInfo);
    const shapes = tensors.map((tensor) => tensor.shape);
    const outputShapes = kernel.outputShapes(shapes, attributes);
    return { tensors, shapes, outputShapes };
  };
  register(kernel.name, "wasm", ({ inputs, backend, attrs }) => {
    const attributes = (attrs ?? {}) as KernelAttributes;
    const memory = backend as unknown as WasmMemory;
    const { tensors, shapes, outputShapes } = prepare(inputs, attributes);
    // Outputs first: making one may move the heap from under the views.
    const outputs = outputShapes.map((shape) => memory.makeOutput(shape, "float32"));
    const views = (list: tf.TensorInfo[]) => list.map((tensor) => memory.typedArrayFromHeap(tensor));
    kernel.compute(views(tensors), views(outputs), shapes, attributes);
    return outputs;
  });
  register(kernel.name, "cpu", ({ inputs, backend, attrs }) => {
    const attributes = (attrs ?? {}) as KernelAttributes;
    const memory = backend as unknown as CpuMemory;
    const { tensors, shapes, outputShapes } = prepare(inputs, attributes);
    const values = outputShapes.map((shape) => new Float32Array(tf.util.sizeFromShape(shape)));
    kernel.compute(
      tensors.map((tensor) => memory.readSync(tensor.dataId)),
      values,
      shapes,
      attributes,
    );
    return outputShapes.map((shape, i) => memory.makeTensorInfo(shape, "float32", values[i]!));
  });
  // On a GPU the copies would cost more than the loop saves.
  if (tf.engine().backendName !== "tensorflow" || device().kind === "gpu") return;
  register(kernel.name, "tensorflow", ({ inputs, backend, attrs }) => {
    const attributes = (attrs ?? {}) as KernelAttributes;
    const memory = backend as unknown as tf.KernelBackend;
    const { tensors, shapes, outputShapes } = prepare(inputs, attributes);
    const values = outputShapes.map((shape) => new Float32Array(tf.util.sizeFromShape(shape)));
    const views = tensors.map((tensor) => memory.readSync(tensor.dataId) as Float32Array);
    kernel.compute(views, values, shapes, attributes);
    return outputShapes.map((shape, i) => ({
      dataId: memory.write(values[i]!, shape, "float32"),
      shape,
      dtype: "float32",
    }));
  });
}

/**
 * Whether the current backend has a kernel of this name.
 *
 * @param name - Name in the engine.
 */
export function hasHostKernel(name: string): boolean {
  return tf.getKernel(name, tf.engine().backendName) !== undefined;
}

/**
 * Runs a kernel by name. It has no gradient: wrap it in `tf.customGrad`.
 *
 * @param name - Name in the engine.
 * @param inputs - Tensors by the names of the kernel's inputs.
 * @param attributes - What it depends on beside them.
 * @returns Its outputs as a list; they belong to the caller.
 */
export function callKernel(
  name: string,
  inputs: Record<string, tf.Tensor>,
  attributes: KernelAttributes = {},
): tf.Tensor[] {
  const result = tf.engine().runKernel(name, inputs, attributes as unknown as tf.NamedAttrMap) as unknown as
    | tf.Tensor
    | tf.Tensor[];
  return Array.isArray(result) ? result : [result];
}

function register(kernelName: string, backendName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, backendName) === undefined) {
    tf.registerKernel({ kernelName, backendName, kernelFunc });
  }
}
