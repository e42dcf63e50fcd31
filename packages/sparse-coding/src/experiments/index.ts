/**
 * The paper's claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { collapse } from "./collapse.js";
import { decoders } from "./decoders.js";
import { denoising } from "./denoising.js";
import { labels } from "./labels.js";
import { sweep } from "./sweep.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  collapse as unknown as Experiment,
  decoders as unknown as Experiment,
  denoising as unknown as Experiment,
  labels as unknown as Experiment,
  sweep as unknown as Experiment,
];
