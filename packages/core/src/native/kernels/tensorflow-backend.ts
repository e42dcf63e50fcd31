import * as tf from "@tensorflow/tfjs-core";

/** Attribute of a raw TensorFlow op. */
export interface OpAttribute {
  /** Name in TensorFlow's op definition. */
  name: string;
  /** Kind of the value, one of the binding's `TF_ATTR_` numbers. */
  type: number;
  /** The value. */
  value: unknown;
}

/** What the binding under tfjs-node offers beyond the engine's interface. */
export interface TensorflowBackend extends tf.KernelBackend {
  /** The native module. */
  readonly binding: {
    readonly TF_Version: string;
    readonly TF_ATTR_STRING: number;
    readonly TF_ATTR_INT: number;
    readonly TF_ATTR_FLOAT: number;
    readonly TF_ATTR_BOOL: number;
    readonly TF_ATTR_TYPE: number;
    readonly TF_FLOAT: number;
    readonly TF_INT32: number;
    isUsingGpuDevice(): boolean;
  };
  /** Runs an op with one output. */
  executeSingleOutput(name: string, attributes: OpAttribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  /** Runs an op with several outputs. */
  executeMultipleOutputs(
    name: string,
    attributes: OpAttribute[],
    inputs: tf.TensorInfo[],
    count: number,
  ): tf.Tensor[];
}

/** Name under which tfjs-node registers itself with the engine. */
export const engineName = "tensorflow";

/** Attributes of raw ops, for one backend. */
export function attributesFor({ binding }: TensorflowBackend) {
  const attribute = (type: number) => (name: string, value: unknown) => ({ name, type, value });
  const type = attribute(binding.TF_ATTR_TYPE);
  return {
    float32: (name = "T") => type(name, binding.TF_FLOAT),
    int32: (name: string) => type(name, binding.TF_INT32),
    text: attribute(binding.TF_ATTR_STRING) as (name: string, value: string) => OpAttribute,
    ints: attribute(binding.TF_ATTR_INT) as (name: string, value: number | readonly number[]) => OpAttribute,
    float: attribute(binding.TF_ATTR_FLOAT) as (name: string, value: number) => OpAttribute,
    flag: attribute(binding.TF_ATTR_BOOL) as (name: string, value: boolean) => OpAttribute,
  };
}

/** What a kernel function gets, with the backend's real type. */
export interface KernelCall<Inputs extends string> {
  /** Tensors by name. */
  inputs: Record<Inputs, tf.Tensor>;
  /** Plain values by name. */
  attrs: Record<string, unknown>;
  /** The backend. */
  backend: TensorflowBackend;
}

/** Registers a kernel on this backend, over the shipped one where there is one. */
export function registerNative<Inputs extends string>(
  kernelName: string,
  kernelFunc: (call: KernelCall<Inputs>) => tf.TensorInfo | tf.TensorInfo[],
): void {
  if (tf.getKernel(kernelName, engineName)) tf.unregisterKernel(kernelName, engineName);
  tf.registerKernel({
    kernelName,
    backendName: engineName,
    kernelFunc: kernelFunc as unknown as tf.KernelFunc,
  });
}

/** Runs a kernel that only this backend has; its outputs as a list. */
export function runNative(
  kernelName: string,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown> = {},
): tf.Tensor[] {
  const result: unknown = tf
    .engine()
    .runKernel(kernelName, inputs as tf.NamedTensorMap, attributes as unknown as tf.NamedAttrMap);
  return Array.isArray(result) ? (result as tf.Tensor[]) : [result as tf.Tensor];
}

/**
 * Replaces an op's gradient where this backend computes; the gradient known before answers on the others.
 */
export function overGradient(
  kernelName: string,
  native: (
    dy: tf.Tensor,
    saved: tf.Tensor[],
    attributes: Record<string, unknown>,
  ) => Record<string, () => tf.Tensor> | undefined,
): void {
  const known = tf.getGradient(kernelName)!;
  tf.registerGradient({
    ...known,
    gradFunc: (dy, saved, attributes) =>
      (tf.engine().backendName === engineName
        ? native(dy as tf.Tensor, saved, attributes as unknown as Record<string, unknown>)
        : undefined) ?? known.gradFunc(dy, saved, attributes),
  });
}
