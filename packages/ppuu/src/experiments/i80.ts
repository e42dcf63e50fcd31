import type { Experiment, ExperimentContext } from "@lab/core/experiment";
import { nodeModule } from "@lab/core/io";
import { vectorCosts } from "../costs/vector-costs.js";
import { unicycle } from "../ego/unicycle.js";
import { evaluate } from "../evaluation/evaluate.js";
import { splitLog } from "../log/split-log.js";
import { subsampleLog, type TrafficLog } from "../log/traffic-log.js";
import { loadNgsim } from "../ngsim/load-ngsim.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import type { Policy } from "../policy/policy.js";
import { noAction } from "../policy/simple-policies.js";
import { trainPolicy } from "../policy/train-policy.js";
import { simulateTraffic } from "../simulation/simulate-traffic.js";
import { replayWorld } from "../world/replay-world.js";
import { type MethodRow, methodRow, successBars, tableOf } from "./method-row.js";
import { PAPER, PAPER_VALUE } from "./ring-data.js";

interface I80Params {
  seconds: number;
  steps: number;
  episodes: number;
}

interface I80Result {
  rows: MethodRow[];
  source: string;
}

const FILES = ["i80.csv", "i80.txt", "trajectories-0400-0415.txt", "trajectories.csv"];
const SEPARATED = "separated, replay world";
const NOTHING = "no action";

/** The first of the known files in a folder, or a simulated highway with an on-ramp. */
async function logOf(context: ExperimentContext<I80Params>): Promise<TrafficLog> {
  const { data, params, signal, onProgress, seed } = context;
  if (data.dir !== undefined) {
    const { access } = nodeModule<typeof import("node:fs/promises")>("node:fs/promises", "lab run");
    for (const name of FILES) {
      const path = `${data.dir}/${name}`;
      const isThere = await access(path).then(
        () => true,
        () => false,
      );
      if (isThere) return loadNgsim(path, { signal, onProgress, to: Math.round(params.seconds * 10) });
    }
  }
  return simulateTraffic({ geometry: "i80", seconds: params.seconds, warmup: 60, seed, signal, onProgress });
}

async function run(context: ExperimentContext<I80Params>): Promise<I80Result> {
  const { params, seed, signal, onProgress } = context;
  const log = subsampleLog(await logOf(context), 2);
  const [train, , test] = splitLog(log, [0.8, 0.1, 0.1], { seed: 0 });
  const ego = unicycle({ dt: log.dt });
  const policy = mlpPolicy({ seed });
  let began = performance.now();
  await trainPolicy({
    policy,
    world: replayWorld(train!),
    ego,
    costs: vectorCosts(),
    log: train!,
    steps: params.steps,
    seed,
    checkpoint: `${context.store}/policy.ckpt`,
    signal,
    on: ({ step, loss }) =>
      onProgress({ done: step, total: params.steps, message: "training", metrics: { loss } }),
  });
  const rows: MethodRow[] = [];
  const judge = async (method: string, driver: Policy) => {
    const report = await evaluate(driver, {
      log: test!,
      mode: "replay",
      episodes: Math.min(params.episodes, test!.cars!.length - 2),
      seed: 1,
      signal,
    });
    rows.push(methodRow(method, report, (performance.now() - began) / 1000));
    began = performance.now();
  };
  await judge(SEPARATED, policy);
  await judge(NOTHING, noAction());
  policy.dispose();
  return { rows, source: log.source };
}

/** The protocol on recorded traffic, or on a simulated road of the same shape. */
export const i80: Experiment<I80Params, I80Result> = {
  name: "ppuu/i80",
  paper: PAPER,
  claim: "On a highway with an on-ramp, a policy learned by imagining beats constant speed on held-out cars",
  estimate: { quick: 60, full: 300 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { seconds: 120, steps: 150, episodes: 24 }
      : { seconds: 900, steps: mode === "paper" ? 3000 : 600, episodes: 144 },
  run,
  summarise(runs) {
    const seeds = runs.map(({ seed, result }) => ({ seed, rows: result.rows }));
    const over = seeds.map(({ rows }) => {
      const at = (method: string) => rows.find((row) => row.method === method)!.success;
      return at(SEPARATED) - at(NOTHING);
    });
    const least = Math.min(...over);
    return {
      verdict: least >= 0.3 ? "reproduced" : least > 0 ? "partly" : "failed",
      paperValue: PAPER_VALUE,
      measured: `success above no action: ${over.map((value) => value.toFixed(3)).join(", ")}`,
      table: tableOf(seeds),
      figures: [successBars("Held-out cars on the highway", "Bars are 95 % Wilson intervals.", seeds)],
      notes: [
        `Data: ${runs[0]!.result.source}.`,
        "The image policy of the source needs a graphics card; this run uses vector features and vector costs.",
      ],
    };
  },
};
