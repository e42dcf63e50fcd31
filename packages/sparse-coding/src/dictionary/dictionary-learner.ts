import {
  checkAborted,
  checkChoice,
  checkInteger,
  checkNumber,
  checkRank,
  checkShape,
  DataError,
  type Progress,
  ShapeError,
} from "@lab/core";
import { atomicWrite, encodeSafetensors, nodeModule, readSafetensors } from "@lab/core/io";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { type CompressedRows, type SparseCodes, sparseEncode } from "../lasso/index.js";
import { rowSums } from "../lasso/row-sums.js";
import { descendAtoms, type HostAtoms, ksvdAtoms, normalise } from "./atom-updates.js";

/** Options of {@link DictionaryLearner}. */
export interface DictionaryLearnerOptions {
  /** Number of atoms l. */
  atoms: number;
  /** Weight of the l1 norm, textbook scaling. */
  alpha: number;
  /**
   * `"online"`: block coordinate descent on running statistics. `"mod"`: least squares on all data. `"ksvd"`: atom by atom with
   * its coefficients. @defaultValue `"online"`
   */
  update?: "online" | "mod" | "ksvd";
  /** Whether codes are non-negative. @defaultValue false */
  positiveCodes?: boolean;
  /** Whether atoms are non-negative. @defaultValue false */
  positiveAtoms?: boolean;
  /** Codes by matching pursuit with at most this many atoms instead of the lasso. @defaultValue none */
  nonzero?: number;
  /** Passes of {@link DictionaryLearner.fit} over the data. @defaultValue 10 */
  iterations?: number;
  /** Rows of a batch of `"online"` in {@link DictionaryLearner.fit}. @defaultValue 256 */
  batchSize?: number;
  /** Factor on the running statistics before each batch of `"online"`. @defaultValue 1 */
  forgetting?: number;
  /** Seed of the first atoms and the order of the rows. @defaultValue 0 */
  seed?: number;
  /** First atoms as columns, `[d, atoms]`; read at the first data, brought to norm 1. @defaultValue random rows of the data */
  init?: tf.Tensor2D;
}

/** Hooks of long training. */
export interface LearnHooks {
  /** Stops between batches. */
  signal?: AbortSignal;
  /** Receives batches done. */
  onProgress?: (progress: Progress) => void;
}

/** Options of {@link DictionaryLearner.fitStream}. */
export interface StreamOptions extends LearnHooks {
  /** File (Node) of the checkpoint; when it is there, its batches are skipped and the run goes on from it. */
  checkpoint?: string;
  /** Batches between checkpoints. @defaultValue 50 */
  every?: number;
}

/**
 * Learns a linear dictionary from data in memory, in batches or in a stream.
 *
 * @see Mairal et al. (2010) for `"online"`, Engan et al. (1999) for `"mod"`, Aharon et al. (2006) for `"ksvd"`.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { DictionaryLearner } from "@lab/sparse-coding";
 *
 * await init();
 * const y = tf.tensor2d([[2, 0], [0, 3], [1, 0], [0, 1]]);
 * const learner = await new DictionaryLearner({ atoms: 2, alpha: 0.01, update: "ksvd", nonzero: 1 }).fit(y);
 * const { codes } = await learner.transform(y);
 * codes.shape; // => [4, 2]
 * learner.dispose();
 * ```
 */
export class DictionaryLearner {
  private readonly options: Required<Omit<DictionaryLearnerOptions, "nonzero" | "init">> & {
    nonzero: number | undefined;
    init: tf.Tensor2D | undefined;
  };
  private atoms: HostAtoms | undefined;
  private a = new Float64Array(0);
  private b = new Float64Array(0);
  private tensor: tf.Tensor2D | undefined;
  private batches = 0;

