/**
 * The paper's claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { budget } from "./budget.js";
import { convolutions } from "./convolutions.js";
import { degreesOfFreedomExperiment } from "./degrees-of-freedom.js";
import { destructive } from "./destructive.js";
import { imagenetExperiment } from "./imagenet.js";
import { lock } from "./lock.js";
import { quantised } from "./quantised.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  degreesOfFreedomExperiment as unknown as Experiment,
  destructive as unknown as Experiment,
  budget as unknown as Experiment,
  convolutions as unknown as Experiment,
  imagenetExperiment as unknown as Experiment,
  lock as unknown as Experiment,
  quantised as unknown as Experiment,
];
