/**
 * Experiments of core itself.
 *
 * @packageDocumentation
 */
import type { Experiment } from "../experiment/index.js";
import { coreCifar } from "./core-cifar.js";

/** Experiments that `lab run` knows. */
export const experiments: readonly Experiment[] = [coreCifar as Experiment];
