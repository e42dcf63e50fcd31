import { following } from "./car-following.js";
import { mobilAccepts } from "./mobil.js";
import { gapBetween, neighbour } from "./neighbours.js";
import type { Roadway } from "./roadway.js";
import type { SceneTraffic } from "./scene-traffic.js";

/** Where cars on the ramp begin to look for a gap. */
const RAMP_LOOK = 30;

/** Whether both gaps exceed `base + perSpeed * v`. */
function hasRoom(
  way: Roadway,
  scene: SceneTraffic,
  slot: number,
  ahead: number,
  behind: number,
  base: number,
  perSpeed: number,
): boolean {
  const front = ahead < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, way.road, slot, ahead);
  const rear = behind < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, way.road, behind, slot);
  const needed = base + perSpeed * scene.v[slot]!;
  const neededRear = base + perSpeed * (behind < 0 ? 0 : Math.max(scene.v[slot]!, scene.v[behind]!));
  return front > needed && rear > neededRear;
}

/** A driver changes to the better of two lanes, where MOBIL accepts it. */
export function lookForLane(way: Roadway, scene: SceneTraffic, slot: number): void {
  const { road, settings } = way;
  const lane = scene.lane[slot]!;
  const leader = neighbour(scene, road, slot, lane, 1);
  const oldFollower = neighbour(scene, road, slot, lane, -1);
  const own = following(way, scene, slot, leader);
  let best = settings.mobil.threshold;
  let choice = -1;
  for (let target = lane - 1; target <= lane + 1; target += 2) {
    if (target < 0 || target >= road.lanes) continue;
    const ahead = neighbour(scene, road, slot, target, 1);
    const behind = neighbour(scene, road, slot, target, -1);
    if (!hasRoom(way, scene, slot, ahead, behind, 2, 0.3)) continue;
    const change = {
      own,
      ownAfter: following(way, scene, slot, ahead),
      follower: following(way, scene, behind, ahead),
      followerAfter: following(way, scene, behind, behind < 0 ? -1 : slot),
      oldFollower: following(way, scene, oldFollower, slot),
      oldFollowerAfter: following(way, scene, oldFollower, leader === oldFollower ? -1 : leader),
    };
    if (!mobilAccepts(change, settings.mobil)) continue;
    const { politeness } = settings.mobil;
    const incentive =
      change.ownAfter -
      own +
      politeness * (change.followerAfter - change.follower + (change.oldFollowerAfter - change.oldFollower));
    if (incentive > best) {
      best = incentive;
      choice = target;
    }
  }
  if (choice >= 0) way.beginChange(scene, slot, choice);
}

/** A car on the ramp takes the first gap that is safe. */
export function merge(way: Roadway, scene: SceneTraffic, slot: number): void {
  const { road, settings } = way;
  if (scene.x[slot]! < RAMP_LOOK) return;
  const target = road.lanes - 1;
  const ahead = neighbour(scene, road, slot, target, 1);
  const behind = neighbour(scene, road, slot, target, -1);
  if (!hasRoom(way, scene, slot, ahead, behind, 1.5, 0.1)) return;
  const limit = -settings.mobil.safeDeceleration;
  if (following(way, scene, slot, ahead) < limit) return;
  if (behind >= 0 && following(way, scene, behind, slot) < limit) return;
  way.beginChange(scene, slot, target);
}
