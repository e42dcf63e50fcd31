import type { DeviceInfo } from "../device/index.js";
import type { Runner } from "../jobs/index.js";
import type { PlotSpec } from "../plot/index.js";
import type { Progress } from "../progress/index.js";
import type { Generator } from "../random/index.js";

/** How much is computed: minutes, hours, or what the paper did. */
export type Mode = "quick" | "full" | "paper";

/** The paper behind an experiment. */
export interface Paper {
  /** Title as published. */
  title: string;
  /** Authors as published. */
  authors: string;
  /** Year of publication. */
  year: number;
  /** Identifier such as `2110.09485`. */
  arxiv: string;
}

/** Expected seconds for one seed on two processor cores with wasm. */
export interface Estimate {
  /** One seed of the quick mode. */
  quick: number;
  /** One seed of the full mode. */
  full: number;
}

/** Where an experiment's images come from. */
export interface ExperimentData {
  /** Folder given with `--data`, else `undefined`: the loaders then look in `LAB_DATA_DIR` and the cache. */
  dir: string | undefined;
}

/** What an experiment receives. */
export interface ExperimentContext<P> {
  /** The parameters of the mode. */
  params: P;
  /** This run's seed. */
  seed: number;
  /** A generator seeded with it. */
  generator: Generator;
  /** What computes. */
  device: DeviceInfo;
  /** Where the data are. */
  data: ExperimentData;
  /** Folder for this run's partial results and checkpoints; it survives an interrupted run. */
  store: string;
  /** How independent pieces are run, for `mapTasks`. */
  runner: Runner;
  /** Stops the run. */
  signal: AbortSignal;
  /** Receives progress. */
  onProgress: (progress: Progress) => void;
}

/** One finished seed. */
export interface Run<R> {
  /** The seed. */
  seed: number;
  /** What `run` returned for it. */
  result: R;
}

/** Outcome of comparing what was measured with the paper's claim. */
export type Verdict = "reproduced" | "partly" | "not at this scale" | "failed";

/** A row of the result table. */
export type Row = Record<string, string | number | boolean | null>;

/** What the report shows. */
export interface Summary {
  /** Computed by the gate from the rows, never written by hand. */
  verdict: Verdict;
  /** The paper's own figure. */
  paperValue?: string;
  /** What was measured here, in one line. */
  measured: string;
  /** The result table. */
  table: Row[];
  /** The figures. */
  figures: PlotSpec[];
  /** What a reader must know: data used, deviations, limits. */
  notes: string[];
}

/**
 * One claim of a paper, made checkable. Packages export theirs as `experiments` under `./experiments`.
 *
 * @typeParam P - Parameters, plain JSON.
 * @typeParam R - Result of one seed, plain JSON, so that it can be stored and resumed.
 */
export interface Experiment<P = unknown, R = unknown> {
  /** Name on the command line, such as `hull-pixels`. */
  name: string;
  /** The paper behind it. */
  paper: Paper;
  /** The claim in one sentence. */
  claim: string;
  /** Expected cost. */
  estimate: Estimate;
  /** Seeds that a mode runs when none are asked for. @defaultValue 1 */
  seeds?: Partial<Record<Mode, number>>;
  /** Whether `lab reproduce` includes it. @defaultValue true */
  isMain?: boolean;
  /** Parameters of a mode. */
  params(mode: Mode): P;
  /** Computes one seed. */
  run(context: ExperimentContext<P>): Promise<R>;
  /** Judges all finished seeds; `mode` chooses the gate. */
  summarise(runs: readonly Run<R>[], mode: Mode): Summary;
}
