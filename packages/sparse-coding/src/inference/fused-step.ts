import * as tf from "@tensorflow/tfjs-core";
import type { Moved, Part, Quadratic, QuadraticOptions } from "../lasso/quadratic.js";
import { finishStep, type StepParameters } from "./finish-step.js";

const NAME = "LabSparseStep";
const INPUTS = ["at", "offset", "tangent", "ahead", "codes", "clock"] as const;

/** Inputs of a fused step; `offset` and `tangent` of shape `[0]` are none. */
export type FusedInputs = Record<(typeof INPUTS)[number], tf.Tensor>;

// What the two backends offer beyond the engine's interface.
interface WasmMemory {
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}
interface CpuMemory {
  makeTensorInfo(shape: number[], dtype: "float32", values: Float32Array): tf.TensorInfo;
  readSync(dataId: object): Float32Array;
}

type Views = Record<(typeof INPUTS)[number], Float32Array>;

function run(views: Views, outputs: readonly Float32Array[], parameters: StepParameters): void {
  const [nextCodes, nextAhead, nextClock] = outputs as [Float32Array, Float32Array, Float32Array];
  finishStep(parameters, { ...views, nextCodes, nextAhead, nextClock });
}

const viewsOf = (inputs: tf.NamedTensorInfoMap, view: (tensor: tf.TensorInfo) => Float32Array) =>
  Object.fromEntries(INPUTS.map((name) => [name, view(inputs[name] as tf.TensorInfo)])) as Views;

const shapesOf = ({ rows, size }: StepParameters) => [[rows, size], [rows, size], [rows]];

/**
 * Whether the backend can finish a step in one loop over its own memory; registers the kernel, once.
 *
 * Some thirty engine calls with small tensors between them cost more than the products they stand beside.
 */
export function canFuse(): boolean {
  const backendName = tf.getBackend();
  if (backendName !== "wasm" && backendName !== "cpu") return false;
  if (tf.getKernel(NAME, backendName) !== undefined) return true;
  const kernelFunc: tf.KernelFunc = ({ inputs, backend, attrs }) => {
    const parameters = attrs as unknown as StepParameters;
    if (backendName === "wasm") {
      const memory = backend as unknown as WasmMemory;
      // Outputs first: making one may move the heap from under the views.
      const made = shapesOf(parameters).map((shape) => memory.makeOutput(shape, "float32"));
      const view = (tensor: tf.TensorInfo) => memory.typedArrayFromHeap(tensor);
      run(viewsOf(inputs, view), made.map(view), parameters);
      return made;
    }
    const memory = backend as unknown as CpuMemory;
    const shapes = shapesOf(parameters);
    const values = shapes.map((shape) => new Float32Array(tf.util.sizeFromShape(shape)));
    run(
      viewsOf(inputs, (tensor) => memory.readSync(tensor.dataId)),
      values,
      parameters,
    );
    return shapes.map((shape, i) => memory.makeTensorInfo(shape, "float32", values[i]!));
  };
  tf.registerKernel({ kernelName: NAME, backendName, kernelFunc });
  return true;
}

/** Codes, point ahead and clock after a step. */
export function fusedStep(
  inputs: FusedInputs,
  parameters: StepParameters,
): [codes: tf.Tensor2D, ahead: tf.Tensor2D, clock: tf.Tensor1D] {
  const attributes = parameters as unknown as tf.NamedAttrMap;
  return tf.engine().runKernel(NAME, { ...inputs }, attributes) as unknown as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor1D,
  ];
}

/** Ends an iteration of separate rows in one kernel. */
export function finishRows(p: Quadratic, at: tf.Tensor2D, old: Part, o: QuadraticOptions): Moved {
  const [rows, size] = at.shape;
  const { offset, ahead, codes, clock } = old;
  const tangent = tf.tensor1d([], "float32");
  return fusedStep(
    { at, offset, tangent, ahead, codes, clock },
    {
      ...{ rows, size, groups: 1, positive: p.positive, restart: o.restart },
      ...{ shrink: o.step * p.sparsity, hinge: 0, threshold: 0, tangentStep: 0 },
      momentum: o.momentum ?? -1,
    },
  );
}
