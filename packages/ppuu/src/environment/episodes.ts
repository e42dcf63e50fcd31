import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { EgoModel } from "../ego/ego-model.js";
import { frameOf } from "../gradient/frame-of.js";
import { recordedState } from "../log/recorded-states.js";
import { shortWay } from "../log/road.js";
import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import { renderContext } from "../raster/render-context.js";
import type { Observation, Place, Scene } from "../scene/scene.js";
import { NUM_TRACKED, trackedCars } from "../scene/tracked-cars.js";
import type { TrafficSimulation } from "../simulation/traffic-simulation.js";
import { type Outcome, outcomeOf, type Rectangle, type Situation, timeToCollision } from "./outcome.js";
import { reactiveView, replayView, type SceneView } from "./scene-view.js";
import type { Stress } from "./stress.js";

/** One moment of an episode, for pictures. */
export interface EpisodeFrame {
  /** State of the controlled car, `x, y, dx, dy, v`. */
  ego: number[];
  /** Where the recorded car was, `x, y`, while it was there. */
  recorded: [number, number] | null;
  /** The others within sight: index in the scene, x, y, v, length, width; x next to the ego's on a ring. */
  cars: number[][];
}

/** What a policy sees of the others: cars as numbers, a context image, or both. */
export type ObservationKind = "vector" | "image" | "both";

/** Rules of a batch of episodes. */
export interface EpisodeRules {
  /** The log. */
  log: TrafficLog;
  /** Whether the others follow the log or react. */
  mode: "replay" | "reactive";
  /** The ego model; its step is that of the log. */
  ego: EgoModel;
  /** Whether actions are kept within the model's limits. */
  clip: boolean;
  /** Forgiven overlap in m. */
  margin: number;
  /** Metres to go on a ring, position on an open road. */
  destination: number;
  /** Longest episode in steps. */
  limit: number;
  /** Frames of history that the policy sees. */
  frames: number;
  /** Whether the scene holds cars, an image, or both. */
  observation: ObservationKind;
  /** What makes it harder. */
  stress: Stress;
  /** Seed of the others and of the stress. */
  seed: number;
  /** Whether moments are recorded for pictures. */
  keep: boolean;
}

/** Metres within which others are recorded. */
const SIGHT = 80;
/** Time step of the drivers in s. */
const SIMULATION_STEP = 0.1;
/** Step at which a neighbour cuts in, in s. */
const CUT_IN_AT = 2;

/** One controlled car among others: host arrays, no tensors. */
export class EpisodeRun {
  readonly place: Place;
  readonly rules: EpisodeRules;
  readonly size: readonly [length: number, width: number];
  readonly frames: EpisodeFrame[] = [];
  state: Float64Array;
  steps = 0;
  /** The first end. */
  outcome: Outcome | undefined;
  /** The end when cars that touch from behind do not count; the run goes on until then. */
  outcomeAhead: Outcome | undefined;
  touched = -1;
  /** Steps and metres until the first end. */
  stepsAtEnd = 0;
  distance = 0;
  /** Sum over steps of ((a − a_before)/dt)², for the jerk. */
  jerkSquares = 0;
  minTimeToCollision = Number.POSITIVE_INFINITY;
  previousAction: [number, number] = [0, 0];
  readonly startX: number;
  private readonly view: SceneView;
  private readonly past: Float64Array[];
  private readonly queue: [number, number][];
  private readonly generator: Generator;

  constructor(rules: EpisodeRules, place: Place, label: string) {
    const { log, stress, mode } = rules;
    this.rules = rules;
    this.place = place;
    this.generator = new Generator(rules.seed).split("episode").split(label);
    const sizeAt = place.scene * log.shape[2] + place.car;
    this.size = [log.length[sizeAt]!, log.width[sizeAt]!];
    this.state = recordedState(log, place.scene, place.car, place.frame);
    this.past = [];
    for (let back = rules.frames - 1; back > 0; back--) {
      this.past.push(recordedState(log, place.scene, place.car, place.frame - back));
    }
    if (stress.startOffset) {
      const { y = 0, heading = 0, speed = 0 } = stress.startOffset;
      const [a, b, c] = this.generator.split("start").normal64(3) as unknown as [number, number, number];
      const angle = heading * b;
      const [dx, dy] = [this.state[2]!, this.state[3]!];
      this.state[1]! += y * a;
      this.state[2] = dx * Math.cos(angle) - dy * Math.sin(angle);
      this.state[3] = dy * Math.cos(angle) + dx * Math.sin(angle);
      this.state[4] = Math.max(0, this.state[4]! + speed * c);
    }
    this.startX = this.state[0]!;
    this.queue = Array.from({ length: stress.delay ?? 0 }, () => [0, 0]);
    const { density = 1 } = stress;
    const chances = density < 1 ? this.generator.split("density").float64(log.shape[2]) : undefined;
    const kept = chances && ((car: number) => car === place.car || chances[car]! < density);
    this.view =
      mode === "replay"
        ? replayView(log, place, kept)
        : reactiveView(
            log,
            place,
            Number(this.generator.split("drivers").words(1)[0]!),
            SIMULATION_STEP,
            rules.frames,
            kept,
            (simulation, step) => this.disturb(simulation, step),
          );
    this.record();
  }

