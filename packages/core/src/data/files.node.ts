import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cacheFolder } from "../download/index.js";
import { DataError } from "../errors/index.js";

/** Largest file, unpacked, that the readers take into memory. */
const MAX_BYTES = 2 ** 32;

/** Bytes of a file, unpacked when they are gzipped. */
export function readBytes(caller: string, path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    throw new DataError(
      `${caller}: ${path} cannot be read (${message(cause)}); a readable file was expected`,
      { path },
      { cause },
    );
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_BYTES });
  } catch (cause) {
    throw new DataError(
      `${caller}: ${path} cannot be unpacked after ${bytes.length} bytes (${message(cause)}); a whole gzip file was expected`,
      { path, offset: bytes.length },
      { cause },
    );
  }
}

function message(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The path of a plain or gzipped file under one of its names in a folder. */
export function fileIn(folder: string, names: readonly string[]): string | undefined {
  for (const name of names) {
    for (const path of [join(folder, name), join(folder, `${name}.gz`)]) {
      if (existsSync(path) && statSync(path).isFile()) return path;
    }
  }
  return undefined;
}

/** Folders in which data are looked for when none is given. */
export function defaultFolders(): { dir: string; source: string }[] {
  const { LAB_DATA_DIR } = process.env;
  const cache = { dir: cacheFolder(), source: "cache" };
  return LAB_DATA_DIR ? [{ dir: LAB_DATA_DIR, source: "LAB_DATA_DIR" }, cache] : [cache];
}

/** A folder below another. */
export function subfolder(dir: string, name: string): string {
  return join(dir, name);
}
