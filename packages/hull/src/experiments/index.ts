/**
 * The paper's measurements, made repeatable.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { hullPixels } from "./hull-pixels.js";

/** Experiments that `lab run` and `lab reproduce` know. */
export const experiments: readonly Experiment[] = [hullPixels as Experiment];
