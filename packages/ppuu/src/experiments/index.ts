/**
 * Experiments on the paper's claims.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { counterfactual } from "./counterfactual.js";
import { i80 } from "./i80.js";
import { imageSmall } from "./image-small.js";
import { mpcExperiment } from "./mpc.js";
import { ring } from "./ring.js";
import { stress } from "./stress.js";

/** The experiments of this package; `ppuu/ring` is the main one. */
export const experiments: readonly Experiment[] = [
  ring as unknown as Experiment,
  mpcExperiment as unknown as Experiment,
  counterfactual as unknown as Experiment,
  imageSmall as unknown as Experiment,
  stress as unknown as Experiment,
  i80 as unknown as Experiment,
];
