import { readFile } from "node:fs/promises";
import { DataError } from "../../errors/index.js";

/** Bytes of a file. */
export async function fileBytes(caller: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `${caller}: ${path} cannot be read (${reason}); a readable file was expected`,
      { path },
      { cause },
    );
  }
}
