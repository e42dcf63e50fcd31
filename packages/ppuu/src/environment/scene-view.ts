import { entryOf, type TrafficLog } from "../log/traffic-log.js";
import type { Place } from "../scene/scene.js";
import type { Positions } from "../scene/tracked-cars.js";
import { TrafficSimulation, type TrafficSnapshot } from "../simulation/traffic-simulation.js";

/** Where the cars of one scene are at one moment. */
interface SceneMoment extends Positions {
  /** Speeds in m/s. */
  v: ArrayLike<number>;
}

/** The other cars of one episode, step by step. */
export interface SceneView {
  /** Where they were `back` steps ago, 0 for now, fewer than the frames that are seen; holds until the next step. */
  moment(back: number): SceneMoment;
  /** Whether a next moment exists. */
  hasNext(): boolean;
  /** One step; `ego` is the controlled car before it, 5 numbers. */
  step(ego: Float64Array): void;
}

/** Thinned presence: which cars of the scene are there at all. */
export type Kept = (car: number) => boolean;

/** Others that do what they did. */
export function replayView(log: TrafficLog, place: Place, kept: Kept | undefined): SceneView {
  const cars = log.shape[2];
  let frame = place.frame;
  const at = (back: number): SceneMoment => {
    const t = Math.max(0, frame - back);
    const from = entryOf(log, t, place.scene, 0);
    if (!kept) return { x: log.x, y: log.y, v: log.v, present: log.present, from, cars };
    const present = log.present.slice(from, from + cars).map((value, car) => (kept(car) ? value : 0));
    return {
      x: log.x.subarray(from, from + cars),
      y: log.y.subarray(from, from + cars),
      v: log.v.subarray(from, from + cars),
      present,
      from: 0,
      cars,
    };
  };
  return {
    moment: at,
    hasNext: () => frame + 1 < log.shape[0],
    step: () => {
      frame++;
    },
  };
}

/** Others that are driven anew from the recorded frame on, and see the ego; `frames` moments are kept. */
export function reactiveView(
  log: TrafficLog,
  place: Place,
  seed: number,
  simulationStep: number,
  frames: number,
  kept: Kept | undefined,
  before: (simulation: TrafficSimulation, step: number) => void,
): SceneView {
  const simulation = TrafficSimulation.fromLog(log, place, { seed, dt: simulationStep });
  const cars = log.shape[2];
  simulation.control(0, place.car);
  if (kept) {
    for (let car = 0; car < cars; car++) {
      const isThere = log.present[entryOf(log, place.frame, place.scene, car)] === 1;
      if (isThere && car !== place.car && !kept(car)) simulation.remove(0, car);
    }
  }
  const substeps = Math.round(log.dt / simulationStep);
  const past = replayView(log, place, kept);
  // The oldest moment's arrays take the next one.
  const moments: (SceneMoment & TrafficSnapshot)[] = [];
  let steps = 0;
  const look = () => {
    const at = steps % frames;
    moments[at] = Object.assign(simulation.state(moments[at]), { from: 0, cars });
  };
  look();
  return {
    moment: (back) => (back <= steps ? moments[(steps - back) % frames]! : past.moment(back - steps)),
    hasNext: () => true,
    step(ego) {
      before(simulation, steps);
      const state = ego.slice();
      for (let i = 0; i < substeps; i++) {
        simulation.step({ state });
        // The others see the ego go on straight between the steps of control.
        state[0]! += state[4]! * state[2]! * simulationStep;
        state[1]! += state[4]! * state[3]! * simulationStep;
      }
      steps++;
      look();
    },
  };
}
