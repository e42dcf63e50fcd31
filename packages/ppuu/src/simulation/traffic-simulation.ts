import { ArgumentError, ShapeError } from "@lab/core";
import { Generator } from "@lab/core/random";
import type { Road } from "../log/road.js";
import { checkCar, entryOf, type TrafficLog } from "../log/traffic-log.js";
import { NUMBERS_OF_STEP } from "./driver-stream.js";
import { type SimulationOptions, type SimulationSettings, simulationSettings } from "./options.js";
import { Roadway } from "./roadway.js";
import { type NoiseStep, stepScene } from "./scene-step.js";
import { SceneTraffic, type SceneTrafficState } from "./scene-traffic.js";
import { startScene } from "./start-scene.js";

/** Correlation time of the drivers' noise in s. */
const NOISE_TIME = 2;

/** Where the cars of all scenes are; flat arrays over slots, `[scenes, slots]`. */
export interface TrafficSnapshot {
  /** Seconds since the start. */
  time: number;
  /** Scenes and slots of a scene. */
  shape: readonly [scenes: number, slots: number];
  /** Metres along the road, not wrapped. */
  x: Float64Array;
  /** Metres across the road. */
  y: Float64Array;
  /** Speeds along the road in m/s. */
  v: Float64Array;
  /** 1 where a slot holds a car. */
  present: Uint8Array;
  /** Number of the car in its scene, in order of appearance. */
  id: Int32Array;
  /** Lane of each car; while changing, the one it comes from. */
  lane: Int32Array;
  /** Lane that a car is changing to, else −1. */
  target: Int32Array;
  /** Lengths in metres. */
  length: Float64Array;
  /** Widths in metres. */
  width: Float64Array;
}

/** A simulation at rest; plain JSON. */
export interface SimulationState {
  /** Version of this form. */
  version: 1;
  /** Settings, as checked. */
  settings: SimulationSettings;
  /** Steps made. */
  steps: number;
  /** The scenes. */
  scenes: SceneTrafficState[];
}

/**
 * Seeded highway traffic on typed arrays: drivers of the intelligent driver model who change lanes by MOBIL.
 *
 * A changing car leads in both lanes until it has arrived. Every driver draws from its own random stream: the same seed
 * gives the same bytes everywhere, scene `k` does not depend on how many scenes there are, and one more car changes
 * nobody's draws.
 *
 * @see Treiber, Hennecke, Helbing (2000), Congested traffic states in empirical observations and microscopic
 *   simulations; Kesting, Treiber, Helbing (2007), General lane-changing model MOBIL.
 * @example
 * ```ts
 * import { TrafficSimulation } from "@lab/ppuu";
 *
 * const traffic = new TrafficSimulation({ seed: 1 });
 * for (let step = 0; step < 100; step++) traffic.step();
 * const copy = traffic.clone();
 * traffic.step();
 * copy.step();
 * copy.state().x[7] === traffic.state().x[7]; // => true
 * ```
 */
export class TrafficSimulation {
  /** The road. */
  readonly road: Road;
  /** Seconds of one step. */
  readonly dt: number;
  private readonly way: Roadway;
  private readonly scenes: SceneTraffic[] = [];
  private readonly ahead: Int32Array;
  private readonly noise: NoiseStep;
  private steps = 0;

  /**
   * @param options - See {@link SimulationOptions}.
   * @throws {@link ArgumentError} when an option is out of range.
   */
  constructor(options: SimulationOptions | SimulationState) {
    const restored = "version" in options ? options : undefined;
    const settings =
      restored?.settings ?? simulationSettings("TrafficSimulation", options as SimulationOptions);
    this.way = new Roadway(settings);
    this.road = settings.road;
    this.dt = settings.dt;
    this.ahead = new Int32Array(this.road.lanes + 1);
    const decay = Math.exp(-settings.dt / NOISE_TIME);
    this.noise = {
      decay,
      scale: settings.noise * Math.sqrt(1 - decay ** 2),
      numbers: new Float64Array(NUMBERS_OF_STEP),
    };
    if (restored) {
      this.steps = restored.steps;
      this.scenes = restored.scenes.map((state) => SceneTraffic.fromState(state));
      return;
    }
    for (let index = 0; index < settings.scenes; index++) this.scenes.push(startScene(this.way, index));
  }

