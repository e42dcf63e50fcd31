import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

const PIECE = 2 ** 22;

/** Bytes kept in a temporary file beside the one they will go to. */
export class Spool {
  readonly #path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** A spool in the folder of `target`. */
  static async create(target: string): Promise<Spool> {
    await mkdir(dirname(target), { recursive: true });
    const path = join(dirname(target), `.${basename(target)}.${randomUUID()}.spool.tmp`);
    return new Spool(path, await open(path, "wx+"));
  }

  /** Appends bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }

  /** All bytes, in pieces that share one buffer. */
  async *pieces(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(PIECE);
    for (let from = 0; ; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, PIECE, from);
      if (bytesRead === 0) return;
      from += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Deletes the file. */
  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}
