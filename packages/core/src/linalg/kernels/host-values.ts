import type { DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import { formatShape } from "../../check/index.js";
import { ArgumentError, BackendError } from "../../errors/index.js";

/** Where the WebGPU backend keeps what it has of a tensor. */
interface WithTensorMap {
  tensorMap?: { get(dataId: object): { values?: unknown } | undefined };
}

/**
 * Values of a kernel's input, read synchronously.
 *
 * @throws {@link BackendError} when they are only on a device that cannot be read synchronously;
 *   {@link ArgumentError} when one is not finite.
 */
export function readHostValues(
  backend: KernelBackend,
  caller: string,
  argument: string,
  tensor: TensorInfo,
  engineName: string,
): Float32Array {
  const held = (backend as unknown as WithTensorMap).tensorMap?.get(tensor.dataId);
  // `null` once the values have been uploaded, undefined before anything was there to be kept.
  if (engineName === "webgpu" && (held?.values ?? undefined) === undefined) {
    throw new BackendError(
      `${caller}: ${argument} with shape ${formatShape(tensor.shape)} is only on the webgpu device; a tensor whose values have been read was expected; \`await ${argument}.data()\` first, or init({ backend: "wasm" })`,
      { backend: engineName },
    );
  }
  const values = backend.readSync(tensor.dataId) as Float32Array;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!)) continue;
    throw new ArgumentError(
      `${caller}: ${argument} with shape ${formatShape(tensor.shape)} has value ${values[i]} at flat index ${i}; finite numbers were expected`,
      { argument, value: values[i] },
    );
  }
  return values;
}

/** A tensor with values from the host. */
export function writeHostValues(
  backend: KernelBackend,
  values: Float32Array,
  shape: readonly number[],
): TensorInfo {
  const dtype: DataType = "float32";
  return { dataId: backend.write(values, [...shape], dtype), shape: [...shape], dtype };
}