  /**
   * A simulation that goes on from a recorded frame; drivers' characters are drawn anew.
   *
   * @param log - The log; one of its scenes becomes scene 0.
   * @param at - Scene and frame.
   * @param options - Seed and drivers; road, time step and cars are the log's.
   * @returns A simulation of one scene whose slot of a car is its index in the log.
   */
  static fromLog(
    log: TrafficLog,
    at: { scene: number; frame: number },
    options: Omit<SimulationOptions, "geometry" | "lanes" | "carsPerLane" | "ring" | "scenes">,
  ): TrafficSimulation {
    checkCar("TrafficSimulation.fromLog", log, at.scene, 0);
    const settings = simulationSettings("TrafficSimulation.fromLog", { ...options, carsPerLane: 0 });
    settings.road = { ...log.road };
    const simulation = new TrafficSimulation({ version: 1, settings, steps: 0, scenes: [] });
    const cars = log.shape[2];
    const scene = new SceneTraffic(cars, 0);
    const generator = new Generator(settings.seed).split("scene").split(0);
    for (let car = 0; car < cars; car++) {
      const sizeAt = at.scene * cars + car;
      const size = [log.length[sizeAt]!, log.width[sizeAt]!] as const;
      const slot = scene.add(generator, settings, size);
      const entry = entryOf(log, at.frame, at.scene, car);
      const isPresent = log.present[entry] === 1;
      scene.x[slot] = isPresent ? log.x[entry]! : 0;
      scene.y[slot] = isPresent ? log.y[entry]! : 0;
      scene.v[slot] = isPresent ? log.v[entry]! : 0;
      simulation.way.placeInLane(scene, slot);
    }
    // Absent cars held their slots, so that slots are indices of the log.
    for (let car = 0; car < cars; car++) {
      if (log.present[entryOf(log, at.frame, at.scene, car)] === 0) scene.remove(car);
    }
    scene.sort();
    simulation.scenes.push(scene);
    return simulation;
  }

  /**
   * Takes a car out of the drivers' hands; from now on `step` places it.
   *
   * @param scene - Index of the scene.
   * @param slot - Slot of the car.
   * @throws {@link ArgumentError} when the slot holds no car.
   */
  control(scene: number, slot: number): void {
    this.trafficOf("control", scene, slot).controlled = slot;
  }

  /**
   * Makes a driver brake, whatever is ahead.
   *
   * @param scene - Index of the scene.
   * @param slot - Slot of the car.
   * @param deceleration - How hard, in m/s².
   * @param seconds - For how long.
   */
  brake(scene: number, slot: number, deceleration: number, seconds: number): void {
    const traffic = this.trafficOf("brake", scene, slot);
    traffic.brakeLeft[slot] = seconds;
    traffic.brakeBy[slot] = deceleration;
  }

  /**
   * Makes a driver change to a lane at once, whatever is there.
   *
   * @param scene - Index of the scene.
   * @param slot - Slot of the car.
   * @param lane - The new lane.
   */
  cutIn(scene: number, slot: number, lane: number): void {
    const traffic = this.trafficOf("cutIn", scene, slot);
    if (lane === traffic.lane[slot] || lane < 0 || lane >= this.road.lanes) return;
    this.way.beginChange(traffic, slot, lane);
  }

  /**
   * Takes a car away.
   *
   * @param scene - Index of the scene.
   * @param slot - Slot of the car.
   */
  remove(scene: number, slot: number): void {
    this.trafficOf("remove", scene, slot).remove(slot);
  }

