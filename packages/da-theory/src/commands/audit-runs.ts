import type { Command } from "@lab/core/experiment";
import { runsNeeded } from "../audit/statistics.js";

/** `lab audit runs`. */
export const auditRuns: Command = {
  path: ["audit", "runs"],
  summary: "trainings for each setting that show a given effect on a class",
  options: {
    effect: { type: "number", description: "effect on a class, as a share", required: true },
    "run-sd": {
      type: "number",
      description: "standard deviation of a class accuracy over runs",
      required: true,
    },
    classes: { type: "number", description: "number of classes", required: true },
    alpha: { type: "number", description: "family-wise error", default: 0.05 },
    power: { type: "number", description: "chance of finding the effect", default: 0.8 },
  },
  async run({ options, print, json }) {
    const needed = runsNeeded({
      effect: options.effect as number,
      runSd: options["run-sd"] as number,
      numClasses: options.classes as number,
      alpha: options.alpha as number,
      power: options.power as number,
    });
    print(json ? JSON.stringify({ runs: needed }) : String(needed));
    return 0;
  },
};
