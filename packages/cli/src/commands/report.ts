import { join, resolve } from "node:path";
import type { Command, Mode } from "@lab/core/experiment";
import type { Registry } from "../discovery/registry.js";
import { RunStore } from "../experiments/store.js";
import { UsageError } from "../program/options.js";
import { type Entry, entryOf } from "../report/entry.js";
import { writeReport } from "../report/write-report.js";

const MODES: readonly Mode[] = ["paper", "full", "quick"];

/** `lab report`: one HTML file from the results that are stored, the largest mode of each experiment. */
export function reportCommand(registry: Registry): Command {
  return {
    path: ["report"],
    summary: "Write stored results as one HTML file",
    options: {
      out: { type: "string", description: "Folder with results", default: "lab-out" },
      file: { type: "string", description: "The file to write; report.html in the folder by default" },
    },
    async run({ options, print, json }) {
      const out = String(options.out);
      const entries: Entry[] = [];
      for (const registered of registry.experiments) {
        for (const mode of MODES) {
          const runs = new RunStore(out, registered.experiment.name, mode).all();
          if (runs.length === 0) continue;
          entries.push(entryOf(registered, mode, runs));
          break;
        }
      }
      if (entries.length === 0)
        throw new UsageError(`${out} holds no results; lab run or lab reproduce makes some`);
      const file = await writeReport(String(options.file ?? join(out, "report.html")), entries);
      const results = entries.map(({ registered, mode, runs, summary }) => ({
        experiment: registered.experiment.name,
        package: registered.source.name,
        paper: registered.experiment.paper,
        claim: registered.experiment.claim,
        isMain: registered.experiment.isMain !== false,
        mode,
        seeds: runs.length,
        ...summary,
      }));
      print(json ? JSON.stringify({ report: resolve(file), results }) : `report: ${resolve(file)}`);
      return 0;
    },
  };
}