  /** Lengths of the other cars are the log's. */
  private length(car: number): number {
    return this.rules.log.length[this.place.scene * this.rules.log.shape[2] + car]!;
  }

  private width(car: number): number {
    return this.rules.log.width[this.place.scene * this.rules.log.shape[2] + car]!;
  }

  private rectangle(): Rectangle {
    return { x: this.state[0]!, y: this.state[1]!, length: this.size[0], width: this.size[1] };
  }

  private situation(): Situation {
    const { log, margin, destination } = this.rules;
    return {
      ego: this.rectangle(),
      others: this.view.moment(0),
      length: (car) => this.length(car),
      width: (car) => this.width(car),
      self: this.place.car,
      road: log.road,
      margin,
      destination: log.road.ring === undefined ? destination : this.startX + destination,
    };
  }

  /** Executes an action; the episode must not have ended. */
  step(asked: readonly [number, number]): void {
    const { ego, stress, clip, limit, log } = this.rules;
    const { min, max } = ego.limits;
    this.queue.push([asked[0], asked[1]]);
    const action = this.queue.shift()!;
    const noise = stress.noise?.action ?? 0;
    const wobble = noise > 0 ? this.generator.split("action").split(this.steps).normal64(2) : [0, 0];
    for (const i of [0, 1] as const) {
      action[i] += noise * wobble[i]! * max[i]!;
      if (clip) action[i] = Math.min(max[i]!, Math.max(min[i]!, action[i]));
    }
    this.view.step(this.state);
    this.past.push(this.state);
    if (this.past.length >= this.rules.frames) this.past.shift();
    this.state = ego.stepHost(this.state, action);
    if (this.steps > 0 && !this.outcome)
      this.jerkSquares += ((action[0] - this.previousAction[0]) / log.dt) ** 2;
    this.previousAction = action;
    this.steps++;
    if (!this.outcome) this.record();
    const situation = this.situation();
    const { v } = this.view.moment(0);
    const { from } = situation.others;
    const time = timeToCollision(situation, this.state[4]! * this.state[2]!, (car) => v[from + car]!);
    if (!this.outcome) this.minTimeToCollision = Math.min(this.minTimeToCollision, time);
    const isLate = this.steps >= limit || !this.view.hasNext();
    const end = outcomeOf(situation);
    if (!this.outcome) {
      this.outcome = end?.outcome ?? (isLate ? "timeout" : undefined);
      this.touched = end?.touched ?? -1;
      this.stepsAtEnd = this.steps;
      this.distance = this.state[0]! - this.startX;
    }
    // Only a car behind makes the two ends differ.
    const endAhead = end?.outcome === "behind" ? outcomeOf(situation, false) : end;
    this.outcomeAhead = endAhead?.outcome ?? (isLate ? "timeout" : undefined);
  }

  /** Writes what the policy sees into row `row` of flat arrays. */
  observe(into: ObservationArrays, row: number): void {
    const { log, frames, stress } = this.rules;
    const [x, y] = [this.state[0]!, this.state[1]!];
    const around = trackedCars(this.view.moment(0), log.road, x, y, this.place.car);
    const noise = stress.noise ?? {};
    const isNoisy = (noise.position ?? 0) > 0 || (noise.speed ?? 0) > 0;
    const draws = isNoisy
      ? this.generator
          .split("sight")
          .split(this.steps)
          .normal64(3 * NUM_TRACKED)
      : undefined;
    for (let t = 0; t < frames; t++) {
      const back = frames - 1 - t;
      const state = back === 0 ? this.state : this.past[this.past.length - back]!;
      into.ego.set(state, (row * frames + t) * 5);
      const moment = this.view.moment(back);
      for (let k = 0; k < NUM_TRACKED; k++) {
        const car = around[k]!;
        const at = ((row * frames + t) * NUM_TRACKED + k) * 5;
        const entry = moment.from + car;
        if (car < 0 || !moment.present[entry]) {
          into.cars[at] = x;
          continue;
        }
        into.cars[at] =
          x + shortWay(log.road, moment.x[entry]! - x) + (draws ? (noise.position ?? 0) * draws[3 * k]! : 0);
        into.cars[at + 1] = moment.y[entry]! + (draws ? (noise.position ?? 0) * draws[3 * k + 1]! : 0);
        into.cars[at + 2] = moment.v[entry]! + (draws ? (noise.speed ?? 0) * draws[3 * k + 2]! : 0);
        into.cars[at + 3] = this.length(car);
        into.cars[at + 4] = this.width(car);
      }
    }
    for (let k = 0; k < NUM_TRACKED; k++) into.mask[row * NUM_TRACKED + k] = around[k]! < 0 ? 0 : 1;
    into.size.set(this.size, 2 * row);
    into.previousAction.set(this.previousAction, 2 * row);
  }

