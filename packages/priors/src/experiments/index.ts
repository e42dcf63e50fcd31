/**
 * The paper's claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { transfer } from "./transfer.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [transfer as unknown as Experiment];
