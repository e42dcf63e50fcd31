import type { Experiment, ExperimentContext, Verdict } from "@lab/core/experiment";
import type { LinePlot, Picture as PlotPicture } from "@lab/core/plot";
import { vectorCosts } from "../costs/vector-costs.js";
import { unicycle } from "../ego/unicycle.js";
import { type EvaluateOptions, evaluate } from "../evaluation/evaluate.js";
import type { EpisodeResult } from "../evaluation/run-group.js";
import { renderFrame } from "../picture/frame.js";
import { clonePolicy } from "../policy/clone-policy.js";
import { mlpPolicy } from "../policy/mlp-policy.js";
import type { Policy, TrainablePolicy } from "../policy/policy.js";
import { replayPolicy } from "../policy/replay-policy.js";
import { noAction } from "../policy/simple-policies.js";
import { partsOf, type TrainPolicyOptions, trainPolicy } from "../policy/train-policy.js";
import { keepsLane } from "../scene/windows.js";
import { replayWorld } from "../world/replay-world.js";
import { lateralGain } from "./lateral-gain.js";
import { type MethodRow, methodRow, successBars, tableOf } from "./method-row.js";
import { FULL_DATA, PAPER, PAPER_VALUE, type RingData, ringLogs } from "./ring-data.js";

interface RingParams extends RingData {
  steps: number;
  cloneSteps: number;
  episodes: number;
  reactiveEpisodes: number;
  withUnperturbed: boolean;
}

interface RingResult {
  rows: MethodRow[];
  /** Cost and its parts over the updates. */
  curve: { step: number; loss: number; parts: Record<string, number> }[];
  /** Pictures of an episode that arrived. */
  strip: { label: string; width: number; height: number; data: number[] }[];
  /** Curvature for each metre beside the middle of the lane, with and without start perturbation. */
  gains: { separated: number; unperturbed?: number };
}

/** The margins that a mode must keep, each for every seed. */
interface Gate {
  success: number;
  overNoAction: number;
  overCloning: number;
  overUnperturbed: number;
  reactive: number;
  reactiveOverNoAction: number;
}

// The full gate is that of the protocol; the quick one allows for fewer updates and one seed.
const GATES: Record<"quick" | "full", Gate> = {
  quick: {
    success: 0.5,
    overNoAction: 0.3,
    overCloning: 0.35,
    overUnperturbed: 0.1,
    reactive: 0.85,
    reactiveOverNoAction: 0.1,
  },
  full: {
    success: 0.6,
    overNoAction: 0.45,
    overCloning: 0.5,
    overUnperturbed: 0.25,
    reactive: 0.9,
    reactiveOverNoAction: 0.15,
  },
};

const SEPARATED = "separated, replay world";
const UNPERTURBED = "separated, no start perturbation";
/** Not judged: a start in the midst of a lane change is a perturbation by itself. */
const FROM_CHANGES = "separated, no start perturbation, also from lane changes";
const NO_ACTION = "no action";
const CLONING = "behavioural cloning";

