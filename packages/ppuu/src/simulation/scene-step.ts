import { driverAcceleration } from "./car-following.js";
import { LOOK, NOISE, SLOW } from "./driver-stream.js";
import { lookForLane, merge } from "./lane-change.js";
import { sweepLeaders } from "./neighbours.js";
import { letCarsIn, letCarsOut } from "./open-road.js";
import type { Roadway } from "./roadway.js";
import type { SceneTraffic } from "./scene-traffic.js";

/** Drivers' noise from one step to the next. */
export interface NoiseStep {
  /** Share of the noise that stays. */
  decay: number;
  /** Scale of what comes new. */
  scale: number;
  /** Room for the numbers that one driver draws. */
  numbers: Float64Array;
}

/** One step of one scene: draws, changes of lanes, accelerations, motion. `ahead` is room for a place of each lane. */
export function stepScene(
  way: Roadway,
  scene: SceneTraffic,
  index: number,
  { decay, scale, numbers }: NoiseStep,
  ahead: Int32Array,
): void {
  const { settings, dt } = way;
  if (way.road.ring === undefined) letCarsIn(way, scene, index);
  scene.sort();
  const { numActive, order } = scene;
  for (let slot = 0; slot < scene.capacity; slot++) {
    if (scene.place[slot]! < 0) continue;
    const stream = scene.streams[slot]!;
    stream.next(numbers);
    scene.noise[slot] = scene.noise[slot]! * decay + scale * numbers[NOISE]!;
    if (slot === scene.controlled) continue;
    if (scene.brakeLeft[slot]! > 0) scene.brakeLeft[slot]! -= dt;
    if (scene.slowLeft[slot]! > 0) scene.slowLeft[slot]! -= dt;
    else if (numbers[SLOW]! < settings.slowDownRate * dt) {
      scene.slowLeft[slot] = stream.uniform(settings.slowDownDuration[0], settings.slowDownDuration[1]);
    }
    if (scene.target[slot]! >= 0) continue;
    if (scene.lane[slot] === way.road.lanes) merge(way, scene, slot);
    else if (scene.cooldown[slot]! > 0) scene.cooldown[slot]! -= dt;
    else if (numbers[LOOK]! < settings.mobil.chance) lookForLane(way, scene, slot);
  }
  sweepLeaders(scene, way.road, ahead, (slot, leader) => driverAcceleration(way, scene, slot, leader));
  for (let i = 0; i < numActive; i++) {
    const slot = order[i]!;
    if (slot !== scene.controlled) move(way, scene, slot);
  }
  if (way.road.ring === undefined) letCarsOut(scene);
}

/** Euler's step in the order of the ego model: the position uses the old speed. */
function move(way: Roadway, scene: SceneTraffic, slot: number): void {
  const { dt, road } = way;
  const advance = scene.v[slot]! * dt;
  const { ring } = road;
  scene.x[slot]! += advance;
  const along = scene.along[slot]! + advance;
  scene.along[slot] = ring !== undefined && along >= ring ? along - ring : along;
  scene.v[slot] = Math.max(0, scene.v[slot]! + scene.acceleration[slot]! * dt);
  const target = scene.target[slot]!;
  if (target < 0) {
    if (scene.lane[slot] === road.lanes) scene.y[slot] = way.laneCentre(road.lanes, scene.x[slot]!);
    return;
  }
  scene.changed[slot]! += dt;
  const q = Math.min(1, scene.changed[slot]! / way.settings.mobil.duration);
  const share = q * q * q * (10 - 15 * q + 6 * q * q);
  scene.y[slot] = scene.fromY[slot]! + (scene.toY[slot]! - scene.fromY[slot]!) * share;
  if (q < 1) return;
  scene.y[slot] = scene.toY[slot]!;
  scene.lane[slot] = target;
  scene.target[slot] = -1;
}