  /** Checks the options. */
  constructor(options: DictionaryLearnerOptions) {
    const caller = "DictionaryLearner";
    this.options = {
      atoms: checkInteger(caller, "atoms", options.atoms, { min: 1 }),
      alpha: checkNumber(caller, "alpha", options.alpha, { min: 0 }),
      update: checkChoice(caller, "update", options.update ?? "online", ["online", "mod", "ksvd"]),
      positiveCodes: options.positiveCodes ?? false,
      positiveAtoms: options.positiveAtoms ?? false,
      nonzero:
        options.nonzero === undefined
          ? undefined
          : checkInteger(caller, "nonzero", options.nonzero, { min: 1, max: options.atoms }),
      iterations: checkInteger(caller, "iterations", options.iterations ?? 10, { min: 1 }),
      batchSize: checkInteger(caller, "batchSize", options.batchSize ?? 256, { min: 1 }),
      forgetting: checkNumber(caller, "forgetting", options.forgetting ?? 1, { above: 0, max: 1 }),
      seed: checkInteger(caller, "seed", options.seed ?? 0),
      init: options.init,
    };
    if (options.init) checkShape(caller, "init", options.init, [null, options.atoms]);
  }

  /**
   * Atoms as columns, `[d, l]`, each of norm 1; belongs to the learner and is replaced by the next update.
   *
   * @throws {@link ShapeError} before the first data.
   */
  get dictionary(): tf.Tensor2D {
    if (!this.atoms) {
      throw new ShapeError(
        "DictionaryLearner: dictionary is empty; a call of fit or partialFit was expected before",
        {
          argument: "dictionary",
          shape: [],
        },
      );
    }
    const { values, count, dim } = this.atoms;
    if (!this.tensor || this.tensor.isDisposed) {
      this.tensor = tf.keep(
        tf.tidy(() => tf.transpose(tf.tensor2d(Float32Array.from(values), [count, dim]))),
      ) as tf.Tensor2D;
    }
    return this.tensor;
  }

  /** Batches of `"online"`, or passes, done so far. */
  get steps(): number {
    return this.batches;
  }

  /**
   * Learns from data in memory, from the atoms it has or from random rows.
   *
   * @param y - Shape `[N, d]`.
   * @param hooks - See {@link LearnHooks}.
   */
  async fit(y: tf.Tensor2D, hooks: LearnHooks = {}): Promise<this> {
    checkRank("DictionaryLearner.fit", "y", y, 2);
    const { update, iterations, batchSize, seed } = this.options;
    const rows = y.shape[0];
    const size = update === "online" ? Math.min(batchSize, rows) : rows;
    const perPass = Math.floor(rows / size);
    await this.start(y);
    for (let pass = 0; pass < iterations; pass++) {
      const order = new Generator(seed).split("order").split(pass).permutation(rows);
      for (let i = 0; i < perPass; i++) {
        checkAborted(hooks.signal);
        if (size === rows) await this.partialFit(y);
        else {
          const batch = tf.tidy(() =>
            tf.gather(y, tf.tensor1d(order.slice(i * size, (i + 1) * size), "int32")),
          ) as tf.Tensor2D;
          try {
            await this.partialFit(batch);
          } finally {
            batch.dispose();
          }
        }
        hooks.onProgress?.({ done: pass * perPass + i + 1, total: iterations * perPass });
      }
    }
    return this;
  }

