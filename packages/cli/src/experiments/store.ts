import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DataError, type DeviceInfo } from "@lab/core";
import type { Mode } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";

/** One finished seed on disk. */
export interface StoredRun {
  experiment: string;
  mode: Mode;
  seed: number;
  /** Hash of everything that the result depends on. */
  key: string;
  result: unknown;
  device: DeviceInfo;
  versions: Record<string, string>;
  /** How the data were found; which they were is in the notes of the result. The path stays out, so that results can be shared. */
  data: "given" | "LAB_DATA_DIR" | "looked up";
  seconds: number;
  finished: string;
}

/** Hash of what a result depends on. */
export function runKey(parts: unknown): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 32);
}

/** The results of one experiment in one mode, a file a seed. */
export class RunStore {
  readonly folder: string;

  constructor(out: string, experiment: string, mode: Mode) {
    this.folder = join(out, experiment.replaceAll("/", "-"), mode);
  }

  private file(seed: number): string {
    return join(this.folder, `seed-${seed}.json`);
  }

  /** Folder for what an unfinished seed keeps; emptied when it belongs to other code or parameters. */
  partial(seed: number, key: string): string {
    const folder = join(this.folder, `seed-${seed}`);
    const owner = join(folder, `key-${key}`);
    if (existsSync(folder) && !existsSync(owner)) rmSync(folder, { recursive: true });
    mkdirSync(owner, { recursive: true });
    return folder;
  }

  /** The finished seed, when it was made by this code, these parameters and this data. */
  read(seed: number, key: string): StoredRun | undefined {
    if (!existsSync(this.file(seed))) return undefined;
    const run = parse(this.file(seed));
    return run.key === key ? run : undefined;
  }

  async write(run: StoredRun): Promise<void> {
    mkdirSync(this.folder, { recursive: true });
    await atomicWrite(this.file(run.seed), new TextEncoder().encode(`${JSON.stringify(run, null, 1)}\n`));
    rmSync(join(this.folder, `seed-${run.seed}`), { recursive: true, force: true });
  }

  /** Forgets every seed. */
  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Every finished seed, in order. */
  all(): StoredRun[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => /^seed-\d+\.json$/.test(name))
      .map((name) => parse(join(this.folder, name)))
      .sort((a, b) => a.seed - b.seed);
  }
}

function parse(path: string): StoredRun {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as StoredRun;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `lab: ${path} is not a stored result (${reason}); delete it to compute it again`,
      { path },
      { cause },
    );
  }
}
