import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** A published checksum. */
export interface Checksum {
  /** How it is computed. */
  algorithm: "sha256" | "md5";
  /** Its value as hexadecimal digits. */
  hex: string;
}

/** Size and checksum of a file, unpacked when `isGzipped`, read as a stream. */
export async function digest(
  path: string,
  algorithm: Checksum["algorithm"],
  isGzipped = false,
  signal?: AbortSignal,
): Promise<{ bytes: number; hex: string }> {
  const hash = createHash(algorithm);
  let bytes = 0;
  await pipeline(
    createReadStream(path),
    isGzipped ? createGunzip() : new PassThrough(),
    async (source: AsyncIterable<Uint8Array>) => {
      for await (const piece of source) {
        hash.update(piece);
        bytes += piece.length;
      }
    },
    { ...(signal && { signal }) },
  );
  return { bytes, hex: hash.digest("hex") };
}
