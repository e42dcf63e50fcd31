/** When a driver changes lanes. */
export interface Mobil {
  /** Weight of the others' advantage, p. */
  politeness: number;
  /** Deceleration that a change may ask of anyone, in m/s². */
  safeDeceleration: number;
  /** Advantage in m/s² below which nobody moves. */
  threshold: number;
  /** Chance that a driver looks, each step. */
  chance: number;
  /** Seconds that a change takes. */
  duration: number;
  /** Shortest and longest time in s from the start of a change until the driver looks again. */
  cooldown: readonly [number, number];
}

/** Defaults of the simulator. */
export const MOBIL_DEFAULT: Readonly<Mobil> = {
  politeness: 0.3,
  safeDeceleration: 2.5,
  threshold: 0.2,
  chance: 0.1,
  duration: 4,
  cooldown: [4, 8],
};

/** Accelerations in m/s² now and after a lane change, of the three drivers it concerns. */
export interface LaneChange {
  /** The changing driver now. */
  own: number;
  /** The changing driver in the new lane. */
  ownAfter: number;
  /** The new follower now. */
  follower: number;
  /** The new follower afterwards. */
  followerAfter: number;
  /** The old follower now. */
  oldFollower: number;
  /** The old follower afterwards. */
  oldFollowerAfter: number;
}

/**
 * What a lane change gains, the others' gain weighted by politeness.
 *
 * $\tilde a_c - a_c + p[(\tilde a_n - a_n) + (\tilde a_o - a_o)]$
 *
 * @param change - Accelerations before and after.
 * @param politeness - Weight p of the others.
 * @returns Incentive in m/s².
 * @see Kesting, Treiber, Helbing (2007), General lane-changing model MOBIL for car-following models, eq. (3).
 */
export function mobilIncentive(change: LaneChange, politeness: number): number {
  return (
    change.ownAfter -
    change.own +
    politeness * (change.followerAfter - change.follower + (change.oldFollowerAfter - change.oldFollower))
  );
}

/**
 * Whether a driver changes: nobody brakes harder than is safe, and the incentive exceeds the threshold.
 *
 * @param change - Accelerations before and after.
 * @param mobil - The driver's rules.
 */
export function mobilAccepts(change: LaneChange, mobil: Mobil): boolean {
  return (
    change.followerAfter >= -mobil.safeDeceleration &&
    change.ownAfter >= -mobil.safeDeceleration &&
    mobilIncentive(change, mobil.politeness) > mobil.threshold
  );
}
