import type { Road } from "../log/road.js";
import type { SceneTraffic } from "./scene-traffic.js";

/** Whether a slot occupies a lane; a changing car occupies two. */
const isIn = (scene: SceneTraffic, slot: number, lane: number) =>
  scene.lane[slot] === lane || scene.target[slot] === lane;

/**
 * The nearest car in a lane ahead of a slot (`direction` 1) or behind it (−1).
 *
 * @returns Its slot, or −1 when there is none.
 */
export function neighbour(
  scene: SceneTraffic,
  road: Road,
  slot: number,
  lane: number,
  direction: 1 | -1,
): number {
  const { order, numActive } = scene;
  let at = scene.place[slot]!;
  for (let i = 1; i < numActive; i++) {
    at += direction;
    if (at === numActive || at < 0) {
      if (road.ring === undefined) return -1;
      at = at < 0 ? numActive - 1 : 0;
    }
    const other = order[at]!;
    if (isIn(scene, other, lane)) return other;
  }
  return -1;
}

/** Metres from the front of `behind` to the rear of `ahead`, along the road. */
export function gapBetween(scene: SceneTraffic, road: Road, behind: number, ahead: number): number {
  let way = scene.along[ahead]! - scene.along[behind]!;
  // Cars side by side may be in either order; only a long way back means "once around".
  if (road.ring !== undefined && way < -road.ring / 2) way += road.ring;
  return way - (scene.length[ahead]! + scene.length[behind]!) / 2;
}

/**
 * Accelerations by the leader in each lane that a car occupies: one sweep from the front.
 *
 * @param follow - Called with a slot and its leader in a lane (−1 for none); returns the acceleration.
 */
export function sweepLeaders(
  scene: SceneTraffic,
  road: Road,
  ahead: Int32Array,
  follow: (slot: number, leader: number) => number,
): void {
  const { order, lane, target, numActive, acceleration } = scene;
  ahead.fill(-1);
  if (road.ring !== undefined) {
    // The last car's leader is the first car of its lane.
    for (let i = numActive - 1; i >= 0; i--) {
      const slot = order[i]!;
      ahead[lane[slot]!] = slot;
      if (target[slot]! >= 0) ahead[target[slot]!] = slot;
    }
  }
  for (let i = numActive - 1; i >= 0; i--) {
    const slot = order[i]!;
    const own = lane[slot]!;
    const other = target[slot]!;
    let value = follow(slot, ahead[own] === slot ? -1 : ahead[own]!);
    if (other >= 0 && other !== own) {
      value = Math.min(value, follow(slot, ahead[other] === slot ? -1 : ahead[other]!));
    }
    acceleration[slot] = value;
    ahead[own] = slot;
    if (other >= 0) ahead[other] = slot;
  }
}
