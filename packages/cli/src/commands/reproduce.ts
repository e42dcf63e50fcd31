import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { runExperiment } from "../experiments/run-experiment.js";
import { RunStore } from "../experiments/store.js";
import { UsageError } from "../program/options.js";
import { progressReporter } from "../progress/reporter.js";
import { type Entry, entryOf } from "../report/entry.js";
import { writeReport } from "../report/write-report.js";
import { experimentOptions, modeOf, seedsOf } from "./experiment-options.js";

/** `lab reproduce`: the main claim of every paper, one after the other, and a report. */
export function reproduceCommand(registry: Registry): Command {
  return {
    path: ["reproduce"],
    summary: "Reproduce the main claim of every paper",
    options: {
      ...experimentOptions,
      report: { type: "boolean", description: "Write the results as one HTML file" },
      only: { type: "string", description: "Names of experiments, separated by commas" },
    },
    async run({ options, init, runner, signal, print, json }) {
      const mode = modeOf(options);
      const out = String(options.out);
      const wanted = options.only ? String(options.only).split(",") : undefined;
      const unknown = wanted?.find(
        (name) => !registry.experiments.some(({ experiment }) => experiment.name === name),
      );
      if (unknown !== undefined) throw new UsageError(`there is no experiment "${unknown}"; see lab list`);
      const chosen = registry.experiments.filter(({ experiment }) =>
        wanted ? wanted.includes(experiment.name) : experiment.isMain !== false,
      );
      const device = await init();
      if (!json) print(`${chosen.length} experiments on ${device.backend} (${device.name})`);
      const reporter = progressReporter({ silent: json });
      const entries: Entry[] = [];
      for (const [index, registered] of chosen.entries()) {
        const { experiment } = registered;
        const seeds = seedsOf(options, experiment, mode);
        if (options.fresh) new RunStore(out, experiment.name, mode).clear();
        const settings = {
          mode,
          seeds,
          out,
          dir: options.data as string | undefined,
          runner,
          device,
          signal,
          reporter,
        };
        const head = `[${index + 1}/${chosen.length}] ${experiment.name}`;
        try {
          const { runs, reused } = await runExperiment(registered, settings);
          reporter.clear();
          const entry = entryOf(registered, mode, runs);
          entries.push(entry);
          const time =
            reused === seeds ? "stored" : `${runs.reduce((sum, run) => sum + run.seconds, 0).toFixed(0)} s`;
          if (!json) print(`${head}: ${entry.summary?.verdict} (${time}) ${entry.summary?.measured ?? ""}`);
        } catch (error) {
          if (signal.aborted) throw error;
          reporter.clear();
          const failure = error instanceof Error ? error.message : String(error);
          entries.push({ registered, mode, runs: [], failure });
          if (!json) print(`${head}: did not run: ${failure}`);
        }
      }
      const report = options.report ? await writeReport(join(out, "report.html"), entries) : undefined;
      if (json) {
        const results = entries.map(({ registered, summary, failure }) => ({
          experiment: registered.experiment.name,
          ...(summary ?? { failure }),
        }));
        print(JSON.stringify({ mode, device, results, report }, null, 1));
      } else if (report) {
        print(`report: ${resolve(report)}`);
        print(`open:   ${pathToFileURL(resolve(report)).href}`);
      }
      return entries.some(({ failure, summary }) => failure !== undefined || summary?.verdict === "failed")
        ? 1
        : 0;
    },
  };
}
