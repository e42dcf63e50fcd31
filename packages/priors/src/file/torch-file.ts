import { DataError } from "@lab/core";
import { findStoredFile } from "./stored-zip.js";
import { Unpickler } from "./unpickler.js";

/** Values of a tensor that `torch.save` wrote. */
export interface TorchTensor {
  data: Float32Array;
  shape: readonly number[];
}

const STORAGES: Record<string, (bytes: Uint8Array) => ArrayLike<number>> = {
  FloatStorage: (bytes) => new Float32Array(aligned(bytes, 4)),
  DoubleStorage: (bytes) => new Float64Array(aligned(bytes, 8)),
};

/** A copy of whole values; archives align their files at will. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  return Uint8Array.from(bytes.subarray(0, bytes.length - (bytes.length % size))).buffer;
}

/**
 * Reads a file that holds one float tensor, as `torch.save(tensor, path)` writes it since PyTorch 1.6: a zip archive
 * without compression with a pickle. Nothing of the pickle is executed: only the few words that describe a tensor are known.
 *
 * @throws {@link DataError} with the offset for anything else.
 */
export function readTorchTensor(bytes: Uint8Array, path: string): TorchTensor {
  const pickle = findStoredFile(bytes, path, (name) => name.endsWith("/data.pkl"));
  const { storage, offset, shape, stride } = new Unpickler(pickle.bytes, path, pickle.offset).tensor();
  const make = STORAGES[storage.type];
  if (!make) {
    throw new DataError(`readTorchTensor: ${path} stores ${storage.type}; float32 or float64 was expected`, {
      path,
    });
  }
  const values = make(findStoredFile(bytes, path, (name) => name.endsWith(`/data/${storage.key}`)).bytes);
  const size = shape.reduce((product, n) => product * n, 1);
  const data = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let [rest, at] = [i, offset];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * stride[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    if (at >= values.length) {
      throw new DataError(
        `readTorchTensor: ${path} stores ${values.length} values; its shape reaches value ${at}`,
        { path },
      );
    }
    data[i] = values[at]!;
  }
  return { data, shape };
}
