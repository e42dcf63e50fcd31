import type { Experiment } from "@lab/core/experiment";
import { ring } from "./ring.js";

/** The experiments of this package. */
export const experiments: readonly Experiment[] = [ring as unknown as Experiment];
