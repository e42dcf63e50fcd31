import type { Experiment, ExperimentContext, Row } from "@lab/core/experiment";
import type { LinePlot } from "@lab/core/plot";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { rolloutEgoHost } from "../ego/rollout-ego.js";
import { unicycle } from "../ego/unicycle.js";
import { recordedState } from "../log/recorded-states.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { historyFromLog, samplePlaces } from "../scene/windows.js";
import { trainingWindow } from "../world/training-window.js";
import type { LearnedWorldModel, WorldState } from "../world/world-model.js";
import { FULL_DATA, PAPER, PAPER_VALUE, type RingData, ringLogs } from "./ring-data.js";
import { trainJointModel } from "./train-joint.js";

interface CounterfactualParams extends RingData {
  updates: number;
  futures: number;
}

interface FutureError {
  /** Name of the actions. */
  actions: string;
  /** Standard deviation of the acceleration, m/s². */
  acceleration: number;
  /** Standard deviation of the curvature, 1/m. */
  turn: number;
  /** Root mean square errors after 3 s. */
  lateral: number;
  longitudinal: number;
  heading: number;
}

const STEPS = 15;
const LEVELS = [
  [0.5, 0.003],
  [1.5, 0.01],
  [3, 0.02],
] as const;
const RECORDED = "recorded";

async function errorOf(
  world: LearnedWorldModel,
  log: TrafficLog,
  futures: number,
  level: readonly [number, number] | undefined,
  seed: number,
): Promise<FutureError> {
  const generator = new Generator(seed).split("counterfactual");
  const places = samplePlaces(log, futures, 1, STEPS + 1, generator);
  const dt = log.dt;
  const ego = unicycle({ dt, minSpeed: null });
  const recorded = trainingWindow(log, places, 2, STEPS);
  const noise = generator.split("actions").normal64(2 * futures);
  const actions = level
    ? Float32Array.from({ length: futures * STEPS * 2 }, (_, i) => {
        const row = Math.floor(i / (2 * STEPS));
        return i % 2 === 0 ? level[0] * noise[2 * row]! : level[1] * noise[2 * row + 1]!;
      })
    : ((await recorded.actions.data()) as Float32Array);
  tf.dispose([recorded.ego, recorded.actions, recorded.cars, recorded.mask]);
  tf.dispose([recorded.history.ego, recorded.history.cars, recorded.history.mask, recorded.history.car]);
  const last = tf.tidy(() => {
    const history = historyFromLog(log, places);
    const plan = tf.unstack(tf.tensor3d(actions, [futures, STEPS, 2]), 1) as tf.Tensor2D[];
    let state: WorldState = world.reset(history);
    for (const action of plan) state = world.step(state, world.ego!(state), action);
    return world.ego!(state);
  });
  const predicted = await last.data();
  last.dispose();
  let [lateral, longitudinal, heading] = [0, 0, 0];
  for (const [row, { scene, car, frame }] of places.entries()) {
    const start = recordedState(log, scene, car, frame);
    const exact = rolloutEgoHost(ego, start, actions.subarray(row * STEPS * 2, (row + 1) * STEPS * 2)).slice(
      -5,
    );
    const [dx, dy] = [predicted[5 * row]! - exact[0]!, predicted[5 * row + 1]! - exact[1]!];
    lateral += (exact[2]! * dy - exact[3]! * dx) ** 2;
    longitudinal += (exact[2]! * dx + exact[3]! * dy) ** 2;
    const turned =
      Math.atan2(predicted[5 * row + 3]!, predicted[5 * row + 2]!) - Math.atan2(exact[3]!, exact[2]!);
    heading += turned ** 2;
  }
  const root = (sum: number) => Math.sqrt(sum / futures);
  return {
    actions: level ? `a ± ${level[0]}, b ± ${level[1]}` : RECORDED,
    acceleration: level?.[0] ?? 0,
    turn: level?.[1] ?? 0,
    lateral: root(lateral),
    longitudinal: root(longitudinal),
    heading: root(heading),
  };
}

async function run(context: ExperimentContext<CounterfactualParams>): Promise<{ errors: FutureError[] }> {
  const { params, signal, onProgress } = context;
  const { train, test } = await ringLogs(params, signal, onProgress);
  const world = await trainJointModel(context, train, params.updates);
  const errors: FutureError[] = [];
  for (const level of [undefined, ...LEVELS]) {
    errors.push(await errorOf(world, test, params.futures, level, 1));
  }
  world.dispose();
  return { errors };
}

/** Where a joint model puts the ego after actions that nobody took. */
export const counterfactual: Experiment<CounterfactualParams, { errors: FutureError[] }> = {
  name: "ppuu/counterfactual",
  paper: PAPER,
  claim:
    "A model that must learn from data what steering does is wrong for actions that nobody took; kinematics is exact",
  estimate: { quick: 60, full: 260 },
  isMain: false,
  params: (mode) =>
    mode === "quick"
      ? { ...FULL_DATA, trainScenes: 8, testScenes: 6, updates: 300, futures: 256 }
      : { ...FULL_DATA, updates: 1500, futures: 512 },
  run,
  summarise(runs) {
    const at = (errors: readonly FutureError[], turn: number) => errors.find((error) => error.turn === turn)!;
    const isWrong = runs.every(({ result: { errors } }) => {
      const far = at(errors, 0.01).lateral;
      return far >= 3 * at(errors, 0).lateral && far >= 0.5;
    });
    const grows = runs.every(
      ({ result: { errors } }) => at(errors, 0.02).lateral > at(errors, 0.003).lateral,
    );
    const table: Row[] = runs.flatMap(({ seed, result }) =>
      result.errors.map(({ actions, lateral, longitudinal, heading }) => ({
        actions,
        seed,
        "lateral error (m)": Math.round(lateral * 1000) / 1000,
        "longitudinal error (m)": Math.round(longitudinal * 1000) / 1000,
        "heading error (rad)": Math.round(heading * 10000) / 10000,
        "kinematics (m)": 0,
      })),
    );
    const figure: LinePlot = {
      kind: "line",
      title: "Error of a joint model after 3 s of held actions",
      caption: "Against exact kinematics, whose error is 0; leftmost: recorded actions.",
      x: { label: "standard deviation of the curvature (1/m)" },
      y: { label: "lateral error (m, root mean square)" },
      series: runs.map(({ seed, result }) => ({
        name: `seed ${seed}`,
        x: result.errors.map(({ turn }) => turn),
        y: result.errors.map(({ lateral }) => lateral),
      })),
    };
    return {
      verdict: isWrong ? "reproduced" : grows ? "partly" : "failed",
      paperValue: PAPER_VALUE,
      measured: runs
        .map(({ result: { errors } }) => errors.map(({ lateral }) => lateral.toFixed(2)).join(" → "))
        .join("; ")
        .concat(" m lateral"),
      table,
      figures: [figure],
      notes: [
        "Data: simulated ring traffic. Gate: at (1.5, 0.01) at least three times the error on recorded actions and 0.5 m.",
      ],
    };
  },
};
