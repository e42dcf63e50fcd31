import { Generator } from "@lab/core/random";
import { type Road, rightEdge } from "../log/road.js";
import type { SimulationSettings } from "./options.js";
import type { SceneTraffic } from "./scene-traffic.js";

/** The road of a simulation and the rules of its drivers: where lanes are, and how a car comes into them. */
export class Roadway {
  /** The road. */
  readonly road: Road;
  /** Seconds of one step. */
  readonly dt: number;
  /** Half of a ring, beyond which a gap is one from behind; infinite on an open road. */
  readonly halfRing: number;

  /** Settings, as checked. */
  constructor(readonly settings: SimulationSettings) {
    this.road = settings.road;
    this.dt = settings.dt;
    this.halfRing = this.road.ring === undefined ? Number.POSITIVE_INFINITY : this.road.ring / 2;
  }

  /** Draws of one scene. */
  generatorOf(index: number): Generator {
    return new Generator(this.settings.seed).split("scene").split(index);
  }

  /** Middle of a lane, or of the ramp, at a place along the road. */
  laneCentre(lane: number, x: number): number {
    const { lanes, laneWidth } = this.road;
    return lane < lanes ? (lane + 0.5) * laneWidth : rightEdge(this.road, x) - laneWidth / 2;
  }

  /** A place along the ring. */
  wrap(x: number): number {
    const { ring } = this.road;
    return ring === undefined ? x : x - ring * Math.floor(x / ring);
  }

  /** Derives lanes from a position; a car that stands across a line finishes changing to its nearest lane. */
  placeInLane(scene: SceneTraffic, slot: number): void {
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

  /** Puts the controlled car where its state says; across a line it is in both lanes. */
  placeControlled(scene: SceneTraffic, states: ArrayLike<number>, at: number): void {
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

  /** A driver begins to change lanes. */
  beginChange(scene: SceneTraffic, slot: number, target: number): void {
    const { cooldown } = this.settings.mobil;
    scene.target[slot] = target;
    scene.changed[slot] = 0;
    scene.fromY[slot] = scene.y[slot]!;
    scene.toY[slot] = this.laneCentre(target, scene.x[slot]!);
    scene.cooldown[slot] = scene.streams[slot]!.uniform(cooldown[0], cooldown[1]);
  }
}