async function run(context: ExperimentContext<RingParams>): Promise<RingResult> {
  const { params, seed, signal, onProgress, runner, store } = context;
  const { train, test } = await ringLogs(params, signal, onProgress);
  const result: RingResult = { rows: [], curve: [], strip: [], gains: { separated: 0 } };
  const progress = (method: string, done: number, total: number, loss: number) =>
    onProgress({ done, total, message: `training: ${method}`, metrics: { loss } });
  const judge = async (
    method: string,
    policy: Policy,
    began: number,
    options: Partial<EvaluateOptions> = {},
  ) => {
    onProgress({ done: result.rows.length, message: `driving: ${method}` });
    const report = await evaluate(policy, {
      log: test,
      mode: "replay",
      episodes: params.episodes,
      seed: 1,
      signal,
      // Replayed actions need the log itself and stay in this process.
      runner: policy.describe ? runner : "inline",
      ...options,
    });
    result.rows.push(methodRow(method, report, (performance.now() - began) / 1000));
    return report;
  };
  const reactive = { mode: "reactive", episodes: params.reactiveEpisodes } as const;
  await judge("recorded actions", replayPolicy(test), performance.now());
  await judge(NO_ACTION, noAction(), performance.now());
  await judge(NO_ACTION, noAction(), performance.now(), reactive);

  const imagine = async (method: string, options: Partial<TrainPolicyOptions<TrainablePolicy>> = {}) => {
    const policy = mlpPolicy({ seed });
    const { history } = await trainPolicy({
      policy,
      log: train,
      world: replayWorld(train),
      ego: unicycle({ dt: train.dt }),
      costs: vectorCosts(),
      starts: keepsLane(train),
      steps: params.steps,
      seed,
      signal,
      on: ({ step, loss }) => progress(method, step, params.steps, loss),
      ...options,
    });
    return { policy, history };
  };

  let began = performance.now();
  const { policy, history } = await imagine(SEPARATED, { checkpoint: `${store}/separated.ckpt` });
  // A run that goes on has the figures before the stop in its history.
  result.curve = history.rows.map(({ step, scalars }) => ({
    step,
    loss: scalars.loss!,
    parts: partsOf(scalars),
  }));
  const report = await judge(SEPARATED, policy, began, { keep: 4 });
  result.strip = stripOf(report.episodes.find(({ success, recording }) => success && recording));
  await judge(SEPARATED, policy, performance.now(), reactive);
  result.gains.separated = await lateralGain(policy);
  policy.dispose();

  began = performance.now();
  const clone = await clonePolicy(train, {
    steps: params.cloneSteps,
    seed,
    signal,
    on: ({ step, loss }) => progress(CLONING, step, params.cloneSteps, loss),
  });
  await judge(CLONING, clone, began);
  clone.dispose();

  if (params.withUnperturbed) {
    began = performance.now();
    const { policy: fixed } = await imagine(UNPERTURBED, {
      perturb: false,
      checkpoint: `${store}/unperturbed.ckpt`,
    });
    await judge(UNPERTURBED, fixed, began);
    result.gains.unperturbed = await lateralGain(fixed);
    fixed.dispose();

    began = performance.now();
    const { policy: anywhere } = await imagine(FROM_CHANGES, {
      perturb: false,
      starts: () => true,
      checkpoint: `${store}/from-changes.ckpt`,
    });
    await judge(FROM_CHANGES, anywhere, began);
    anywhere.dispose();
  }
  return result;
}

/** Six moments of an episode as small pictures. */
function stripOf(episode: EpisodeResult | undefined): RingResult["strip"] {
  const recording = episode?.recording;
  if (!recording) return [];
  const { frames, road, size, dt } = recording;
  return Array.from({ length: 6 }, (_, i) => {
    const t = Math.round((i * (frames.length - 1)) / 5);
    const { width, height, data } = renderFrame(
      { frame: frames[t]!, road, size },
      { width: 280, metres: 70 },
    );
    const rgb: number[] = [];
    for (let p = 0; p < width * height; p++) for (let c = 0; c < 3; c++) rgb.push(data[4 * p + c]!);
    return { label: `${(t * dt).toFixed(1)} s`, width, height, data: rgb };
  });
}

