import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DataError } from "../errors/index.js";

/** SHA-256 of a file in hexadecimal, read in pieces. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}

/**
 * Downloads a file, going on where an earlier attempt stopped, and gives it its name only when its checksum holds.
 *
 * @param url - Where it is.
 * @param target - Where it goes; unfinished bytes stand beside it under `.part`.
 * @param sha256 - Published checksum, hexadecimal.
 * @throws {@link DataError} when the server refuses or the checksum differs; then nothing is kept.
 */
export async function downloadFile(
  url: URL,
  target: string,
  sha256: string,
  signal?: AbortSignal,
): Promise<void> {
  const part = `${target}.part`;
  const have = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const response = await fetch(url, {
    headers: have > 0 ? { range: `bytes=${have}-` } : {},
    ...(signal && { signal }),
  });
  const resumed = response.status === 206;
  // 416: the part is already whole, or longer than the file; the checksum tells.
  if (response.status !== 416) {
    if (!response.ok || response.body === null)
      throw new DataError(
        `tensorflow install: ${fileName(url)} could not be downloaded; the server answered ${response.status}`,
        { path: target },
      );
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
    await pipeline(body, createWriteStream(part, { flags: resumed ? "a" : "w" }), {
      ...(signal && { signal }),
    });
  }
  const found = await sha256OfFile(part);
  if (found !== sha256.toLowerCase()) {
    await rm(part, { force: true });
    throw new DataError(
      `tensorflow install: ${fileName(url)} has the checksum ${found}; ${sha256} was published; run the command again, or give the wheel with --wheel FILE`,
      { path: target },
    );
  }
  await rename(part, target);
}

function fileName(url: URL): string {
  return decodeURIComponent(url.pathname.split("/").at(-1) ?? url.pathname);
}
