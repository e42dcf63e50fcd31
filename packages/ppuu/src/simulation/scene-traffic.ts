import type { Generator } from "@lab/core/random";
import { DriverStream, type DriverStreamState } from "./driver-stream.js";
import { DRIVER_COMMON, DRIVER_SPREAD, type SimulationSettings } from "./options.js";

const FLOATS = [
  "x",
  "along",
  "y",
  "v",
  "length",
  "width",
  "desiredSpeed",
  "headway",
  "maxAcceleration",
  "deceleration",
  "gap",
  "brakingScale",
  "noise",
  "slowLeft",
  "cooldown",
  "changed",
  "fromY",
  "toY",
  "brakeLeft",
  "brakeBy",
] as const;
const INTEGERS = ["lane", "target", "id", "order", "place"] as const;

/** A scene at rest; plain JSON. */
export interface SceneTrafficState {
  numbers: Record<string, number[]>;
  streams: (DriverStreamState | null)[];
  numActive: number;
  numMade: number;
  controlled: number;
  nextEntry: number[];
}

/**
 * The cars of one road: typed arrays over slots, and the slots in use, ordered along the road.
 *
 * A car is in `lane`; while it changes, it is also in `target`, else `target` is −1.
 */
export class SceneTraffic {
  readonly capacity: number;
  /** Metres along the road, not wrapped. */
  readonly x: Float64Array;
  /** Metres along the road, on a ring within [0, circumference). */
  readonly along: Float64Array;
  readonly y: Float64Array;
  readonly v: Float64Array;
  readonly length: Float64Array;
  readonly width: Float64Array;
  readonly desiredSpeed: Float64Array;
  readonly headway: Float64Array;
  readonly maxAcceleration: Float64Array;
  readonly deceleration: Float64Array;
  readonly gap: Float64Array;
  /** 1 / (2 √(a b)). */
  readonly brakingScale: Float64Array;
  /** Present value of the noise on the acceleration. */
  readonly noise: Float64Array;
  /** Seconds until a slow-down ends. */
  readonly slowLeft: Float64Array;
  /** Seconds until the driver looks for a lane. */
  readonly cooldown: Float64Array;
  /** Seconds since the lane change began. */
  readonly changed: Float64Array;
  readonly fromY: Float64Array;
  readonly toY: Float64Array;
  /** Seconds that a driver is made to brake. */
  readonly brakeLeft: Float64Array;
  /** How hard, in m/s². */
  readonly brakeBy: Float64Array;
  readonly lane: Int32Array;
  readonly target: Int32Array;
  /** Number of the car in its scene, in order of appearance. */
  readonly id: Int32Array;
  /** Slots in use, ordered by `along`; `numActive` of them. */
  readonly order: Int32Array;
  /** Place of a slot in `order`, or −1 when it is free. */
  readonly place: Int32Array;
  /** Accelerations of the step being made. */
  readonly acceleration: Float64Array;
  readonly streams: (DriverStream | undefined)[];
  /** Seconds until a lane of the open road gets its next car. */
  readonly nextEntry: Float64Array;
  numActive = 0;
  /** Cars that ever appeared. */
  numMade = 0;
  /** Slot whose motion is given from outside, or −1. */
  controlled = -1;

  constructor(capacity: number, numEntries: number) {
    const floats = () => new Float64Array(capacity);
    const integers = () => new Int32Array(capacity);
    this.capacity = capacity;
    this.x = floats();
    this.along = floats();
    this.y = floats();
    this.v = floats();
    this.length = floats();
    this.width = floats();
    this.desiredSpeed = floats();
    this.headway = floats();
    this.maxAcceleration = floats();
    this.deceleration = floats();
    this.gap = floats();
    this.brakingScale = floats();
    this.noise = floats();
    this.slowLeft = floats();
    this.cooldown = floats();
    this.changed = floats();
    this.fromY = floats();
    this.toY = floats();
    this.brakeLeft = floats();
    this.brakeBy = floats();
    this.lane = integers();
    this.target = integers();
    this.id = integers();
    this.order = integers();
    this.place = integers().fill(-1);
    this.acceleration = floats();
    this.streams = new Array<DriverStream | undefined>(capacity).fill(undefined);
    this.nextEntry = new Float64Array(numEntries);
  }

