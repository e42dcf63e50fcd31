import type { Command } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { dataCommands } from "./data.js";
import { doctorCommand } from "./doctor.js";
import { listCommand } from "./list.js";
import { reportCommand } from "./report.js";
import { reproduceCommand } from "./reproduce.js";
import { runCommand } from "./run.js";
import { workerCommand } from "./worker.js";

/** The commands that the packages do not bring themselves. */
export function builtInCommands(registry: Registry): Command[] {
  return [
    doctorCommand(registry),
    listCommand(registry),
    runCommand(registry),
    reproduceCommand(registry),
    reportCommand(registry),
    ...dataCommands(),
    workerCommand(registry),
  ];
}
