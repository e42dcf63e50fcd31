/**
 * The papers' claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { linearCollapse } from "./linear-collapse.js";
import { manifoldClustering } from "./manifold-clustering.js";
import { projectors } from "./projectors.js";
import { smallBatches } from "./small-batches.js";
import { spiral } from "./spiral.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  smallBatches as unknown as Experiment,
  linearCollapse as unknown as Experiment,
  projectors as unknown as Experiment,
  manifoldClustering as unknown as Experiment,
  spiral as unknown as Experiment,
];
