import { existsSync } from "node:fs";
import { open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { checkAborted, checkInteger } from "../check/index.js";
import { ArgumentError, DataError } from "../errors/index.js";
import type { Progress } from "../progress/index.js";
import { cacheFolder } from "./cache-folder.node.js";
import { type Checksum, digest } from "./checksum.node.js";
import { withLock } from "./file-lock.node.js";

/** Options of {@link download}. */
export interface DownloadOptions {
  /** Where the file goes. @defaultValue the cache folder, under the last part of the address */
  path?: string;
  /** Published checksum; a file that does not have it is not kept. */
  checksum?: Checksum;
  /** How often a connection that breaks is taken up again, after a growing pause. @defaultValue 5 */
  retries?: number;
  /** Stops; what has arrived is kept for the next time. */
  signal?: AbortSignal | undefined;
  /** Receives the number of bytes. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

const FIRST_PAUSE_MS = 250;

/** Milliseconds without a byte after which a connection counts as broken. */
const SILENCE_MS = 30_000;

/** Answers that may be different next time. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Downloads a file, going on where an earlier attempt broke off, and checks it.
 *
 * What arrives is kept beside the target as `<name>.part` and renamed once it is whole. A server that does not know ranges,
 * or whose file has changed, sends it anew. A file that is already there and has the checksum is not fetched again.
 *
 * @param url - Address, `http:` or `https:`.
 * @param options - See {@link DownloadOptions}.
 * @returns Path of the file.
 * @throws {@link DataError} when the server refuses, keeps breaking off, or the checksum differs; the message has both.
 * @remarks Several processes may ask for one file; one fetches it and the others wait.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<string> {
  const retries = checkInteger("download", "retries", options.retries ?? 5, { min: 0 });
  const { checksum, signal, onProgress } = options;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new ArgumentError(`download: url is ${url}; an http or https address was expected`, {
      argument: "url",
      value: url,
    });
  }
  const name = basename(new URL(url).pathname) || "download";
  const path = options.path ?? join(cacheFolder(), "downloads", name);
  return withLock(path, signal, async () => {
    if (existsSync(path)) {
      if (checksum === undefined) return path;
      if ((await digest(path, checksum.algorithm, false, signal)).hex === checksum.hex) return path;
    }
    const part = `${path}.part`;
    for (let attempt = 0; ; attempt++) {
      checkAborted(signal);
      try {
        await fetchRest(url, part, signal, onProgress);
        break;
      } catch (error) {
        checkAborted(signal);
        if (error instanceof DataError || attempt >= retries) throw wrapped(url, part, error);
        await setTimeout(FIRST_PAUSE_MS * 2 ** Math.min(attempt, 6), undefined, {
          ...(signal && { signal }),
        });
      }
    }
    if (checksum !== undefined) {
      const { hex } = await digest(part, checksum.algorithm, false, signal);
      if (hex !== checksum.hex) {
        await forget(part);
        throw new DataError(
          `download: ${url} has the ${checksum.algorithm} ${hex}; ${checksum.hex} was expected; what arrived has been deleted`,
          { path: url },
        );
      }
    }
    await rename(part, path);
    await rm(`${part}.json`, { force: true });
    return path;
  });
}

function wrapped(url: string, part: string, error: unknown): DataError {
  if (error instanceof DataError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataError(
    `download: ${url} keeps breaking off (${reason}); a whole file was expected; what arrived is kept in ${part} for the next attempt`,
    { path: url },
    { cause: error },
  );
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.json`, { force: true });
}

/** Which version of the file a part belongs to. */
interface Origin {
  url: string;
  validator?: string;
}

async function originOf(part: string): Promise<Origin | undefined> {
  try {
    return JSON.parse(await readFile(`${part}.json`, "utf8")) as Origin;
  } catch {
    return undefined;
  }
}

/** Appends what is missing to the part; one connection. */
async function fetchRest(
  url: string,
  part: string,
  signal: AbortSignal | undefined,
  onProgress: ((progress: Progress) => void) | undefined,
): Promise<void> {
  const origin = await originOf(part);
  if (origin?.url !== url) await forget(part);
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  const silence = new AbortController();
  const timer = globalThis.setTimeout(() => silence.abort(new Error("no byte for 30 s")), SILENCE_MS);
  const stop = signal ? AbortSignal.any([signal, silence.signal]) : silence.signal;
  try {
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (have > 0) {
      headers.range = `bytes=${have}-`;
      if (origin?.validator) headers["if-range"] = origin.validator;
    }
    const response = await fetch(url, { headers, signal: stop });
    if (response.status === 416) {
      // Either everything is here already, or the file has shrunk.
      const total = Number(/\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1]);
      await response.body?.cancel();
      if (total === have) return;
      await forget(part);
      throw new Error("the file has changed");
    }
    if (!response.ok || response.body === null) {
      const answer = `${response.status} ${response.statusText}`.trim();
      await response.body?.cancel();
      if (PASSING.has(response.status)) throw new Error(`the server answers ${answer}`);
      throw new DataError(`download: ${url} answers ${answer}; the file was expected`, { path: url });
    }
    const from = response.status === 206 ? rangeStart(response) : 0;
    if (from !== 0 && from !== have)
      throw new Error(`the server sends bytes from ${from} instead of ${have}`);
    const length = response.headers.get("content-length");
    const total = length === null ? undefined : from + Number(length);
    const etag = response.headers.get("etag");
    const strong = etag?.startsWith("W/") ? null : etag;
    const validator = strong ?? response.headers.get("last-modified");
    await writeFile(
      `${part}.json`,
      JSON.stringify({ url, ...(validator && { validator }) } satisfies Origin),
    );

    const file = await open(part, from === 0 ? "w" : "a");
    try {
      let done = from;
      for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
        timer.refresh();
        for (let at = 0; at < piece.length; ) at += (await file.write(piece, at)).bytesWritten;
        done += piece.length;
        onProgress?.({ done, ...(total !== undefined && { total }) });
      }
      if (total !== undefined && done !== total) throw new Error(`it ended at byte ${done} of ${total}`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

function rangeStart(response: Response): number {
  return Number(/^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1] ?? Number.NaN);
}
