import type { Experiment } from "@lab/core/experiment";

/** The experiments of this package. */
export const experiments: readonly Experiment[] = [];
