import type { Experiment, ExperimentContext, Row } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { vectorCosts } from "../costs/vector-costs.js";
import { unicycle } from "../ego/unicycle.js";
import type { Stress } from "../environment/stress.js";
import { evaluate } from "../evaluation/evaluate.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import { trainPolicy } from "../policy/train-policy.js";
import { replayWorld } from "../world/replay-world.js";
import { FULL_DATA, PAPER, PAPER_VALUE, type RingData, ringLogs } from "./ring-data.js";

interface StressParams extends RingData {
  steps: number;
  episodes: number;
}

interface StressResult {
  levels: { kind: string; level: number; success: number; low: number; high: number }[];
}

/** What is made harder, by level; level 0 is nothing. */
const SWEEPS: Record<string, { levels: readonly number[]; of: (level: number) => Stress }> = {
  "braking leaders (m/s²)": { levels: [0, 3, 6], of: (strength) => ({ brake: { rate: 0.2, strength } }) },
  "late actions (steps)": { levels: [0, 1, 2, 4], of: (delay) => ({ delay }) },
  "noise on positions (m)": { levels: [0, 0.3, 1], of: (position) => ({ noise: { position } }) },
  "noise on actions (share of limits)": { levels: [0, 0.1, 0.3], of: (action) => ({ noise: { action } }) },
  "start offset (0.6 m each)": {
    levels: [0, 1, 2],
    of: (level) => ({ startOffset: { y: 0.6 * level, heading: 0.04 * level, speed: 1.5 * level } }),
  },
  "cut-in": { levels: [0, 1], of: (level) => (level === 0 ? {} : { cutIn: { gap: 2 } }) },
};

async function run(context: ExperimentContext<StressParams>): Promise<StressResult> {
  const { params, seed, signal, onProgress } = context;
  const { train, test } = await ringLogs(params, signal, onProgress);
  const policy = mlpPolicy({ seed });
  await trainPolicy({
    policy,
    world: replayWorld(train),
    ego: unicycle({ dt: train.dt }),
    costs: vectorCosts(),
    log: train,
    steps: params.steps,
    seed,
    checkpoint: `${context.store}/policy.ckpt`,
    signal,
    on: ({ step, loss }) =>
      onProgress({ done: step, total: params.steps, message: "training", metrics: { loss } }),
  });
  const levels: StressResult["levels"] = [];
  for (const [kind, sweep] of Object.entries(SWEEPS)) {
    for (const level of sweep.levels) {
      onProgress({ done: levels.length, message: `driving: ${kind} ${level}` });
      const { success } = await evaluate(policy, {
        log: test,
        mode: "reactive",
        episodes: params.episodes,
        seed: 1,
        stress: sweep.of(level),
        signal,
      });
      levels.push({
        kind,
        level,
        success: success.mean,
        low: success.interval[0],
        high: success.interval[1],
      });
    }
  }
  policy.dispose();
  return { levels };
}

/** How success falls when driving is made harder. */
export const stress: Experiment<StressParams, StressResult> = {
  name: "ppuu/stress",
  paper: PAPER,
  claim:
    "A policy learned by imagining drives on when others brake, actions come late and positions are noisy",
  estimate: { quick: 60, full: 150 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { ...FULL_DATA, testScenes: 12, steps: 240, episodes: 36 }
      : { ...FULL_DATA, steps: 300, episodes: 144 },
  run,
  summarise(runs) {
    const first = runs[0]!.result.levels;
    const worst = (kind: string) =>
      Math.min(...runs.map(({ result }) => result.levels.filter((row) => row.kind === kind).at(-1)!.success));
    const calm = Math.min(
      ...runs.map(({ result }) => result.levels.find(({ level }) => level === 0)!.success),
    );
    // Hardest levels may cost at most 30 points; twice that still counts as partly.
    const losses = Object.keys(SWEEPS).map((kind) => ({ kind, loss: calm - worst(kind) }));
    const hardest = losses.reduce((a, b) => (b.loss > a.loss ? b : a));
    const most = hardest.loss;
    const table: Row[] = runs.flatMap(({ seed, result }) =>
      result.levels.map(({ kind, level, success, low, high }) => ({
        stress: kind,
        level,
        seed,
        success: Math.round(success * 1000) / 1000,
        "95 % interval": `${low.toFixed(3)} – ${high.toFixed(3)}`,
      })),
    );
    const figures: LinePlot[] = [
      {
        kind: "line",
        title: "Success under stress",
        caption: "Levels are shares of the hardest one; bands are 95 % Wilson intervals; first seed.",
        x: { label: "level / hardest level" },
        y: { label: "success, others react", domain: [0, 1] },
        series: Object.entries(SWEEPS).map(([kind, { levels }]) => {
          const rows = first.filter((row) => row.kind === kind);
          return {
            name: kind,
            x: rows.map(({ level }) => level / levels.at(-1)!),
            y: rows.map(({ success }) => success),
            low: rows.map(({ low }) => low),
            high: rows.map(({ high }) => high),
          };
        }),
      },
    ];
    return {
      verdict: calm >= 0.8 && most <= 0.3 ? "reproduced" : calm >= 0.8 && most <= 0.6 ? "partly" : "failed",
      paperValue: PAPER_VALUE,
      measured: `success ${calm.toFixed(3)} without stress; the hardest level costs most, ${most.toFixed(3)}, with ${hardest.kind}`,
      table,
      figures,
      notes: ["Data: simulated ring traffic; the others are drivers who see the ego."],
    };
  },
};
