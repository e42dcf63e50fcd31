import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DataError } from "../errors/index.js";

/**
 * Writes a file so that it is there whole or not at all: to a temporary name beside it, flushed to the disk, renamed.
 *
 * A reader, or a program killed at any moment, meets the old content or the new one. Missing folders are made.
 *
 * @param path - The file.
 * @param bytes - Its content; a text is written as UTF-8.
 * @throws {@link DataError} with the path when the file cannot be written; the temporary file is removed.
 * @example
 * ```ts
 * import { readFile, mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { atomicWrite } from "@lab/core/io";
 *
 * const path = join(await mkdtemp(join(tmpdir(), "lab-")), "results", "run.json");
 * await atomicWrite(path, JSON.stringify({ loss: 0.25 }));
 * await readFile(path, "utf8"); // => '{"loss":0.25}'
 * ```
 */
export async function atomicWrite(path: string, bytes: Uint8Array | string): Promise<void> {
  await atomicWriteWith(path, async (write) => write(typeof bytes === "string" ? Buffer.from(bytes) : bytes));
}

/**
 * Like {@link atomicWrite}, for content that comes in pieces.
 *
 * @param path - The file.
 * @param body - Calls `write` with one piece after another; the file appears when it resolves.
 */
export async function atomicWriteWith(
  path: string,
  body: (write: (bytes: Uint8Array) => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  let isOurs = true; // whether a failure is the file system's, not the caller's
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, "wx");
    try {
      isOurs = false;
      await body(async (bytes) => {
        isOurs = true;
        for (let at = 0; at < bytes.byteLength; ) {
          at += (await file.write(bytes, at, bytes.byteLength - at)).bytesWritten;
        }
        isOurs = false;
      });
      isOurs = true;
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await flushFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (!isOurs) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(`atomicWrite: path ${path} cannot be written (${reason})`, { path }, { cause });
  }
}

/** Makes a rename survive a power cut, where the system can flush a folder. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
