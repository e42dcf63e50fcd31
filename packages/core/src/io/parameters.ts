import type { Tensor } from "@tensorflow/tfjs-core";
import { readSafetensors } from "./safetensors/reader.js";
import { writeSafetensors } from "./safetensors/writer.js";

/**
 * Writes named parameters to a safetensors file, atomically.
 *
 * @param path - The file.
 * @param parameters - Tensors by name, such as `parameters(model)` of `@lab/core/nn`; they stay the caller's.
 * @param metadata - Texts that go into the header.
 * @throws {@link DataError} when the file cannot be written.
 */
export async function saveParameters(
  path: string,
  parameters: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeSafetensors(path, parameters, metadata);
}

/**
 * Reads all tensors of a safetensors file.
 *
 * @param path - The file.
 * @returns Tensors by name, in the order of the file, which belong to the caller.
 * @throws {@link DataError} with the path and the offset when the file is not what the format says; no tensor is left then.
 */
export async function loadParameters(path: string): Promise<Map<string, Tensor>> {
  const loaded = new Map<string, Tensor>();
  try {
    for await (const [name, tensor] of readSafetensors(path)) loaded.set(name, tensor);
    return loaded;
  } catch (error) {
    for (const tensor of loaded.values()) tensor.dispose();
    throw error;
  }
}