  private record(): void {
    if (!this.rules.keep) return;
    const { log } = this.rules;
    const moment = this.view.moment(0);
    const cars: number[][] = [];
    for (let car = 0; car < moment.cars; car++) {
      const at = moment.from + car;
      if (car === this.place.car || !moment.present[at]) continue;
      const dx = shortWay(log.road, moment.x[at]! - this.state[0]!);
      if (Math.abs(dx) > SIGHT) continue;
      cars.push([car, this.state[0]! + dx, moment.y[at]!, moment.v[at]!, this.length(car), this.width(car)]);
    }
    const frame = this.place.frame + this.steps;
    const own = frame < log.shape[0] ? entryOf(log, frame, this.place.scene, this.place.car) : -1;
    const isThere = own >= 0 && log.present[own] === 1;
    this.frames.push({
      ego: Array.from(this.state),
      recorded: isThere ? [log.x[own]!, log.y[own]!] : null,
      cars,
    });
  }

  /** Sudden braking and cutting in, for others that react. */
  private disturb(simulation: TrafficSimulation, step: number): void {
    const { stress, log } = this.rules;
    const moment = this.view.moment(0);
    const lane = Math.floor(this.state[1]! / log.road.laneWidth);
    const nearestAhead = (accept: (carLane: number, gap: number) => boolean): number => {
      let [best, least] = [-1, 40];
      for (let car = 0; car < moment.cars; car++) {
        if (car === this.place.car || !moment.present[car]) continue;
        const dx = shortWay(log.road, moment.x[car]! - this.state[0]!);
        const gap = dx - (this.length(car) + this.size[0]) / 2;
        if (dx <= 0 || dx >= least || !accept(Math.floor(moment.y[car]! / log.road.laneWidth), gap)) continue;
        [best, least] = [car, dx];
      }
      return best;
    };
    if (stress.brake) {
      const chance = this.generator.split("brake").split(step).float64(1)[0]!;
      const leader = nearestAhead((carLane) => carLane === lane);
      if (chance < stress.brake.rate * log.dt && leader >= 0) {
        simulation.brake(0, leader, stress.brake.strength, 2);
      }
    }
    if (stress.cutIn && step === Math.round(CUT_IN_AT / log.dt)) {
      const { gap: needed } = stress.cutIn;
      const neighbour = nearestAhead((carLane, gap) => Math.abs(carLane - lane) === 1 && gap >= needed);
      if (neighbour >= 0) simulation.cutIn(0, neighbour, lane);
    }
  }
}

/** Flat arrays that several runs write their rows into. */
export interface ObservationArrays {
  ego: Float32Array;
  cars: Float32Array;
  mask: Float32Array;
  size: Float32Array;
  previousAction: Float32Array;
}

/** What the policy sees of several runs; the tensors belong to the caller. */
export function observationOf(runs: readonly EpisodeRun[]): Observation {
  const batch = runs.length;
  const { log, frames, observation } = runs[0]!.rules;
  const arrays: ObservationArrays = {
    ego: new Float32Array(batch * frames * 5),
    cars: new Float32Array(batch * frames * NUM_TRACKED * 5),
    mask: new Float32Array(batch * NUM_TRACKED),
    size: new Float32Array(batch * 2),
    previousAction: new Float32Array(batch * 2),
  };
  for (const [row, run] of runs.entries()) run.observe(arrays, row);
  const ego = tf.tensor3d(arrays.ego, [batch, frames, 5]);
  const cars = tf.tensor4d(arrays.cars, [batch, frames, NUM_TRACKED, 5]);
  const mask = tf.tensor2d(arrays.mask, [batch, NUM_TRACKED]);
  const car = tf.tensor2d(arrays.size, [batch, 2]);
  const now = frameOf<tf.Tensor2D>(ego, frames - 1);
  const others = frameOf<tf.Tensor3D>(cars, frames - 1);
  return {
    ego: now,
    scene: seenScene({ cars: others, mask, road: log.road }, now, observation),
    car,
    previousAction: tf.tensor2d(arrays.previousAction, [batch, 2]),
    history: {
      ego,
      cars,
      mask,
      car,
      road: log.road,
      dt: log.dt,
      places: runs.map(({ place, steps }) => ({ ...place, frame: place.frame + steps })),
    },
  };
}

/** A scene as it is shown: its image is drawn in the ego's frame, and without numbers it has no cars. */
function seenScene(scene: Scene, ego: tf.Tensor2D, observation: ObservationKind): Scene {
  if (observation === "vector") return scene;
  const image = renderContext(scene, { reference: ego });
  if (observation === "both") return { ...scene, image, reference: ego };
  scene.cars.dispose();
  const batch = ego.shape[0];
  return { ...scene, cars: tf.zeros([batch, 0, 5]), mask: tf.zeros([batch, 0]), image, reference: ego };
}

/** Frees the tensors of an observation. */
export function disposeObservation({ ego, scene, car, previousAction, history }: Observation): void {
  tf.dispose([ego, scene.cars, scene.mask, car]);
  scene.image?.dispose();
  history?.mask.dispose();
  previousAction?.dispose();
  if (history) tf.dispose([history.ego, history.cars]);
}
