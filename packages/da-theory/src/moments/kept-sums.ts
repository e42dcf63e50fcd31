import { DataError } from "@lab/core";
import { nodeModule, readSafetensors, writeSafetensors } from "@lab/core/io";

/** Sums that steps add to, by name. */
export type Sums = Readonly<Record<string, Float64Array>>;

/** Time between two writes, in milliseconds. */
const KEEP_MS = 10_000;

/** Where a file left off. */
interface Left {
  stage: string;
  done: number;
  isOver: boolean;
}

/** Sums of long loops, in a file where one is given: stopped, the loops go on from it. */
export class KeptSums {
  private left: Left | undefined;
  private last = performance.now();

  /** Without a path nothing is kept. */
  constructor(
    private readonly caller = "",
    private readonly path?: string,
    private readonly owner = "",
  ) {}

  /**
   * Opens a file of sums, or makes ready for a new one.
   *
   * @param caller - Whom messages name.
   * @param path - The file; without one nothing is kept.
   * @param words - What the sums depend on, as plain data.
   * @param values - And as numbers.
   * @returns The sums.
   * @throws {@link DataError} when the file is damaged or belongs to other data.
   */
  static async open(
    caller: string,
    path: string | undefined,
    words: unknown,
    values: readonly (Float32Array | Float64Array)[],
  ): Promise<KeptSums> {
    if (path === undefined) return new KeptSums(caller);
    const { existsSync } = nodeModule<typeof import("node:fs")>("node:fs", caller);
    const { createHash } = nodeModule<typeof import("node:crypto")>("node:crypto", caller);
    const hash = createHash("sha256").update(JSON.stringify(words));
    for (const { buffer, byteOffset, byteLength } of values)
      hash.update(new Uint8Array(buffer, byteOffset, byteLength));
    const kept = new KeptSums(caller, path, hash.digest("hex"));
    if (!existsSync(path)) return kept;
    const { metadata } = readSafetensors(path);
    if (metadata.owner !== kept.owner)
      throw new DataError(
        `${caller}: checkpoint ${path} belongs to other data or options; the file of the same call was expected; remove it to start anew`,
        { path },
      );
    kept.left = JSON.parse(metadata.left ?? "") as Left;
    return kept;
  }

  /**
   * Takes steps 0, 1, … until one says that no other follows; sums are kept now and then, at the end, and on a failure.
   *
   * @param stage - Name of the loop; later loops of one call have other names and keep the sums of earlier ones.
   * @param sums - What the steps add to.
   * @param step - Takes one step. It changes the sums only once nothing can stop it any more.
   */
  async steps(stage: string, sums: Sums, step: (at: number) => Promise<boolean>): Promise<void> {
    let { done, isOver } = await this.restore(stage, sums);
    const doneBefore = done;
    try {
      while (!isOver) {
        isOver = !(await step(done));
        done++;
        if (isOver || performance.now() - this.last >= KEEP_MS)
          await this.keep({ stage, done, isOver }, sums);
      }
    } catch (error) {
      if (done > doneBefore) await this.keep({ stage, done, isOver: false }, sums);
      throw error;
    }
  }

  /** Fills the sums when the file is of this loop or of a later one. */
  private async restore(stage: string, sums: Sums): Promise<Left> {
    const fresh = { stage, done: 0, isOver: false };
    if (!this.left || this.path === undefined) return fresh;
    const reader = readSafetensors(this.path);
    for (const [name, values] of Object.entries(sums)) {
      if (!reader.has(name) || reader.info(name).shape[0] !== values.length)
        throw new DataError(
          `${this.caller}: checkpoint ${this.path} has no sums ${name} of ${values.length} values; a file of the same call was expected; remove it to start anew`,
          { path: this.path },
        );
      values.set((await reader.array(name)) as Float64Array);
    }
    const { left } = this;
    if (left.stage !== stage) return { ...fresh, isOver: true };
    this.left = undefined; // loops after this one begin anew
    return left;
  }

  private async keep(left: Left, sums: Sums): Promise<void> {
    if (this.path === undefined) return;
    const entries = Object.entries(sums).map(([name, data]) => [
      name,
      { dtype: "F64" as const, shape: [data.length], data },
    ]);
    const metadata = { owner: this.owner, left: JSON.stringify(left) };
    await writeSafetensors(this.path, Object.fromEntries(entries), metadata);
    this.last = performance.now();
  }
}
