import type { Command, CommandContext } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { type AuditOptions, auditClasses } from "../audit/audit-classes.js";
import type { AuditTest } from "../audit/types.js";
import { htmlReport } from "./html-report.js";
import { readPredictions } from "./read-predictions.js";

/** Exit code of `--fail-on-losers` when a class loses. */
const LOSERS = 3;

function auditOptions(options: CommandContext["options"]): AuditOptions {
  return {
    reference: options.reference as string,
    alpha: options.alpha as number,
    correction: options.correction as "holm" | "bh" | "by" | "none",
    test: options.test as AuditTest,
    minimumEffect: options["minimum-effect"] as number,
    confidence: options.confidence as number,
    draws: options.draws as number,
    seed: options.seed as number,
  };
}

/** `lab audit FILE`. */
export const audit: Command = {
  path: ["audit"],
  summary: "which classes win or lose by a setting, from a file of predictions",
  options: {
    predictions: {
      type: "positional",
      description: "table with the columns setting, seed, index, label, prediction: .csv, .tsv, .gz, or .npz",
      required: true,
    },
    reference: { type: "string", description: "setting that the others are compared with", required: true },
    alpha: { type: "number", description: "error that is allowed", default: 0.05 },
    correction: {
      type: "string",
      description: "how p values of the classes are adjusted",
      choices: ["holm", "bh", "by", "none"],
      default: "holm",
    },
    test: {
      type: "string",
      description: "test of a difference",
      choices: ["auto", "pairedT", "welch", "signFlip", "permutation", "mcnemar"],
      default: "auto",
    },
    "minimum-effect": {
      type: "number",
      description: "smallest difference that counts, as a share",
      default: 0,
    },
    confidence: { type: "number", description: "coverage of the intervals", default: 0.95 },
    draws: { type: "number", description: "resamples for the intervals", default: 2000 },
    seed: { type: "number", description: "seed of the resamples", default: 0 },
    html: { type: "string", description: "also write the report with its figures to this file" },
    "fail-on-losers": { type: "boolean", description: "exit with 3 when a class loses significantly" },
  },
  async run({ options, print, json }) {
    const path = options.predictions as string;
    const result = auditClasses(await readPredictions(path), auditOptions(options));
    const markdown = result.toMarkdown();
    if (options.html !== undefined)
      await atomicWrite(options.html as string, htmlReport(`Audit of ${path}`, markdown, result.plots()));
    print(json ? JSON.stringify(result.toJSON()) : markdown.trimEnd());
    const hasLosers = result.effects.some(({ verdict }) => verdict === "loses");
    return options["fail-on-losers"] && hasLosers ? LOSERS : 0;
  },
};