  /**
   * Puts a new driver into a free slot; position, speed and lane are the caller's to set.
   *
   * @param generator - The scene's generator; the driver's numbers are split from it by its number.
   * @param size - Length and width in m; drawn where they are left out.
   * @returns The slot, or −1 when all are taken.
   */
  add(
    generator: Generator,
    settings: SimulationSettings,
    size?: readonly [length: number, width: number],
  ): number {
    const slot = this.place.indexOf(-1);
    if (slot < 0) return -1;
    const id = this.numMade++;
    const own = generator.split(id);
    const { idm } = settings;
    const draw = (name: keyof typeof DRIVER_SPREAD) => {
      const [low, high] = DRIVER_SPREAD[name];
      return low + (high - low) * own.split(name).float64(1)[0]!;
    };
    this.id[slot] = id;
    this.length[slot] = size?.[0] ?? draw("length");
    this.width[slot] = size?.[1] ?? draw("width");
    this.desiredSpeed[slot] = idm.desiredSpeed ?? draw("desiredSpeed");
    this.headway[slot] = idm.headway ?? draw("headway");
    this.maxAcceleration[slot] = idm.acceleration ?? draw("acceleration");
    this.deceleration[slot] = idm.deceleration ?? DRIVER_COMMON.deceleration;
    this.gap[slot] = idm.gap ?? DRIVER_COMMON.gap;
    this.brakingScale[slot] = 0.5 / Math.sqrt(this.maxAcceleration[slot]! * this.deceleration[slot]!);
    const stream = new DriverStream(own.split("steps"), own.split("rare"));
    this.streams[slot] = stream;
    this.noise[slot] = 0;
    this.slowLeft[slot] = 0;
    this.changed[slot] = 0;
    this.brakeLeft[slot] = 0;
    this.target[slot] = -1;
    this.cooldown[slot] = stream.uniform(0, settings.mobil.cooldown[1]);
    this.place[slot] = this.numActive;
    this.order[this.numActive++] = slot;
    return slot;
  }

  /** Frees a slot. */
  remove(slot: number): void {
    const from = this.place[slot]!;
    this.order.copyWithin(from, from + 1, this.numActive);
    this.numActive--;
    this.place[slot] = -1;
    this.streams[slot] = undefined;
    if (this.controlled === slot) this.controlled = -1;
    for (let i = from; i < this.numActive; i++) this.place[this.order[i]!] = i;
  }

  /** Restores the order along the road; nearly sorted between steps, so insertion is linear. */
  sort(): void {
    const { order, along, place, numActive } = this;
    for (let i = 1; i < numActive; i++) {
      const slot = order[i]!;
      const key = along[slot]!;
      let j = i - 1;
      while (j >= 0 && along[order[j]!]! > key) {
        order[j + 1] = order[j]!;
        j--;
      }
      order[j + 1] = slot;
    }
    for (let i = 0; i < numActive; i++) place[order[i]!] = i;
  }

  /** Everything that the future depends on. */
  state(): SceneTrafficState {
    return {
      numbers: Object.fromEntries([...FLOATS, ...INTEGERS].map((name) => [name, Array.from(this[name])])),
      streams: this.streams.map((stream) => stream?.state() ?? null),
      numActive: this.numActive,
      numMade: this.numMade,
      controlled: this.controlled,
      nextEntry: Array.from(this.nextEntry),
    };
  }

  /** The scene that `state` described. */
  static fromState(state: SceneTrafficState): SceneTraffic {
    const scene = new SceneTraffic(state.numbers.x!.length, state.nextEntry.length);
    for (const name of [...FLOATS, ...INTEGERS]) scene[name].set(state.numbers[name]!);
    for (const [slot, stream] of state.streams.entries()) {
      scene.streams[slot] = stream ? DriverStream.fromState(stream) : undefined;
    }
    scene.nextEntry.set(state.nextEntry);
    scene.numActive = state.numActive;
    scene.numMade = state.numMade;
    scene.controlled = state.controlled;
    return scene;
  }
}
