/**
 * The papers' claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { classSweepExperiment } from "./class-sweep.js";
import { samples } from "./samples.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  samples as unknown as Experiment,
  classSweepExperiment as unknown as Experiment,
];
