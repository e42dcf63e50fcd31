/**
 * The paper's claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { degreesOfFreedomExperiment } from "./degrees-of-freedom.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [degreesOfFreedomExperiment as unknown as Experiment];
