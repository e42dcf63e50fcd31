import { ArgumentError } from "@lab/core";
import type { Command, OptionValues } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { vectorCosts } from "../costs/vector-costs.js";
import { unicycle } from "../ego/unicycle.js";
import { subsampleLog, type TrafficLog } from "../log/traffic-log.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import { trainPolicy } from "../policy/train-policy.js";
import { keepsLane } from "../scene/windows.js";
import { replayWorld } from "../world/replay-world.js";
import { constantVelocityWorld, idmWorld } from "../world/simple-worlds.js";
import type { WorldModel } from "../world/world-model.js";
import { EVERY_OPTION, readLog } from "./read-log.js";

const WORLDS: Record<string, (log: TrafficLog) => WorldModel> = {
  replay: replayWorld,
  "constant-velocity": constantVelocityWorld,
  idm: () => idmWorld(),
};

const CHECKPOINT = "checkpoint.safetensors";

/** Refuses to go on in the folder of another run: its checkpoint would be taken for this one's. */
async function claim(folder: string, options: OptionValues): Promise<void> {
  const { access, readFile } = await import("node:fs/promises");
  // The command's own options; those of every command, such as the backend, may change.
  const names = Object.keys(train.options).filter((name) => name !== "out");
  const text = JSON.stringify(Object.fromEntries(names.map((name) => [name, options[name]])));
  const file = `${folder}/run.json`;
  const hasBegun = await access(`${folder}/${CHECKPOINT}`).then(
    () => true,
    () => false,
  );
  const before = hasBegun ? await readFile(file, "utf8").catch(() => text) : text;
  if (before !== text) {
    throw new ArgumentError(
      `ppuu train: out is ${folder}, which holds a run of ${before}; the same options or another folder were expected`,
      { argument: "out", value: folder },
    );
  }
  await atomicWrite(file, text);
}

/** `lab ppuu train LOG` */
export const train: Command = {
  path: ["ppuu", "train"],
  summary: "Train a policy by imagining; stopped runs go on where they were",
  options: {
    log: { type: "positional", description: "Log (.npz) or trajectory file (.txt, .csv)", required: true },
    out: { type: "string", description: "Folder for checkpoint, losses and policy", required: true },
    world: {
      type: "string",
      description: "How the others move in the imagined futures",
      choices: Object.keys(WORLDS),
      default: "replay",
    },
    steps: { type: "number", description: "Updates", default: 300 },
    batch: { type: "number", description: "Futures of an update", default: 64 },
    horizon: { type: "number", description: "Steps of a future", default: 15 },
    every: EVERY_OPTION,
    "in-lane": { type: "boolean", description: "Begin futures only where the recorded car keeps its lane" },
    unperturbed: { type: "boolean", description: "Begin futures in the recorded states themselves" },
    seed: { type: "number", description: "Seed of weights, places and perturbations", default: 0 },
  },
  async run({ options, init, print, json, signal, onProgress }) {
    await init();
    const out = String(options.out);
    await claim(out, options);
    const log = subsampleLog(await readLog(String(options.log), signal, onProgress), Number(options.every));
    const seed = Number(options.seed);
    const steps = Number(options.steps);
    const policy = mlpPolicy({ seed });
    try {
      const { history } = await trainPolicy({
        policy,
        log,
        world: WORLDS[String(options.world)]!(log),
        ego: unicycle({ dt: log.dt }),
        costs: vectorCosts(),
        steps,
        batch: Number(options.batch),
        horizon: Number(options.horizon),
        ...(options["in-lane"] === true && { starts: keepsLane(log) }),
        ...(options.unperturbed === true && { perturb: false as const }),
        seed,
        checkpoint: `${out}/${CHECKPOINT}`,
        signal,
        on: ({ step, loss }) => onProgress({ done: step, total: steps, metrics: { loss } }),
      });
      const losses = history.rows.map(({ scalars }) => scalars.loss!);
      await atomicWrite(`${out}/losses.json`, JSON.stringify(losses));
      await atomicWrite(`${out}/policy.json`, JSON.stringify(await policy.describe()));
      const found = {
        policy: `${out}/policy.json`,
        steps,
        resumedFrom: history.resumedFrom,
        loss: losses.at(-1)!,
      };
      print(
        json
          ? JSON.stringify(found)
          : `${found.policy}: cost ${losses[0]!.toFixed(3)} in the first of ${steps} updates, ${found.loss.toFixed(3)} in the last`,
      );
      return 0;
    } finally {
      policy.dispose();
    }
  },
};
