/**
 * The paper's claims as experiments for the command line.
 *
 * @packageDocumentation
 */
import type { Experiment } from "@lab/core/experiment";
import { calibration } from "./calibration.js";
import { scale } from "./scale.js";
import { segmentation } from "./segmentation.js";
import { sources } from "./sources.js";
import { surface } from "./surface.js";
import { transfer } from "./transfer.js";

/** All experiments of this package. */
export const experiments: readonly Experiment[] = [
  transfer as unknown as Experiment,
  scale as unknown as Experiment,
  sources as unknown as Experiment,
  calibration as unknown as Experiment,
  surface as unknown as Experiment,
  segmentation as unknown as Experiment,
];
