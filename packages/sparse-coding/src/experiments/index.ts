import type { Experiment } from "@lab/core/experiment";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [];
