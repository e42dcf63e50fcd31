import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { DataError } from "../../errors/index.js";
import type { ByteSource } from "./reader.js";

/** Most bytes of one read; the system takes no more than 2 GiB at a time. */
const MAX_READ = 2 ** 28;

function broken(path: string, cause: unknown): DataError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataError(
    `readSafetensors: ${path} cannot be read (${reason}); a readable file was expected`,
    { path },
    { cause },
  );
}

/** A file, opened for each read and so never left open; it must stay the same meanwhile. */
export function fileSource(path: string): ByteSource {
  let size: number;
  let identity: string;
  const identify = ({ ino, mtimeMs, size }: { ino: number; mtimeMs: number; size: number }) =>
    `${ino} ${mtimeMs} ${size}`;
  const withFile = <T>(body: (fd: number) => T): T => {
    const fd = openSync(path, "r");
    try {
      return body(fd);
    } finally {
      closeSync(fd);
    }
  };
  try {
    const stat = withFile((fd) => fstatSync(fd));
    if (!stat.isFile()) throw new Error("not a file");
    size = stat.size;
    identity = identify(stat);
  } catch (cause) {
    throw broken(path, cause);
  }
  return {
    path,
    size,
    readHead(length) {
      const out = new Uint8Array(length);
      const read = withFile((fd) => readSync(fd, out, 0, length, 0));
      return out.subarray(0, read);
    },
    async read(offset, pieces) {
      const file = await open(path, "r").catch((cause: unknown) => {
        throw broken(path, cause);
      });
      try {
        if (identify(await file.stat()) !== identity) {
          throw new DataError(
            `readSafetensors: ${path} has changed since its header was read; the same file was expected`,
            { path, offset },
          );
        }
        let from = offset;
        const fill = async (piece: Uint8Array) => {
          for (let at = 0; at < piece.byteLength; ) {
            const { bytesRead } = await file.read(piece, at, Math.min(MAX_READ, piece.byteLength - at), from);
            if (bytesRead === 0) throw broken(path, new Error(`it ends at byte ${from}`));
            at += bytesRead;
            from += bytesRead;
          }
        };
        const iterator = pieces[Symbol.iterator]();
        let next = iterator.next();
        while (!next.done) {
          const reading = fill(next.value);
          try {
            next = iterator.next(); // the one before is used while this one arrives
          } finally {
            await reading;
          }
        }
      } finally {
        await file.close();
      }
    },
  };
}
