import { gapBetween } from "./neighbours.js";
import type { Roadway } from "./roadway.js";
import type { SceneTraffic } from "./scene-traffic.js";

const HARDEST_BRAKING = -8;
const STRONGEST_ACCELERATION = 3;
const SMALLEST_GAP = 0.1;
/** Below this gap in m nobody accelerates by noise. */
const NOISE_GAP = 6;
/** Where cars on the ramp must have changed; beyond it the ramp overlaps the road. */
const RAMP_STOP = 125;

function idm(way: Roadway, scene: SceneTraffic, slot: number, gap: number, approach: number): number {
  const speed = scene.v[slot]!;
  const slow = scene.slowLeft[slot]! > 0 ? way.settings.slowDownFactor : 1;
  const ratio = speed / (scene.desiredSpeed[slot]! * slow);
  const square = ratio * ratio;
  const desired =
    scene.gap[slot]! +
    Math.max(0, speed * scene.headway[slot]! + speed * approach * scene.brakingScale[slot]!);
  const share = desired / Math.max(gap, SMALLEST_GAP);
  return scene.maxAcceleration[slot]! * (1 - square * square - share * share);
}

/** Acceleration of `behind` if it followed `ahead`; either may be −1. */
export function following(way: Roadway, scene: SceneTraffic, behind: number, ahead: number): number {
  if (behind < 0) return 0;
  if (ahead < 0) return idm(way, scene, behind, Number.POSITIVE_INFINITY, 0);
  const gap = gapBetween(scene, way.road, behind, ahead);
  return idm(
    way,
    scene,
    behind,
    gap < -way.halfRing ? gap + way.road.ring! : gap,
    scene.v[behind]! - scene.v[ahead]!,
  );
}

/** Intelligent driver model, with noise and limits. */
export function driverAcceleration(way: Roadway, scene: SceneTraffic, slot: number, leader: number): number {
  let gap = leader < 0 ? Number.POSITIVE_INFINITY : gapBetween(scene, way.road, slot, leader);
  // A leader side by side on a ring may be the one that is a round ahead.
  if (gap < -way.halfRing) gap += way.road.ring!;
  const leaderSpeed = leader < 0 ? scene.v[slot]! : scene.v[leader]!;
  let value = idm(way, scene, slot, gap, scene.v[slot]! - leaderSpeed);
  if (scene.lane[slot] === way.road.lanes && scene.target[slot]! < 0) {
    const toEnd = RAMP_STOP - scene.x[slot]! - scene.length[slot]! / 2;
    value = Math.min(value, idm(way, scene, slot, toEnd, scene.v[slot]!));
    gap = Math.min(gap, toEnd);
  }
  if (scene.brakeLeft[slot]! > 0) value = Math.min(value, -scene.brakeBy[slot]!);
  const noise = scene.noise[slot]!;
  const total = gap < NOISE_GAP && noise > 0 ? value : value + noise;
  return Math.min(STRONGEST_ACCELERATION, Math.max(HARDEST_BRAKING, total));
}
