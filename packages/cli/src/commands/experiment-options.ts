import type { Experiment, Mode, OptionSpec, OptionValues } from "@lab/core/experiment";
import { UsageError } from "../program/options.js";

/** Options of the commands that run experiments. */
export const experimentOptions: Record<string, OptionSpec> = {
  quick: { type: "boolean", description: "Minutes on two cores (the default)" },
  full: { type: "boolean", description: "Hours: more seeds and tighter gates" },
  paper: { type: "boolean", description: "The paper's own scale" },
  seeds: { type: "number", description: "How many seeds; the experiment's own number by default" },
  out: { type: "string", description: "Folder for results and reports", default: "lab-out" },
  data: {
    type: "string",
    description: "Folder with data sets; else LAB_DATA_DIR, the cache, generated data",
  },
  fresh: { type: "boolean", description: "Forget stored results and compute them again" },
};

/** The mode that the flags name. */
export function modeOf(options: OptionValues): Mode {
  const named = (["quick", "full", "paper"] as const).filter((mode) => options[mode] === true);
  if (named.length > 1) throw new UsageError(`--${named.join(" and --")} exclude each other`);
  return named[0] ?? "quick";
}

/** How many seeds to run. */
export function seedsOf(options: OptionValues, experiment: Experiment, mode: Mode): number {
  const seeds = options.seeds ?? experiment.seeds?.[mode] ?? 1;
  if (typeof seeds !== "number" || !Number.isInteger(seeds) || seeds < 1) {
    throw new UsageError(`--seeds is "${seeds}"; a whole number from 1 was expected`);
  }
  return seeds;
}

/** The words that repeat a run. */
export function commandText(name: string, mode: Mode, seeds: number): string {
  return `lab run ${name} --${mode} --seeds ${seeds}`;
}
