import { ArgumentError, ShapeError } from "@lab/core";
import { Generator } from "@lab/core/random";
import { type Road, rightEdge } from "../log/road.js";
import { checkCar, entryOf, type TrafficLog } from "../log/traffic-log.js";
import { mobilAccepts } from "./mobil.js";
import { gapBetween, neighbour, sweepLeaders } from "./neighbours.js";
import {
  OPEN_LENGTH,
  type SimulationOptions,
  type SimulationSettings,
  simulationSettings,
} from "./options.js";
import { SceneTraffic, type SceneTrafficState } from "./scene-traffic.js";

const HARDEST_BRAKING = -8;
const STRONGEST_ACCELERATION = 3;
const SMALLEST_GAP = 0.1;
/** Correlation time of the drivers' noise in s. */
const NOISE_TIME = 2;
/** Below this gap in m nobody accelerates by noise. */
const NOISE_GAP = 6;
/** Where cars on the ramp must have changed; beyond it the ramp overlaps the road. */
const RAMP_STOP = 125;
/** Where cars on the ramp begin to look for a gap. */
const RAMP_LOOK = 30;
/** Slots of an open road: one car for every 7 m of each lane. */
const OPEN_SLOTS = Math.ceil(OPEN_LENGTH / 7);
const ENTRY_SPEED = 12;

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
  private readonly settings: SimulationSettings;
  private readonly scenes: SceneTraffic[] = [];
  private readonly ahead: Int32Array;
  private readonly noiseDecay: number;
  private readonly noiseScale: number;
  private steps = 0;

  /**
   * @param options - See {@link SimulationOptions}.
   * @throws {@link ArgumentError} when an option is out of range.
   */
  constructor(options: SimulationOptions | SimulationState) {
    const restored = "version" in options ? options : undefined;
    const settings =
      restored?.settings ?? simulationSettings("TrafficSimulation", options as SimulationOptions);
    this.settings = settings;
    this.road = settings.road;
    this.dt = settings.dt;
    this.ahead = new Int32Array(this.road.lanes + 1);
    this.noiseDecay = Math.exp(-settings.dt / NOISE_TIME);
    this.noiseScale = settings.noise * Math.sqrt(1 - this.noiseDecay ** 2);
    if (restored) {
      this.steps = restored.steps;
      this.scenes = restored.scenes.map((state) => SceneTraffic.fromState(state));
      return;
    }
    for (let index = 0; index < settings.scenes; index++) this.scenes.push(this.startScene(index));
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
      const slot = scene.add(generator, settings);
      const entry = entryOf(log, at.frame, at.scene, car);
      const isPresent = log.present[entry] === 1;
      scene.x[slot] = isPresent ? log.x[entry]! : 0;
      scene.y[slot] = isPresent ? log.y[entry]! : 0;
      scene.v[slot] = isPresent ? log.v[entry]! : 0;
      scene.length[slot] = log.length[at.scene * cars + car]!;
      scene.width[slot] = log.width[at.scene * cars + car]!;
      simulation.placeInLane(scene, slot);
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
    this.beginChange(traffic, slot, lane);
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
      if (ego && scene.controlled >= 0) this.placeControlled(scene, ego.state, 5 * index);
      this.stepScene(scene, index);
    }
    this.steps++;
  }

  /** Where the cars are; copies. */
  state(): TrafficSnapshot {
    const slots = this.scenes[0]?.capacity ?? 0;
    const all = this.scenes.length * slots;
    const snapshot: TrafficSnapshot = {
      time: this.steps * this.dt,
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
      settings: this.settings,
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

  private generatorOf(index: number): Generator {
    return new Generator(this.settings.seed).split("scene").split(index);
  }

  private startScene(index: number): SceneTraffic {
    const { settings, road } = this;
    const { ring, lanes } = road;
    const generator = this.generatorOf(index);
    if (ring === undefined) {
      const scene = new SceneTraffic(OPEN_SLOTS * (lanes + 1), lanes + 1);
      for (let lane = 0; lane <= lanes; lane++) scene.nextEntry[lane] = 0.3 * lane;
      return scene;
    }
    const { carsPerLane } = settings;
    const scene = new SceneTraffic(lanes * carsPerLane, 0);
    for (let lane = 0; lane < lanes; lane++) {
      const shift = generator.split("start").split(lane).float64(1)[0]!;
      for (let k = 0; k < carsPerLane; k++) {
        const slot = scene.add(generator, settings);
        scene.x[slot] = ((k + shift) * ring) / carsPerLane;
        scene.y[slot] = this.laneCentre(lane, 0);
        scene.v[slot] = Math.min(8, scene.desiredSpeed[slot]!, (0.5 * ring) / carsPerLane);
        this.placeInLane(scene, slot);
      }
    }
    scene.sort();
    return scene;
  }

  private laneCentre(lane: number, x: number): number {
    const { lanes, laneWidth } = this.road;
    return lane < lanes ? (lane + 0.5) * laneWidth : rightEdge(this.road, x) - laneWidth / 2;
  }

  private wrap(x: number): number {
    const { ring } = this.road;
    return ring === undefined ? x : x - ring * Math.floor(x / ring);
  }

  /** Derives lanes from a position; a car that stands across a line finishes changing to its nearest lane. */
  private placeInLane(scene: SceneTraffic, slot: number): void {
    const { lanes, laneWidth } = this.road;
    const y = scene.y[slot]!;
    const isOnRamp = this.road.ramp !== undefined && y > lanes * laneWidth;
    const lane = isOnRamp ? lanes : Math.min(lanes - 1, Math.max(0, Math.floor(y / laneWidth)));
    scene.along[slot] = this.wrap(scene.x[slot]!);
    scene.lane[slot] = lane;
    scene.target[slot] = -1;
    const centre = this.laneCentre(lane, scene.x[slot]!);
    const beyond = Math.abs(y - centre) + scene.width[slot]! / 2 - laneWidth / 2;
    if (isOnRamp || Math.abs(y - centre) < 1e-3) return;
    const side = lane + Math.sign(y - centre);
    scene.lane[slot] = beyond > 0 && side >= 0 && side < lanes ? side : lane;
    scene.target[slot] = lane;
    scene.changed[slot] = 0;
    scene.fromY[slot] = y;
    scene.toY[slot] = centre;
  }

  private placeControlled(scene: SceneTraffic, states: ArrayLike<number>, at: number): void {
    const slot = scene.controlled;
    const { lanes, laneWidth } = this.road;
    const y = states[at + 1]!;
    scene.x[slot] = states[at]!;
    scene.along[slot] = this.wrap(states[at]!);
    scene.y[slot] = y;
    scene.v[slot] = states[at + 4]! * states[at + 2]!;
    const inside = (lane: number) => Math.min(lanes - 1, Math.max(0, lane));
    const half = scene.width[slot]! / 2;
    scene.lane[slot] = inside(Math.floor((y - half) / laneWidth));
    scene.target[slot] = inside(Math.floor((y + half) / laneWidth));
  }

  private stepScene(scene: SceneTraffic, index: number): void {
    const { settings, dt } = this;
    if (this.road.ring === undefined) this.letCarsIn(scene, index);
    scene.sort();
    const { numActive, order } = scene;
    for (let slot = 0; slot < scene.capacity; slot++) {
      if (scene.place[slot]! < 0) continue;
      const stream = scene.streams[slot]!;
      stream.next();
      scene.noise[slot] = scene.noise[slot]! * this.noiseDecay + this.noiseScale * stream.noise;
      if (slot === scene.controlled) continue;
      if (scene.brakeLeft[slot]! > 0) scene.brakeLeft[slot]! -= dt;
      if (scene.slowLeft[slot]! > 0) scene.slowLeft[slot]! -= dt;
      else if (stream.slow < settings.slowDownRate * dt) {
        scene.slowLeft[slot] = stream.uniform(settings.slowDownDuration[0], settings.slowDownDuration[1]);
      }
      if (scene.target[slot]! >= 0) continue;
      if (scene.lane[slot] === this.road.lanes) this.merge(scene, slot);
      else if (scene.cooldown[slot]! > 0) scene.cooldown[slot]! -= dt;
      else if (stream.look < settings.mobil.chance) this.lookForLane(scene, slot);
    }
    sweepLeaders(scene, this.road, this.ahead, (slot, leader) =>
      this.driverAcceleration(scene, slot, leader),
    );
    for (let i = 0; i < numActive; i++) {
      const slot = order[i]!;
      if (slot !== scene.controlled) this.move(scene, slot);
    }
    if (this.road.ring === undefined) this.letCarsOut(scene);
  }

  /** Intelligent driver model, with noise and limits. */
  private driverAcceleration(scene: SceneTraffic, slot: number, leader: number): number {
    let gap = leader < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, this.road, slot, leader);
    // A leader side by side on a ring may be the one that is a round ahead.
    if (gap < -this.halfRing()) gap += this.road.ring!;
    const leaderSpeed = leader < 0 ? scene.v[slot]! : scene.v[leader]!;
    let value = this.idm(scene, slot, gap, scene.v[slot]! - leaderSpeed);
    if (scene.lane[slot] === this.road.lanes && scene.target[slot]! < 0) {
      const toEnd = RAMP_STOP - scene.x[slot]! - scene.length[slot]! / 2;
      value = Math.min(value, this.idm(scene, slot, toEnd, scene.v[slot]!));
      gap = Math.min(gap, toEnd);
    }
    if (scene.brakeLeft[slot]! > 0) value = Math.min(value, -scene.brakeBy[slot]!);
    const noise = scene.noise[slot]!;
    const total = gap < NOISE_GAP && noise > 0 ? value : value + noise;
    return Math.min(STRONGEST_ACCELERATION, Math.max(HARDEST_BRAKING, total));
  }

  private halfRing(): number {
    return this.road.ring === undefined ? Number.POSITIVE_INFINITY : this.road.ring / 2;
  }

  private idm(scene: SceneTraffic, slot: number, gap: number, approach: number): number {
    const speed = scene.v[slot]!;
    const slow = scene.slowLeft[slot]! > 0 ? this.settings.slowDownFactor : 1;
    const ratio = speed / (scene.desiredSpeed[slot]! * slow);
    const square = ratio * ratio;
    const desired =
      scene.gap[slot]! +
      Math.max(0, speed * scene.headway[slot]! + speed * approach * scene.brakingScale[slot]!);
    const share = desired / Math.max(gap, SMALLEST_GAP);
    return scene.maxAcceleration[slot]! * (1 - square * square - share * share);
  }

  /** Acceleration of `behind` if it followed `ahead`; either may be −1. */
  private following(scene: SceneTraffic, behind: number, ahead: number): number {
    if (behind < 0) return 0;
    if (ahead < 0) return this.idm(scene, behind, Number.POSITIVE_INFINITY, 0);
    const gap = gapBetween(scene, this.road, behind, ahead);
    return this.idm(
      scene,
      behind,
      gap < -this.halfRing() ? gap + this.road.ring! : gap,
      scene.v[behind]! - scene.v[ahead]!,
    );
  }

  private lookForLane(scene: SceneTraffic, slot: number): void {
    const { road, settings } = this;
    const lane = scene.lane[slot]!;
    const leader = neighbour(scene, road, slot, lane, 1);
    const oldFollower = neighbour(scene, road, slot, lane, -1);
    const own = this.following(scene, slot, leader);
    let best = settings.mobil.threshold;
    let choice = -1;
    for (let target = lane - 1; target <= lane + 1; target += 2) {
      if (target < 0 || target >= road.lanes) continue;
      const ahead = neighbour(scene, road, slot, target, 1);
      const behind = neighbour(scene, road, slot, target, -1);
      if (!this.hasRoom(scene, slot, ahead, behind, 2, 0.3)) continue;
      const change = {
        own,
        ownAfter: this.following(scene, slot, ahead),
        follower: this.following(scene, behind, ahead),
        followerAfter: this.following(scene, behind, behind < 0 ? -1 : slot),
        oldFollower: this.following(scene, oldFollower, slot),
        oldFollowerAfter: this.following(scene, oldFollower, leader === oldFollower ? -1 : leader),
      };
      if (!mobilAccepts(change, settings.mobil)) continue;
      const { politeness } = settings.mobil;
      const incentive =
        change.ownAfter -
        own +
        politeness *
          (change.followerAfter - change.follower + (change.oldFollowerAfter - change.oldFollower));
      if (incentive > best) {
        best = incentive;
        choice = target;
      }
    }
    if (choice >= 0) this.beginChange(scene, slot, choice);
  }

  /** Whether both gaps exceed `base + perSpeed * v`. */
  private hasRoom(
    scene: SceneTraffic,
    slot: number,
    ahead: number,
    behind: number,
    base: number,
    perSpeed: number,
  ): boolean {
    const front = ahead < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, this.road, slot, ahead);
    const rear = behind < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, this.road, behind, slot);
    const needed = base + perSpeed * scene.v[slot]!;
    const neededRear = base + perSpeed * (behind < 0 ? 0 : Math.max(scene.v[slot]!, scene.v[behind]!));
    return front > needed && rear > neededRear;
  }

  /** A car on the ramp takes the first gap that is safe. */
  private merge(scene: SceneTraffic, slot: number): void {
    const { road, settings } = this;
    if (scene.x[slot]! < RAMP_LOOK) return;
    const target = road.lanes - 1;
    const ahead = neighbour(scene, road, slot, target, 1);
    const behind = neighbour(scene, road, slot, target, -1);
    if (!this.hasRoom(scene, slot, ahead, behind, 1.5, 0.1)) return;
    const limit = -settings.mobil.safeDeceleration;
    if (this.following(scene, slot, ahead) < limit) return;
    if (behind >= 0 && this.following(scene, behind, slot) < limit) return;
    this.beginChange(scene, slot, target);
  }

  private beginChange(scene: SceneTraffic, slot: number, target: number): void {
    const { cooldown } = this.settings.mobil;
    scene.target[slot] = target;
    scene.changed[slot] = 0;
    scene.fromY[slot] = scene.y[slot]!;
    scene.toY[slot] = this.laneCentre(target, scene.x[slot]!);
    scene.cooldown[slot] = scene.streams[slot]!.uniform(cooldown[0], cooldown[1]);
  }

  /** Euler's step in the order of the ego model: the position uses the old speed. */
  private move(scene: SceneTraffic, slot: number): void {
    const { dt, road } = this;
    const way = scene.v[slot]! * dt;
    const { ring } = road;
    scene.x[slot]! += way;
    const along = scene.along[slot]! + way;
    scene.along[slot] = ring !== undefined && along >= ring ? along - ring : along;
    scene.v[slot] = Math.max(0, scene.v[slot]! + scene.acceleration[slot]! * dt);
    const target = scene.target[slot]!;
    if (target < 0) {
      if (scene.lane[slot] === road.lanes) scene.y[slot] = this.laneCentre(road.lanes, scene.x[slot]!);
      return;
    }
    scene.changed[slot]! += dt;
    const q = Math.min(1, scene.changed[slot]! / this.settings.mobil.duration);
    const share = q * q * q * (10 - 15 * q + 6 * q * q);
    scene.y[slot] = scene.fromY[slot]! + (scene.toY[slot]! - scene.fromY[slot]!) * share;
    if (q < 1) return;
    scene.y[slot] = scene.toY[slot]!;
    scene.lane[slot] = target;
    scene.target[slot] = -1;
  }

  /** Cars enter the open road at its beginning, where the one before has left room. */
  private letCarsIn(scene: SceneTraffic, index: number): void {
    const { settings, road, dt } = this;
    const generator = this.generatorOf(index);
    for (let lane = 0; lane <= road.lanes; lane++) {
      scene.nextEntry[lane]! -= dt;
      if (scene.nextEntry[lane]! > 0) continue;
      let [last, lastX] = [-1, Number.POSITIVE_INFINITY];
      for (let i = 0; i < scene.numActive; i++) {
        const slot = scene.order[i]!;
        if (scene.lane[slot] !== lane && scene.target[slot] !== lane) continue;
        if (scene.x[slot]! < lastX) [last, lastX] = [slot, scene.x[slot]!];
      }
      const speed = last < 0 ? ENTRY_SPEED : Math.min(ENTRY_SPEED, scene.v[last]! + 1);
      // Room for two seconds at this speed, and two car lengths at most 5.2 m.
      if (last >= 0 && lastX < 2 + 2 * speed + 5.2) continue;
      const slot = scene.add(generator, settings);
      if (slot < 0) continue;
      scene.x[slot] = 0;
      scene.along[slot] = 0;
      scene.lane[slot] = lane;
      scene.y[slot] = this.laneCentre(lane, 0);
      scene.v[slot] = speed;
      const wait = -Math.log(1 - scene.streams[slot]!.uniform(0, 1));
      scene.nextEntry[lane] = 1 + (settings.entryHeadway - 1) * wait * (lane === road.lanes ? 3 : 1);
    }
  }

  private letCarsOut(scene: SceneTraffic): void {
    for (let i = scene.numActive - 1; i >= 0; i--) {
      const slot = scene.order[i]!;
      if (scene.x[slot]! - scene.length[slot]! / 2 > OPEN_LENGTH) scene.remove(slot);
    }
  }
}
