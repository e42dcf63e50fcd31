import * as tf from "@tensorflow/tfjs-core";
import { type Simd, simdOf } from "./simd/simd.js";

/** What kernels use of the engine's wasm backend beyond its public interface. */
export interface WasmMemory {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  disposeData(dataId: object): boolean;
  incRef(dataId: object): void;
  getMemoryOffset(dataId: object): number;
  readonly wasm: Parameters<typeof simdOf>[0];
}

type Attributes = Record<string, unknown>;
type Inputs = Record<string, tf.TensorInfo>;

/** Kernels of this backend before core replaced them. */
const shipped = new Map<string, tf.KernelFunc>();

/** Kernels that multiply by `b`. */
const products = new Set(["BatchMatMul", "_FusedMatMul"]);

/**
 * Rows and columns of values when they first were the right operand of a product. The shipped kernel packs them then and
 * finds the packing again by the values alone: with a reshaped operand it would compute wrong numbers and write outside
 * of its result.
 */
const layouts = new WeakMap<object, string>();

function shippedKernel(name: string): tf.KernelFunc {
  const found = shipped.get(name) ?? tf.getKernel(name, "wasm")?.kernelFunc;
  if (!found) throw new Error(`the wasm backend has no kernel ${name}`);
  return found;
}

/**
 * A run of a kernel: calls shipped kernels on raw tensors, outside of the engine's bookkeeping, and frees what they made.
 */
export class Run {
  readonly memory: WasmMemory;
  private readonly made: tf.TensorInfo[] = [];

  constructor(memory: WasmMemory) {
    this.memory = memory;
  }

  /** Runs a kernel as the backend ships it; the result is freed at the end of the run. */
  call(name: string, inputs: Inputs, attrs: Attributes = {}): tf.TensorInfo {
    const kernel = shippedKernel(name);
    let given = inputs;
    if (products.has(name)) {
      const b = this.weights(inputs.b!);
      if (b !== inputs.b) given = { ...inputs, b };
    }
    const result = kernel({
      inputs: given,
      backend: this.memory as never,
      attrs: attrs as never,
    }) as tf.TensorInfo;
    this.made.push(result);
    return result;
  }

  /** The right operand of a product, copied where its values were one of another shape before; see {@link layouts}. */
  private weights(b: tf.TensorInfo): tf.TensorInfo {
    const { length } = b.shape;
    const layout = `${b.shape[length - 2]} ${b.shape[length - 1]}`;
    const known = layouts.get(b.dataId);
    if (known === undefined) layouts.set(b.dataId, layout);
    return known === undefined || known === layout ? b : this.call("Identity", { x: b });
  }

  /** A tensor to be filled; freed at the end of the run. Making one may move the heap from under earlier views. */
  make(shape: number[]): tf.TensorInfo {
    const made = this.memory.makeOutput(shape, "float32");
    this.made.push(made);
    return made;
  }

  /** The values of a tensor, valid until the next tensor is made. */
  values(tensor: tf.TensorInfo): Float32Array {
    return this.memory.typedArrayFromHeap(tensor);
  }

  /** Where the values of a tensor start in the heap, in bytes; stays when the heap grows. */
  address(tensor: tf.TensorInfo): number {
    return this.memory.getMemoryOffset(tensor.dataId);
  }

  /** A tensor of zeros to be added to; freed at the end of the run. */
  zeros(shape: number[]): tf.TensorInfo {
    const made = this.make(shape);
    this.values(made).fill(0);
    return made;
  }

  /** Loops over the heap. */
  get simd(): Simd {
    return simdOf(this.memory.wasm);
  }

  /** The same values in another shape; shares its memory. */
  view(tensor: tf.TensorInfo, shape: number[]): tf.TensorInfo {
    return { dataId: tensor.dataId, shape, dtype: tensor.dtype };
  }

  transpose(x: tf.TensorInfo, perm: number[]): tf.TensorInfo {
    return this.call("Transpose", { x }, { perm });
  }

  /** Frees everything that was made, except the results. */
  finish<T extends tf.TensorInfo | tf.TensorInfo[]>(result: T): T {
    // Small operations cost little more than this call: the usual single result takes no list.
    const isKept = Array.isArray(result)
      ? (dataId: object) => result.some((kept) => kept.dataId === dataId)
      : (dataId: object) => result.dataId === dataId;
    for (const { dataId } of this.made) if (!isKept(dataId)) this.memory.disposeData(dataId);
    return result;
  }
}

/**
 * Registers a kernel for the wasm backend, over the shipped one where there is one.
 *
 * @param kernelName - Name in the engine.
 * @param compute - Makes the output with the help of a {@link Run}.
 */
export function registerWasmKernel(
  kernelName: string,
  compute: (run: Run, inputs: Inputs, attrs: Attributes) => tf.TensorInfo | tf.TensorInfo[],
): void {
  const existing = tf.getKernel(kernelName, "wasm");
  if (existing) {
    shipped.set(kernelName, existing.kernelFunc);
    tf.unregisterKernel(kernelName, "wasm");
  }
  tf.registerKernel({
    kernelName,
    backendName: "wasm",
    ...(existing?.setupFunc ? { setupFunc: existing.setupFunc } : {}),
    ...(existing?.disposeFunc ? { disposeFunc: existing.disposeFunc } : {}),
    kernelFunc: ({ inputs, backend, attrs }) => {
      const run = new Run(backend as unknown as WasmMemory);
      return run.finish(compute(run, inputs as Inputs, (attrs ?? {}) as Attributes));
    },
  });
}