function margins(rows: readonly MethodRow[]): Partial<Record<keyof Gate, number>> {
  const success = (method: string, mode = "replay") =>
    rows.find((row) => row.method === method && row.mode === mode)?.success;
  const over = (a: number | undefined, b: number | undefined) =>
    a === undefined || b === undefined ? {} : { value: a - b };
  const separated = success(SEPARATED);
  const reactive = success(SEPARATED, "reactive");
  const found: Partial<Record<keyof Gate, number | undefined>> = {
    success: separated,
    overNoAction: over(separated, success(NO_ACTION)).value,
    overCloning: over(separated, success(CLONING)).value,
    overUnperturbed: over(separated, success(UNPERTURBED)).value,
    reactive,
    reactiveOverNoAction: over(reactive, success(NO_ACTION, "reactive")).value,
  };
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** Verdict of one gate: every margin holds for every seed; where every margin holds by half, in part. */
export function ringVerdict(seeds: readonly (readonly MethodRow[])[], mode: "quick" | "full"): Verdict {
  const gate = GATES[mode];
  const holds = (share: number) =>
    seeds
      .map(margins)
      .every((found) =>
        Object.entries(found).every(([name, value]) => value >= share * gate[name as keyof Gate]),
      );
  if (holds(1)) return "reproduced";
  return holds(0.5) ? "partly" : "failed";
}

/** What the start perturbation does to the loop, in figures. */
function gainNote(gains: readonly RingResult["gains"][]): string[] {
  const pairs = gains.filter(({ unperturbed }) => unperturbed !== undefined);
  if (pairs.length === 0) return [];
  const list = (values: readonly number[]) => values.map((value) => value.toExponential(1)).join(", ");
  return [
    `Answer to an offset, curvature (1/m) for each metre beside the middle of the lane: ${list(pairs.map(({ separated }) => separated))} with start perturbation, ${list(pairs.map(({ unperturbed }) => unperturbed!))} without. Futures begin where the recorded car keeps its lane; exact kinematics imagines no drift from there, so without perturbation there is no offset to learn from, and cars drift off the road.`,
    `Futures that begin in a lane change begin up to half a lane beside the middle; "${FROM_CHANGES}" has these too, 7 % of the places, and some trainings learn from them.`,
  ];
}

/** Policies learned by imagining against those that do not imagine. */
export const ring: Experiment<RingParams, RingResult> = {
  name: "ppuu/ring",
  paper: PAPER,
  claim:
    "With the world predicted apart from the ego's exact kinematics, a policy learned by imagining drives in dense traffic where cloning and constant speed fail",
  estimate: { quick: 15, full: 45 },
  isMain: true,
  seeds: { full: 3 },
  params: (mode) =>
    mode === "quick"
      ? {
          ...FULL_DATA,
          steps: 240,
          cloneSteps: 300,
          episodes: 144,
          reactiveEpisodes: 48,
          withUnperturbed: false,
        }
      : {
          ...FULL_DATA,
          steps: 300,
          cloneSteps: 1200,
          episodes: 144,
          reactiveEpisodes: 64,
          withUnperturbed: true,
        },
  run,
  summarise(runs, mode) {
    const seeds = runs.map(({ seed, result }) => ({ seed, rows: result.rows }));
    const of = (method: string) =>
      seeds.map(({ rows }) =>
        rows.find((row) => row.method === method && row.mode === "replay")!.success.toFixed(3),
      );
    const first = runs[0]?.result;
    const parts = Object.keys(first?.curve[0]?.parts ?? {});
    const curves: LinePlot = {
      kind: "line",
      title: "Cost while learning",
      caption: "Mean over the imagined steps of each part of the cost, without its weight; first seed.",
      x: { label: "update" },
      y: { label: "cost", scale: "log" },
      series: ["total", ...parts].map((name) => ({
        name,
        x: first?.curve.map(({ step }) => step) ?? [],
        y:
          first?.curve.map(({ loss, parts: all }) => Math.max(1e-5, name === "total" ? loss : all[name]!)) ??
          [],
      })),
    };
    const images: PlotPicture[] = (first?.strip ?? []).map(({ label, width, height, data }) => ({
      label,
      width,
      height,
      channels: 3,
      data: data.map((value) => value / 255),
    }));
    return {
      verdict: ringVerdict(
        seeds.map(({ rows }) => rows),
        mode === "quick" ? "quick" : "full",
      ),
      paperValue: PAPER_VALUE,
      measured: `success in replay: separated ${of(SEPARATED).join(", ")}; no action ${of(NO_ACTION).join(", ")}; cloning ${of(CLONING).join(", ")}`,
      table: tableOf(seeds),
      figures: [
        successBars("Who arrives", "Bars are 95 % Wilson intervals over the same held-out episodes.", seeds),
        curves,
        ...(images.length > 0
          ? [
              {
                kind: "image" as const,
                title: "An episode of the separated policy",
                caption: "Orange: the policy's car; grey: where the recorded car was; blue: the others.",
                images,
                columns: 2,
              },
            ]
          : []),
      ],
      notes: [
        "Data: simulated ring traffic (IDM and MOBIL), 4 lanes of 15 cars on 360 m; no recorded traffic.",
        "In replay the others cannot see the ego: a share of the collisions from behind is the protocol's, not the policy's.",
        ...gainNote(runs.map(({ result }) => result.gains)),
        "Superiority over a joint action-conditioned model in policy learning is not claimed at this scale; see ppuu/counterfactual for what the separation buys.",
      ],
    };
  },
};
