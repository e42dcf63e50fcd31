import type { Command } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { textTable } from "../experiments/table.js";

const seconds = (value: number) => (value < 90 ? `${Math.round(value)} s` : `${Math.round(value / 60)} min`);

/** `lab list`: the experiments with their papers, claims and expected times. */
export function listCommand(registry: Registry): Command {
  return {
    path: ["list"],
    summary: "List the experiments: paper, claim, expected time",
    options: {},
    async run({ print, json }) {
      const entries = registry.experiments.map(({ experiment, source }) => ({
        name: experiment.name,
        package: source.name,
        paper: experiment.paper.title,
        claim: experiment.claim,
        estimate: experiment.estimate,
        main: experiment.isMain !== false,
      }));
      if (json) {
        print(JSON.stringify(entries, null, 1));
        return 0;
      }
      const rows = entries.map((entry) => ({
        name: `${entry.main ? "*" : " "} ${entry.name}`,
        quick: seconds(entry.estimate.quick),
        full: seconds(entry.estimate.full),
        claim: entry.claim.length > 90 ? `${entry.claim.slice(0, 87)}...` : entry.claim,
      }));
      for (const line of textTable(rows)) print(line);
      print("");
      print("* is part of lab reproduce; times are for one seed on two cores with wasm");
      return 0;
    },
  };
}
