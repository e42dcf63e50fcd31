import { device } from "@lab/core";
import type { Command, CommandContext, Experiment, Mode, Row } from "@lab/core/experiment";
import { Generator } from "@lab/core/random";
import { linearCollapse } from "../experiments/linear-collapse.js";
import { manifoldClustering } from "../experiments/manifold-clustering.js";
import { projectors } from "../experiments/projectors.js";
import { smallBatches } from "../experiments/small-batches.js";
import { spiral } from "../experiments/spiral.js";

const PROTOCOLS: Readonly<Record<string, Experiment>> = {
  p1: smallBatches as unknown as Experiment,
  p2: projectors as unknown as Experiment,
  p3: linearCollapse as unknown as Experiment,
  p4: linearCollapse as unknown as Experiment,
  p5: spiral as unknown as Experiment,
  p6: manifoldClustering as unknown as Experiment,
};

const line = (row: Row) =>
  Object.entries(row)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");

async function reproduce(context: CommandContext, experiment: Experiment): Promise<number> {
  const { options, print, json, signal, runner, onProgress } = context;
  await context.init();
  const mode: Mode = options.full === true ? "full" : "quick";
  const numSeeds = Number(options.seeds ?? experiment.seeds?.[mode] ?? 1);
  const runs = [];
  for (let seed = 1; seed <= numSeeds; seed++) {
    const result = await experiment.run({
      params: experiment.params(mode),
      seed,
      generator: new Generator(seed),
      device: device(),
      data: { dir: options.data === undefined ? undefined : String(options.data) },
      store: "",
      runner,
      signal,
      onProgress: ({ done, total = 1, message }) =>
        onProgress({ done: seed - 1 + done / total, total: numSeeds, ...(message ? { message } : {}) }),
    });
    runs.push({ seed, result });
  }
  const summary = experiment.summarise(runs, mode);
  if (json) {
    print(JSON.stringify({ experiment: experiment.name, mode, seeds: numSeeds, ...summary }));
    return summary.verdict === "failed" ? 1 : 0;
  }
  for (const row of summary.table) print(line(row));
  print(`here: ${summary.measured}`);
  print(`verdict: ${summary.verdict}`);
  for (const note of summary.notes) print(`note: ${note}`);
  return summary.verdict === "failed" ? 1 : 0;
}

const common = {
  full: { type: "boolean", description: "The sizes of the full protocol; minutes to hours" },
  seeds: { type: "number", description: "Number of seeds" },
  data: { type: "string", description: "Folder to look for data in" },
} as const;

/** `lab ssl reproduce p1`: a protocol with its gate. */
export const reproduceCommand: Command = {
  path: ["ssl", "reproduce"],
  summary: "Run a protocol of the papers at small scale and judge it; lab run writes figures as well",
  options: {
    protocol: {
      type: "positional",
      description: "p1 small batches, p2 DirectCLR, p3 and p4 collapse, p5 double spiral, p6 digits",
      required: true,
      choices: Object.keys(PROTOCOLS),
    },
    ...common,
  },
  run: (context) => reproduce(context, PROTOCOLS[String(context.options.protocol)]!),
};

/** `lab ssl toy spiral`: the double spiral. */
export const toySpiral: Command = {
  path: ["ssl", "toy", "spiral"],
  summary: "Separate two interleaved spirals without labels",
  options: common,
  run: (context) => reproduce(context, spiral as unknown as Experiment),
};