  /**
   * One update from one batch.
   *
   * @param y - Shape `[N, d]`.
   */
  async partialFit(y: tf.Tensor2D): Promise<this> {
    checkRank("DictionaryLearner.partialFit", "y", y, 2);
    const atoms = await this.start(y);
    checkShape("DictionaryLearner.partialFit", "y", y, [null, atoms.dim]);
    const { update, positiveAtoms, positiveCodes, forgetting } = this.options;
    const rule = { positive: positiveAtoms, positiveCodes };
    const coded = await this.transform(y);
    const { count, dim } = atoms;
    let unused: number[];
    let worst: number[] | undefined;
    const data = (await y.data()) as Float32Array;
    if (update === "ksvd") {
      ({ unused, worst } = ksvdAtoms(atoms, data, Float64Array.from(await coded.codes.data()), rule));
    } else {
      this.count(coded.toCSR(), data, update === "online" ? forgetting : 0);
      // With the statistics of all data, passes to convergence are the least squares of MOD with atoms of norm 1.
      const passes = update === "mod" ? 20 : 1;
      unused = [];
      for (let i = 0; i < passes; i++) unused = descendAtoms(atoms, this.a, this.b, rule);
    }
    coded.dispose();
    const generator = new Generator(this.options.seed).split("revive").split(this.batches);
    const picks = generator.float64(Math.max(unused.length, 1));
    for (const [i, j] of unused.entries()) {
      const row = worst ? worst[i % worst.length]! : Math.floor(picks[i]! * y.shape[0]);
      const atom = Float64Array.from({ length: dim }, (_, k) => data[row * dim + k]!);
      if (!normalise(atom, rule)) continue;
      atoms.values.set(atom, j * dim);
      for (let k = 0; k < dim; k++) this.b[j * dim + k] = 0;
      for (let k = 0; k < count; k++) this.a[j * count + k] = this.a[k * count + j] = 0;
    }
    this.batches++;
    this.tensor?.dispose();
    this.tensor = undefined;
    return this;
  }

  /**
   * Learns from a stream of batches, which are freed; with a checkpoint it can be interrupted.
   *
   * @param stream - Batches `[N, d]`, the same ones in the same order when a run is taken up again.
   * @param o - See {@link StreamOptions}.
   * @throws The signal's reason when it is stopped, after writing the checkpoint.
   */
  async fitStream(
    stream: AsyncIterable<tf.Tensor2D> | Iterable<tf.Tensor2D>,
    o: StreamOptions = {},
  ): Promise<this> {
    const every = checkInteger("DictionaryLearner.fitStream", "every", o.every ?? 50, { min: 1 });
    const { checkpoint } = o;
    if (checkpoint !== undefined) {
      const { access } = nodeModule<typeof import("node:fs/promises")>(
        "node:fs/promises",
        "DictionaryLearner.fitStream",
      );
      const isThere = await access(checkpoint).then(
        () => true,
        () => false,
      );
      if (isThere) await this.restore(checkpoint);
    }
    const store = async () => {
      if (checkpoint !== undefined && this.atoms) await atomicWrite(checkpoint, await this.save());
    };
    let seen = 0;
    const done = this.batches;
    for await (const batch of stream) {
      try {
        if (o.signal?.aborted) {
          await store();
          throw o.signal.reason;
        }
        if (++seen <= done) continue;
        await this.partialFit(batch);
      } finally {
        batch.dispose();
      }
      if (this.batches % every === 0) await store();
      o.onProgress?.({ done: this.batches });
    }
    await store();
    return this;
  }

  /** Codes of data against the dictionary; see {@link sparseEncode}. */
  async transform(y: tf.Tensor2D): Promise<SparseCodes> {
    const { alpha, nonzero, positiveCodes } = this.options;
    if (nonzero !== undefined) return sparseEncode(y, this.dictionary, { algorithm: "omp", nonzero });
    return sparseEncode(y, this.dictionary, { alpha, positive: positiveCodes });
  }

  /** Atoms, statistics and count of batches as the bytes of a safetensors file, in double precision. */
  async save(): Promise<Uint8Array> {
    const { values, count, dim } = this.atoms ?? { values: new Float64Array(0), count: 0, dim: 0 };
    return encodeSafetensors(
      {
        atoms: { dtype: "F64", shape: [count, dim], data: values },
        a: { dtype: "F64", shape: [count, count], data: this.a },
        b: { dtype: "F64", shape: [count, dim], data: this.b },
      },
      { batches: String(this.batches) },
    );
  }

