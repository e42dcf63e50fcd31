import { atomicWrite, nodeModule } from "@lab/core/io";

/**
 * A result that is computed once for a folder: read where it is there, else computed and written.
 *
 * @param store - The folder, or an empty text for none.
 * @param key - Name of the result, also of the checkpoint that `compute` gets.
 * @param compute - Makes the result, plain JSON.
 */
export async function storedResult<T>(
  store: string,
  key: string,
  compute: (checkpoint: string | undefined) => Promise<T>,
): Promise<T> {
  if (store === "") return compute(undefined);
  const { readFile, rm } = nodeModule<typeof import("node:fs/promises")>("node:fs/promises", "lab run");
  const path = `${store}/${key}.json`;
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as T;
  const checkpoint = `${store}/${key}.safetensors`;
  const result = await compute(checkpoint);
  await atomicWrite(path, JSON.stringify(result));
  await rm(checkpoint, { force: true });
  return result;
}
