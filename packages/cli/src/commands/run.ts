import type { Command } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { runExperiment } from "../experiments/run-experiment.js";
import { RunStore } from "../experiments/store.js";
import { textTable } from "../experiments/table.js";
import { UsageError } from "../program/options.js";
import { progressReporter } from "../progress/reporter.js";
import { writeFigures } from "../report/write-figures.js";
import { experimentOptions, modeOf, seedsOf } from "./experiment-options.js";

/** `lab run NAME`: one experiment, its table, figures and verdict. */
export function runCommand(registry: Registry): Command {
  return {
    path: ["run"],
    summary: "Run one experiment and judge its claim",
    options: {
      experiment: { type: "positional", description: "Name from lab list", required: true },
      ...experimentOptions,
    },
    async run({ options, init, runner, signal, print, json }) {
      const found = registry.experiments.find(({ experiment }) => experiment.name === options.experiment);
      if (!found) {
        const names = registry.experiments.map(({ experiment }) => experiment.name);
        throw new UsageError(`there is no experiment "${options.experiment}"; there are ${names.join(", ")}`);
      }
      const { experiment } = found;
      const mode = modeOf(options);
      const seeds = seedsOf(options, experiment, mode);
      const out = String(options.out);
      if (options.fresh) new RunStore(out, experiment.name, mode).clear();
      const device = await init();
      const reporter = progressReporter({ silent: json });
      const dir = options.data as string | undefined;
      const settings = { mode, seeds, out, dir, runner, device, signal, reporter };
      const { runs, reused } = await runExperiment(found, settings);
      reporter.clear();
      const summary = experiment.summarise(runs, mode);
      const figures = await writeFigures(new RunStore(out, experiment.name, mode).folder, summary.figures);
      if (json) {
        print(
          JSON.stringify({ experiment: experiment.name, mode, seeds, device, ...summary, figures }, null, 1),
        );
      } else {
        print(experiment.claim);
        for (const line of textTable(summary.table)) print(`  ${line}`);
        if (summary.paperValue) print(`paper: ${summary.paperValue}`);
        print(`here: ${summary.measured}`);
        print(`verdict: ${summary.verdict}`);
        for (const note of summary.notes) print(`note: ${note}`);
        for (const figure of figures) print(`figure: ${figure}`);
        if (reused > 0)
          print(`${reused} of ${seeds} seeds were computed before; --fresh computes them again`);
      }
      return summary.verdict === "failed" ? 1 : 0;
    },
  };
}