  /**
   * Takes back what {@link DictionaryLearner.save} gave.
   *
   * @param source - Its bytes, or a file that holds them.
   * @throws {@link DataError} when the number of atoms is another.
   */
  async restore(source: string | Uint8Array): Promise<this> {
    const reader = readSafetensors(source);
    const [count, dim] = reader.info("atoms").shape as [number, number];
    if (count !== this.options.atoms) {
      throw new DataError(
        `DictionaryLearner.restore: source has ${count} atoms; ${this.options.atoms} were expected`,
        {
          path: typeof source === "string" ? source : "bytes",
        },
      );
    }
    const read = async (name: string) => Float64Array.from((await reader.array(name)) as Float64Array);
    this.atoms = { values: await read("atoms"), count, dim };
    [this.a, this.b] = [await read("a"), await read("b")];
    this.batches = Number(reader.metadata.batches);
    this.tensor?.dispose();
    this.tensor = undefined;
    return this;
  }

  /** Frees the dictionary. */
  dispose(): void {
    this.tensor?.dispose();
    this.tensor = undefined;
  }

  /** Takes a batch into the statistics: means over its rows of $z z^\top$ and $z y^\top$, of which few are not zero. */
  private count({ data, indices, indptr }: CompressedRows, y: Float32Array, keep: number): void {
    const { a, b } = this;
    const { count, dim } = this.atoms!;
    if (keep !== 1) {
      for (let i = 0; i < a.length; i++) a[i]! *= keep;
      for (let i = 0; i < b.length; i++) b[i]! *= keep;
    }
    const rows = indptr.length - 1;
    // By atom: the rows that use it, and their coefficients over the number of rows, turned.
    const users: number[][] = Array.from({ length: count }, () => []);
    const factors = new Float64Array(rows);
    const sums = rowSums(y, dim);
    for (let n = 0; n < rows; n++) {
      for (let p = indptr[n]!; p < indptr[n + 1]!; p++) {
        const row = indices[p]! * count;
        users[indices[p]!]!.push(n, data[p]!);
        for (let q = indptr[n]!; q < indptr[n + 1]!; q++)
          a[row + indices[q]!]! += (data[p]! * data[q]!) / rows;
      }
    }
    for (const [j, list] of users.entries()) {
      const own = b.subarray(j * dim, (j + 1) * dim);
      const at = Int32Array.from({ length: list.length / 2 }, (_, i) => list[2 * i]!);
      for (const [i, n] of at.entries()) factors[n] = -list[2 * i + 1]! / rows;
      sums.c.set(own);
      sums.subtract(at, at.length, factors);
      own.set(sums.c);
    }
  }

  /** The atoms; at first rows of the data that are not zero, at random. */
  private async start(y: tf.Tensor2D): Promise<HostAtoms> {
    if (this.atoms) return this.atoms;
    const [rows, dim] = y.shape;
    const count = this.options.atoms;
    const data = await y.data();
    const generator = new Generator(this.options.seed).split("atoms");
    const given = this.options.init;
    if (given) checkShape("DictionaryLearner", "init", given, [dim, count]);
    const columns = given ? await given.data() : undefined;
    const order = generator.permutation(rows);
    const values = new Float64Array(count * dim);
    const rule = { positive: this.options.positiveAtoms };
    let taken = 0;
    for (let j = 0; columns && j < count; j++) {
      const atom = Float64Array.from({ length: dim }, (_, k) => columns[k * count + j]!);
      if (normalise(atom, rule)) values.set(atom, taken++ * dim);
    }
    for (let i = 0; i < rows && taken < count; i++) {
      const atom = Float64Array.from(data.subarray(order[i]! * dim, (order[i]! + 1) * dim));
      if (normalise(atom, rule)) values.set(atom, taken++ * dim);
    }
    for (; taken < count; taken++) {
      const atom = generator.normal64(dim).map((v) => (rule.positive ? Math.abs(v) : v));
      normalise(atom, rule);
      values.set(atom, taken * dim);
    }
    this.a = new Float64Array(count * count);
    this.b = new Float64Array(count * dim);
    this.atoms = { values, count, dim };
    return this.atoms;
  }
}
