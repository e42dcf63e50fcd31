import { rm } from "node:fs/promises";
import { join } from "node:path";
import { checkChoice } from "../../check/index.js";
import { cacheFolder, digest, download } from "../../download/index.js";
import type { Progress } from "../../progress/index.js";
import { fileIn } from "../files.node.js";
import { type DataLocation, findData } from "../locate.js";
import { type DataDownload, type DataName, type DataSource, dataSources } from "../sources.js";
import { extractMembers } from "./tar.node.js";

/** Options of {@link downloadData}. */
export interface DownloadDataOptions {
  /** Folder in which the data set's own folder is made. @defaultValue the cache folder */
  dir?: string;
  /** Address of a folder that holds the files under their names, in place of the published addresses. */
  mirror?: string;
  /** Stops; what has arrived is kept for the next time. */
  signal?: AbortSignal | undefined;
  /** Receives the number of bytes of the current file, and its name as the message. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

function sourceOf(caller: string, name: DataName): DataSource {
  const names = dataSources.map((source) => source.name);
  checkChoice(caller, "name", name, names);
  return dataSources.find((source) => source.name === name)!;
}

/**
 * Downloads a data set from where its authors publish it, checks it against the published checksums, and unpacks what the
 * readers need. What is there already is not fetched again.
 *
 * @param name - A name of {@link dataSources}.
 * @param options - See {@link DownloadDataOptions}.
 * @returns Where it is, as {@link findData} would say.
 * @throws {@link DataError} when a file cannot be fetched or is not the published one; {@link ArgumentError} for an unknown name.
 */
export async function downloadData(name: DataName, options: DownloadDataOptions = {}): Promise<DataLocation> {
  const source = sourceOf("downloadData", name);
  const folder = join(options.dir ?? cacheFolder(), source.folders[0]!);
  for (const item of source.downloads) await fetchItem(item, folder, options);
  return { dir: folder, source: options.dir === undefined ? "cache" : "dir" };
}

async function fetchItem(item: DataDownload, folder: string, options: DownloadDataOptions): Promise<void> {
  const { file, checksum, members } = item;
  if (members?.every((member) => fileIn(folder, [member]) !== undefined)) return;
  const { mirror, signal, onProgress } = options;
  const url = mirror === undefined ? item.url : `${mirror.replace(/\/$/, "")}/${file}`;
  const path = await download(url, {
    path: join(folder, file),
    ...(checksum && { checksum }),
    signal,
    onProgress: (progress) => onProgress?.({ ...progress, message: file }),
  });
  if (members === undefined) return;
  await extractMembers(path, folder, members);
  await rm(path);
}

/** What is known of one file of a data set. */
export interface DataCheck {
  /** Name of the file. */
  file: string;
  /** Where it is, when it is there. */
  path?: string;
  /** Bytes when unpacked, when it could be read. */
  bytes?: number;
  /** Whether it has the size, and where one is known the checksum, that it should have. */
  status: "ok" | "missing" | "unreadable" | "wrong size" | "wrong checksum";
}

/** Options of {@link checkData}. */
export interface CheckDataOptions {
  /** Folder to look in before `LAB_DATA_DIR` and the cache. */
  dir?: string | undefined;
  /** Stops the check. */
  signal?: AbortSignal | undefined;
}

/**
 * Compares the files of a data set with their known sizes and checksums, unpacked.
 *
 * @param name - A name of {@link dataSources}.
 * @param options - See {@link CheckDataOptions}.
 * @returns One entry a file. A part of a data set, such as one batch of CIFAR-10, has files that are missing or of another
 * size; the readers take it all the same.
 * @throws {@link ArgumentError} for an unknown name.
 */
export async function checkData(name: DataName, options: CheckDataOptions = {}): Promise<DataCheck[]> {
  const source = sourceOf("checkData", name);
  const found = await findData(name, { dir: options.dir });
  const checks: DataCheck[] = [];
  for (const [file, size] of Object.entries(source.sizes)) {
    const path = found ? fileIn(found.dir, source.aliases?.[file] ?? [file]) : undefined;
    if (path === undefined) {
      checks.push({ file, status: "missing" });
      continue;
    }
    try {
      const { bytes, hex } = await digest(path, "sha256", path.endsWith(".gz"), options.signal);
      const known = source.sha256?.[file];
      const status = bytes !== size ? "wrong size" : known && known !== hex ? "wrong checksum" : "ok";
      checks.push({ file, path, bytes, status });
    } catch {
      options.signal?.throwIfAborted();
      checks.push({ file, path, status: "unreadable" });
    }
  }
  return checks;
}
