/**
 * The papers' claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { classSweepExperiment } from "./class-sweep.js";
import { daMoments } from "./da-moments.js";
import { daSaliency } from "./da-saliency.js";
import { daSamples } from "./da-samples.js";
import { daSamplingFree } from "./da-sampling-free.js";
import { weightDecayExperiment } from "./weight-decay.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  daSamples as unknown as Experiment,
  daMoments as unknown as Experiment,
  daSamplingFree as unknown as Experiment,
  daSaliency as unknown as Experiment,
  classSweepExperiment as unknown as Experiment,
  weightDecayExperiment as unknown as Experiment,
];
