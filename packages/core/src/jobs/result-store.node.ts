import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { atomicWrite } from "../io/index.js";

/** Result of a finished task as it is kept. */
interface Stored {
  name: string;
  key: string;
  output: unknown;
}

/** A hash that names a task in files and on queues. */
export function taskHash(...parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** Results in a folder, one file a task. */
export class ResultStore {
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
  }

  /** A name people can read, and a hash that keeps apart what the name cannot. */
  #path(key: string): string {
    const readable = key.replace(/[^A-Za-z0-9._-]+/g, "_").slice(0, 80);
    return join(this.#folder, `${readable}-${taskHash(this.#name, key).slice(0, 12)}.json`);
  }

  /** The result of a task, or `undefined` when there is none that can be read. */
  async read(key: string): Promise<{ output: unknown } | undefined> {
    try {
      const stored = JSON.parse(await readFile(this.#path(key), "utf8")) as Stored;
      const isOurs = stored.name === this.#name && stored.key === key && "output" in stored;
      return isOurs ? { output: stored.output } : undefined;
    } catch {
      return undefined; // missing, or damaged by something else: it is computed again
    }
  }

  /** Keeps the result of a task. */
  async write(key: string, output: unknown): Promise<void> {
    await atomicWrite(this.#path(key), JSON.stringify({ name: this.#name, key, output } satisfies Stored));
  }
}
