import type { Command, Experiment } from "@lab/core/experiment";
import { type FoundPackage, findPackages } from "./packages.js";

/** An experiment and where it comes from. */
export interface RegisteredExperiment {
  experiment: Experiment;
  source: FoundPackage;
}

/** Everything that the installed packages bring. */
export interface Registry {
  experiments: RegisteredExperiment[];
  commands: Command[];
  /** Module specifiers of the task handlers that workers may run. */
  handlers: string[];
  /** One line for each package that could not be loaded. */
  failures: string[];
}

async function loadFrom(source: FoundPackage, registry: Registry): Promise<void> {
  if (source.subpaths.includes("./experiments")) {
    const { experiments = [] } = (await source.load("./experiments")) as { experiments?: Experiment[] };
    for (const experiment of experiments) {
      const twin = registry.experiments.find((other) => other.experiment.name === experiment.name);
      if (twin) throw new Error(`the experiment ${experiment.name} comes from ${twin.source.name} as well`);
      registry.experiments.push({ experiment, source });
    }
  }
  if (source.subpaths.includes("./commands")) {
    const { commands = [] } = (await source.load("./commands")) as { commands?: Command[] };
    registry.commands.push(...commands);
  }
  if (source.subpaths.includes("./worker")) registry.handlers.push(`${source.name}/worker`);
}

/** Asks every package that takes part for what it brings; one that fails is named and left out. */
export async function discover(): Promise<Registry> {
  const registry: Registry = { experiments: [], commands: [], handlers: [], failures: [] };
  for (const source of findPackages()) {
    try {
      await loadFrom(source, registry);
    } catch (error) {
      registry.failures.push(
        `${source.name} could not be loaded: ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return registry;
}