  /**
   * One step of all scenes.
   *
   * @param ego - States `[x, y, dx, dy, v]` of the controlled cars as they are now, before the step, one row a scene;
   *   the other drivers react to them. Rows of scenes without a controlled car are not read.
   */
  step(ego?: { state: ArrayLike<number> }): void {
    if (ego && ego.state.length !== 5 * this.scenes.length) {
      throw new ShapeError(
        `TrafficSimulation.step: ego.state has ${ego.state.length} numbers; ${5 * this.scenes.length} were expected, five a scene`,
        { argument: "ego.state", shape: [ego.state.length] },
      );
    }
    for (let index = 0; index < this.scenes.length; index++) {
      const scene = this.scenes[index]!;
      if (ego && scene.controlled >= 0) this.way.placeControlled(scene, ego.state, 5 * index);
      stepScene(this.way, scene, index, this.noise, this.ahead);
    }
    this.steps++;
  }

  /**
   * Where the cars are; copies.
   *
   * @param into - A former answer of this simulation, which is overwritten: a loop over many steps then needs no more
   *   memory. New arrays where it is left out.
   * @throws {@link ShapeError} when `into` has other scenes or slots.
   */
  state(into?: TrafficSnapshot): TrafficSnapshot {
    const slots = this.scenes[0]?.capacity ?? 0;
    const all = this.scenes.length * slots;
    if (into && (into.shape[0] !== this.scenes.length || into.shape[1] !== slots)) {
      throw new ShapeError(
        `TrafficSimulation.state: into has shape [${into.shape}]; [${this.scenes.length},${slots}] was expected`,
        { argument: "into", shape: [...into.shape] },
      );
    }
    const snapshot: TrafficSnapshot = into ?? {
      time: 0,
      shape: [this.scenes.length, slots],
      x: new Float64Array(all),
      y: new Float64Array(all),
      v: new Float64Array(all),
      present: new Uint8Array(all),
      id: new Int32Array(all),
      lane: new Int32Array(all),
      target: new Int32Array(all),
      length: new Float64Array(all),
      width: new Float64Array(all),
    };
    snapshot.time = this.steps * this.dt;
    for (const [index, scene] of this.scenes.entries()) {
      const at = index * slots;
      for (const name of ["x", "y", "v", "length", "width"] as const) snapshot[name].set(scene[name], at);
      for (const name of ["id", "lane", "target"] as const) snapshot[name].set(scene[name], at);
      for (let slot = 0; slot < slots; slot++) snapshot.present[at + slot] = scene.place[slot]! < 0 ? 0 : 1;
    }
    return snapshot;
  }

  /** An independent copy that continues in the same way. */
  clone(): TrafficSimulation {
    return TrafficSimulation.fromJSON(this.toJSON());
  }

  /** Everything that the future depends on; plain JSON. */
  toJSON(): SimulationState {
    return {
      version: 1,
      settings: this.way.settings,
      steps: this.steps,
      scenes: this.scenes.map((scene) => scene.state()),
    };
  }

  /**
   * The simulation that `toJSON` described.
   *
   * @throws {@link ArgumentError} when the object is not such a state.
   */
  static fromJSON(state: SimulationState): TrafficSimulation {
    if (state?.version !== 1 || !Array.isArray(state.scenes)) {
      throw new ArgumentError(
        "TrafficSimulation.fromJSON: state is not one of version 1; an object made by toJSON was expected",
        { argument: "state", value: state },
      );
    }
    return new TrafficSimulation(state);
  }

  private trafficOf(caller: string, scene: number, slot: number): SceneTraffic {
    const traffic = this.scenes[scene];
    if (traffic && (traffic.place[slot] ?? -1) >= 0) return traffic;
    throw new ArgumentError(
      `TrafficSimulation.${caller}: slot ${slot} of scene ${scene} holds no car; a car that is present was expected`,
      { argument: "slot", value: slot },
    );
  }
}
