/**
 * The `lab ssl` commands.
 *
 * @packageDocumentation
 */
import type { Command } from "@lab/core/experiment";
import { benchCommand } from "./bench.js";
import { clusterCommand } from "./cluster.js";
import { reproduceCommand, toySpiral } from "./experiments.js";
import { probeCommand } from "./probe.js";
import { spectrumCommand } from "./spectrum.js";
import { toyAlignment, toyCollapse } from "./toys.js";
import { trainCommand } from "./train.js";

/** Commands of this package. */
export const commands: readonly Command[] = [
  trainCommand,
  probeCommand,
  spectrumCommand,
  clusterCommand,
  toyCollapse,
  toyAlignment,
  toySpiral,
  reproduceCommand,
  benchCommand,
];
