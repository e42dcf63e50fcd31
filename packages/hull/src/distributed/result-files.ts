import { DataError } from "@lab/core";
import { atomicWrite } from "@lab/core/io";

/** Version of the stored results: another one is computed anew. */
export const FORMAT = 2;

/** A hash of texts and bytes that names a result. */
export async function hashOf(...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const { createHash } = await import("node:crypto");
  const hash = createHash("sha256").update(`${FORMAT}/`);
  for (const part of parts) hash.update(part).update("/");
  return hash.digest("hex").slice(0, 32);
}

interface Stored {
  format: number;
  key: string;
  /** Hash of the output. */
  crc: string;
  output: unknown;
}

/**
 * Results in a folder, one file each; the file is the same whoever computed it.
 *
 * A file that is damaged, of another format or under another key counts as missing.
 */
export class ResultFiles {
  private constructor(readonly folder: string) {}

  /**
   * Opens a folder for results about some points.
   *
   * @throws `DataError` when it holds results about others.
   */
  static async open(caller: string, folder: string, points: string): Promise<ResultFiles> {
    const { mkdir, readFile } = await import("node:fs/promises");
    const { join } = await import("node:path");
    await mkdir(folder, { recursive: true });
    const manifest = join(folder, "points.json");
    const known = await readFile(manifest, "utf8").then(JSON.parse, () => null);
    if (known !== null && known.points !== points) {
      throw new DataError(
        `${caller}: checkpoint belongs to other data; results for points ${points} were expected; name another folder`,
        { path: folder },
      );
    }
    await atomicWrite(manifest, new TextEncoder().encode(JSON.stringify({ points, format: FORMAT })));
    return new ResultFiles(folder);
  }

  private async path(key: string): Promise<string> {
    return (await import("node:path")).join(this.folder, `${key}.json`);
  }

  /** A stored result, or `undefined`. */
  async read(key: string): Promise<unknown> {
    const { readFile } = await import("node:fs/promises");
    try {
      const stored = JSON.parse(await readFile(await this.path(key), "utf8")) as Stored;
      const isOurs = stored.format === FORMAT && stored.key === key;
      return isOurs && stored.crc === (await hashOf(JSON.stringify(stored.output)))
        ? stored.output
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps a result. */
  async write(key: string, output: unknown): Promise<void> {
    const crc = await hashOf(JSON.stringify(output));
    const stored: Stored = { format: FORMAT, key, crc, output };
    await atomicWrite(await this.path(key), new TextEncoder().encode(JSON.stringify(stored)));
  }
}
