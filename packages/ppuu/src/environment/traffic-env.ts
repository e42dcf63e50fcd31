import { ArgumentError, checkChoice, checkInteger, checkNumber, ShapeError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { Tensor, type Tensor2D } from "@tensorflow/tfjs-core";
import type { EgoModel } from "../ego/ego-model.js";
import { unicycle } from "../ego/unicycle.js";
import type { TrafficLog } from "../log/traffic-log.js";
import { type Frame, type RenderOptions, renderFrame } from "../picture/frame.js";
import type { Observation, Place } from "../scene/scene.js";
import { checkPlace, samplePlaces } from "../scene/windows.js";
import { recordTraffic } from "../simulation/simulate-traffic.js";
import type { TrafficSimulation } from "../simulation/traffic-simulation.js";
import { type EpisodeRules, EpisodeRun, type ObservationKind, observationOf } from "./episodes.js";
import type { Outcome } from "./outcome.js";
import { checkStress, type Stress } from "./stress.js";

/** What {@link TrafficEnv} tells beside the observation. */
export interface EnvInfo {
  /** Outcome of each row, `null` while it drives. */
  outcome: (Outcome | null)[];
  /** Metres driven by each row. */
  distance: number[];
  /** Where each row is in the log. */
  places: Place[];
  /** Seed of the episodes. */
  seed: number;
}

/** What a reward is computed from. */
export interface RewardInput {
  /** State of the controlled car, `x, y, dx, dy, v`. */
  state: Float64Array;
  /** Action that was asked for. */
  action: readonly [number, number];
  /** Metres driven in this step. */
  progress: number;
  /** Outcome, `null` while it drives. */
  outcome: Outcome | null;
}

/** Longest episode in s, and frames that are seen. */
const [LIMIT, FRAMES] = [50, 2];

/** Rules of driving that environments and evaluations share. */
export interface DrivingOptions {
  /** The log whose cars are replaced. */
  log: TrafficLog;
  /** Whether the others follow the log or react. */
  mode: "replay" | "reactive";
  /** The ego model. @defaultValue `unicycle({ dt: log.dt })` */
  ego?: EgoModel;
  /** Whether actions are kept within the model's limits. @defaultValue true */
  clip?: boolean;
  /** Forgiven overlap in m. @defaultValue 0, and 1 for recorded logs */
  margin?: number;
  /** Metres to go on a ring, position on an open road. @defaultValue that of the log's road */
  destination?: number;
  /** Longest episode in s. @defaultValue 50 */
  limit?: number;
  /** Frames of history that are seen. @defaultValue 2 */
  frames?: number;
  /**
   * What the scene of an observation holds: `vector` cars as numbers; `image` a context image of 117 × 24 cells in the
   * ego's frame and no cars; `both` both. The history has cars in any case, for world models and for policies that draw
   * their own frames.
   * @defaultValue `"vector"`
   */
  observation?: ObservationKind;
  /** What makes it harder. @defaultValue nothing */
  stress?: Stress;
}

/** Options of {@link TrafficEnv}: a `log`, or a `simulation` instead of it. */
export interface TrafficEnvOptions extends Omit<DrivingOptions, "log"> {
  /** The log whose cars are replaced. */
  log?: TrafficLog;
  /** Traffic that goes on from where it is; the simulation itself is not stepped. */
  simulation?: TrafficSimulation;
  /** Episodes that run side by side. @defaultValue 1 */
  batch?: number;
  /** Reward of a step. @defaultValue metres driven / 10, minus 1 for a collision or for leaving the road */
  reward?: (input: RewardInput) => number;
}

/** What a step answers: observation, rewards, ends, ends by time, and more. */
export type EnvStep = [Observation, Float32Array, Uint8Array, Uint8Array, EnvInfo];

/** Rules of episodes, from options that environments and evaluations share. */
export function episodeRules(
  caller: string,
  options: DrivingOptions,
  seed: number,
  keep: boolean,
): EpisodeRules {
  const { log } = options;
  const mode = checkChoice(caller, "mode", options.mode, ["replay", "reactive"] as const);
  const ego = options.ego ?? unicycle({ dt: log.dt });
  if (Math.abs(ego.dt - log.dt) > 1e-9) {
    throw new ArgumentError(
      `${caller}: ego has steps of ${ego.dt} s and the log has ${log.dt} s; equal steps were expected; see subsampleLog`,
      { argument: "ego", value: ego.dt },
    );
  }
  // Tracks of real cars are inaccurate by about a metre.
  const isRecorded = !log.source.startsWith("simulateTraffic");
  return {
    log,
    mode,
    ego,
    clip: options.clip ?? true,
    margin: checkNumber(caller, "margin", options.margin ?? (isRecorded ? 1 : 0), { min: 0 }),
    destination: checkNumber(caller, "destination", options.destination ?? log.road.destination, {
      above: 0,
    }),
    limit: Math.round(checkNumber(caller, "limit", options.limit ?? LIMIT, { above: 0 }) / log.dt),
    frames: checkInteger(caller, "frames", options.frames ?? FRAMES, { min: 1, max: 30 }),
    observation: checkChoice(caller, "observation", options.observation ?? "vector", [
      "vector",
      "image",
      "both",
    ] as const),
    stress: checkStress(caller, options.stress ?? {}, mode),
    seed,
    keep,
  };
}

const defaultReward = ({ progress, outcome }: RewardInput) =>
  progress / 10 - (outcome === "ahead" || outcome === "behind" || outcome === "offroad" ? 1 : 0);

/**
 * Driving as an environment in the manner of Gymnasium: `reset` and `step` give observation, reward, and two kinds of end.
 *
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { simulateTraffic } from "@lab/ppuu";
 * import { TrafficEnv } from "@lab/ppuu/evaluation";
 *
 * await init();
 * const log = await simulateTraffic({ seconds: 20, seed: 0, warmup: 5 });
 * const env = new TrafficEnv({ log, mode: "replay" });
 * const [observation, info] = env.reset({ seed: 3 });
 * observation.ego.shape; // => [1, 5]
 * const [, reward, terminated, truncated] = env.step(new Float32Array([0.5, 0]));
 * reward.length + terminated.length + truncated.length; // => 3
 * env.close();
 * ```
 */
export class TrafficEnv {
  private readonly options: DrivingOptions;
  private readonly reward: (input: RewardInput) => number;
  private readonly batch: number;
  private runs: EpisodeRun[] = [];
  private seed = 0;
  private resets = 0;

  /**
   * @param options - See {@link TrafficEnvOptions}.
   * @throws {@link ArgumentError} when an option is out of range, or both or none of `log` and `simulation` are given.
   */
  constructor(options: TrafficEnvOptions) {
    const { log, simulation, batch: _, reward = defaultReward, ...rules } = options;
    if ((log === undefined) === (simulation === undefined)) {
      throw new ArgumentError(
        `TrafficEnv: ${log ? "log and simulation are both given" : "log and simulation are left out"}; one of them was expected`,
        { argument: "log", value: undefined },
      );
    }
    this.options = { ...rules, log: log ?? futureOf(simulation!, rules) };
    this.reward = reward;
    this.batch = checkInteger("TrafficEnv", "batch", options.batch ?? 1, { min: 1 });
    episodeRules("TrafficEnv", this.options, 0, false);
  }

  /**
   * Begins new episodes.
   *
   * @param options - `seed` fixes places and all that is drawn (by default the one before plus one); `car` names the
   *   place of the first row.
   * @returns The observation, whose tensors belong to the caller (see {@link disposeObservation}), and more.
   * @throws {@link ArgumentError} when the named car is not present for long enough.
   */
  reset(
    options: { seed?: number; car?: { scene: number; id: number; frame: number } } = {},
  ): [Observation, EnvInfo] {
    this.seed = checkInteger("TrafficEnv.reset", "seed", options.seed ?? (this.resets ? this.seed + 1 : 0), {
      min: 0,
    });
    this.resets++;
    const rules = episodeRules("TrafficEnv", this.options, this.seed, true);
    const { log } = rules;
    const generator = new Generator(this.seed).split("traffic-env");
    const places = samplePlaces(log, this.batch, rules.frames, 1, generator);
    if (options.car) {
      const { scene, id, frame } = options.car;
      places[0] = { scene, car: id, frame };
      checkPlace("TrafficEnv.reset", log, places[0], rules.frames - 1, 1);
    }
    this.runs = places.map((place, row) => new EpisodeRun(rules, place, String(row)));
    return [observationOf(this.runs), this.info()];
  }

  /**
   * Executes one action in each row that still drives.
   *
   * @param action - Acceleration in m/s² and turn, row by row, `batch * 2` numbers, or a tensor `[batch, 2]`, which stays the
   *   caller's and whose answer is a promise, since it is read from the device.
   * @returns Observation (its tensors belong to the caller), rewards, 1 where an episode has ended by itself, 1 where it
   *   ran out of time, and more.
   * @throws {@link ArgumentError} before the first `reset` and when all rows have ended.
   */
  step(action: Tensor2D): Promise<EnvStep>;
  step(action: ArrayLike<number>): EnvStep;
  step(action: ArrayLike<number> | Tensor2D): EnvStep | Promise<EnvStep> {
    return action instanceof Tensor
      ? action.data().then((values) => this.execute(values))
      : this.execute(action);
  }

  private execute(action: ArrayLike<number>): EnvStep {
    if (this.runs.length === 0 || this.runs.every(({ outcome }) => outcome)) {
      throw new ArgumentError(
        `TrafficEnv.step: ${this.runs.length === 0 ? "no episode has begun" : "all episodes have ended"}; call reset first`,
        { argument: "action", value: undefined },
      );
    }
    if (action.length !== 2 * this.batch) {
      throw new ShapeError(
        `TrafficEnv.step: action has ${action.length} numbers; ${2 * this.batch} were expected, two a row`,
        { argument: "action", shape: [action.length] },
      );
    }
    const reward = new Float32Array(this.batch);
    for (const [row, run] of this.runs.entries()) {
      if (run.outcome) continue;
      const asked = [action[2 * row]!, action[2 * row + 1]!] as const;
      const before = run.state[0]!;
      run.step(asked);
      reward[row] = this.reward({
        state: run.state,
        action: asked,
        progress: run.state[0]! - before,
        outcome: run.outcome ?? null,
      });
    }
    const ended = (isTimeout: boolean) =>
      Uint8Array.from(this.runs, ({ outcome }) => Number(outcome && (outcome === "timeout") === isTimeout));
    return [observationOf(this.runs), reward, ended(false), ended(true), this.info()];
  }

  /**
   * A picture of one row from above.
   *
   * @param options - See {@link RenderOptions}; `row` chooses the row.
   */
  render(options: RenderOptions & { row?: number } = {}): Frame {
    const run =
      this.runs[checkInteger("TrafficEnv.render", "row", options.row ?? 0, { min: 0, max: this.batch - 1 })];
    if (!run) {
      throw new ArgumentError("TrafficEnv.render: no episode has begun; call reset first", {
        argument: "row",
        value: options.row,
      });
    }
    return renderFrame({ frame: run.frames.at(-1)!, road: run.rules.log.road, size: run.size }, options);
  }

  /** Forgets the episodes; `reset` begins anew. */
  close(): void {
    this.runs = [];
  }

  private info(): EnvInfo {
    return {
      outcome: this.runs.map(({ outcome }) => outcome ?? null),
      distance: this.runs.map((run) => run.state[0]! - run.startX),
      places: this.runs.map(({ place, steps }) => ({ ...place, frame: place.frame + steps })),
      seed: this.seed,
    };
  }
}

/** What a copy of a simulation does next: a log that is long enough for an episode and its history. */
function futureOf(
  simulation: TrafficSimulation,
  { limit = LIMIT, frames = FRAMES }: Omit<DrivingOptions, "log">,
) {
  const seconds = checkNumber("TrafficEnv", "limit", limit, { above: 0 });
  const count = Math.round(seconds / simulation.dt) + frames + 1;
  return recordTraffic(simulation.clone(), count, "simulateTraffic: a simulation that was given");
}
