import { checkAborted } from "@lab/core";
import { type Rows, readChunk, type SourceAddress } from "../points/points.js";
import { ResultFiles } from "./result-files.js";

/** Where the tasks of a call keep their results, and where workers find the points. */
export interface TaskFolder {
  /** Results so far. */
  files: ResultFiles;
  /** Hash of the points. */
  points: string;
  /** The points as workers open them; rows without an address are copied to the folder first. */
  address(): Promise<SourceAddress>;
}

/** Runs `work` with a folder: the checkpoint, or one that is removed afterwards. */
export async function withTaskFolder<T>(
  caller: string,
  rows: Rows,
  checkpoint: string | undefined,
  signal: AbortSignal | undefined,
  work: (folder: TaskFolder) => Promise<T>,
): Promise<T> {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const path = checkpoint ?? (await mkdtemp(join((await import("node:os")).tmpdir(), "lab-hull-")));
  try {
    const points = await contentHash(rows, signal);
    const files = await ResultFiles.open(caller, path, points);
    const address = async () =>
      rows.source?.address ?? (await copied(rows, join(path, `points-${points}.bin`)));
    return await work({ files, points, address });
  } finally {
    if (checkpoint === undefined) await rm(path, { recursive: true, force: true });
  }
}

const hashes = new WeakMap<object, string>();

/** A hash of shape, type and values; of the identifier of a source that has one. */
async function contentHash(rows: Rows, signal: AbortSignal | undefined): Promise<string> {
  const owner = rows.data ?? rows.source!;
  const known = hashes.get(owner);
  if (known !== undefined) return known;
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256").update(`${rows.n},${rows.d},${rows.dtype}`);
  if (rows.source?.id !== undefined) hash.update(rows.source.id);
  else {
    for (let start = 0; start < rows.n; start += 8192) {
      checkAborted(signal);
      hash.update(bytesOf(await readChunk(rows, start, Math.min(8192, rows.n - start))));
    }
  }
  const points = hash.digest("hex").slice(0, 32);
  if (rows.source !== null) hashes.set(owner, points);
  return points;
}

function bytesOf(values: ArrayLike<number>): Uint8Array {
  const view = ArrayBuffer.isView(values) ? (values as Float64Array) : Float64Array.from(values);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Writes rows to a headerless file for workers. */
async function copied(rows: Rows, path: string): Promise<SourceAddress> {
  const { open, rename, stat } = await import("node:fs/promises");
  const address: SourceAddress = {
    format: "raw",
    path,
    shape: [rows.n, rows.d],
    dtype: rows.dtype,
    offset: 0,
  };
  if (await stat(path).catch(() => null)) return address;
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, "w");
  try {
    for (let start = 0; start < rows.n; start += 8192) {
      await file.write(bytesOf(await readChunk(rows, start, Math.min(8192, rows.n - start))));
    }
  } finally {
    await file.close();
  }
  await rename(part, path);
  return address;
}
