import type { Experiment, ExperimentContext } from "@lab/core/experiment";
import { vectorCosts } from "../costs/vector-costs.js";
import { unicycle } from "../ego/unicycle.js";
import { evaluate } from "../evaluation/evaluate.js";
import { type MpcOptions, mpc } from "../planning/mpc.js";
import type { Policy } from "../policy/policy.js";
import { noAction } from "../policy/simple-policies.js";
import { constantVelocityWorld } from "../world/simple-worlds.js";
import { type MethodRow, methodRow, successBars, tableOf } from "./method-row.js";
import { FULL_DATA, PAPER, PAPER_VALUE, type RingData, ringLogs } from "./ring-data.js";
import { trainJointModel } from "./train-joint.js";

interface MpcParams extends RingData {
  episodes: number;
  jointUpdates: number;
}

interface MpcResult {
  rows: MethodRow[];
}

const SEPARATED = "MPC, kinematics + constant velocity";
const JOINT = "MPC through a joint model";
const NOTHING = "no action";

async function run(context: ExperimentContext<MpcParams>): Promise<MpcResult> {
  const { params, seed, signal, onProgress } = context;
  const { train, test } = await ringLogs(params, signal, onProgress);
  const rows: MethodRow[] = [];
  const judge = async (method: string, policy: Policy, began: number) => {
    const report = await evaluate(policy, {
      log: test,
      mode: "replay",
      episodes: params.episodes,
      seed: 1,
      signal,
      runner: policy.describe ? context.runner : "inline",
      on: ({ done, total }) => onProgress({ done, total, message: `driving: ${method}` }),
    });
    rows.push(methodRow(method, report, (performance.now() - began) / 1000));
  };
  const plan = { costs: vectorCosts(), horizon: 15, plan: 3, candidates: 4, iterations: 6, replan: 2, seed };
  await judge(NOTHING, noAction(), performance.now());
  const separated: MpcOptions = { ...plan, world: constantVelocityWorld(), ego: unicycle({ dt: test.dt }) };
  await judge(SEPARATED, mpc(separated), performance.now());
  const world = await trainJointModel(context, train, params.jointUpdates);
  await judge(JOINT, mpc({ ...plan, world }), performance.now());
  world.dispose();
  return { rows };
}

/** Planning without any training against planning through a learned joint model. */
export const mpcExperiment: Experiment<MpcParams, MpcResult> = {
  name: "ppuu/mpc",
  paper: PAPER,
  claim:
    "Planning through exact kinematics and a simple world needs no training and is no worse than through a joint model",
  estimate: { quick: 70, full: 500 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { ...FULL_DATA, trainScenes: 8, testScenes: 12, episodes: 24, jointUpdates: 150 }
      : { ...FULL_DATA, episodes: 144, jointUpdates: 1500 },
  run,
  summarise(runs, mode) {
    const seeds = runs.map(({ seed, result }) => ({ seed, rows: result.rows }));
    const mean = (method: string) =>
      seeds.reduce((sum, { rows }) => sum + rows.find((row) => row.method === method)!.success, 0) /
      seeds.length;
    const [separated, joint, nothing] = [mean(SEPARATED), mean(JOINT), mean(NOTHING)];
    const least = mode === "quick" ? 0.5 : 0.62;
    const isAsGood = separated >= joint - (mode === "quick" ? 0.1 : 0.02);
    return {
      verdict:
        separated >= least && isAsGood ? "reproduced" : separated > nothing + 0.2 ? "partly" : "failed",
      paperValue: PAPER_VALUE,
      measured: `success in replay: ${separated.toFixed(3)} with kinematics, ${joint.toFixed(3)} through the joint model, ${nothing.toFixed(3)} without action`,
      table: tableOf(seeds),
      figures: [successBars("Who arrives when planning", "Bars are 95 % Wilson intervals.", seeds)],
      notes: ["Data: simulated ring traffic; no recorded traffic."],
    };
  },
};
