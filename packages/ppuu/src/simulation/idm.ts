/** A driver of the intelligent driver model. */
export interface Idm {
  /** Speed on an empty road, v₀, in m/s. */
  desiredSpeed: number;
  /** Time to the leader at equilibrium, T, in s. */
  headway: number;
  /** Largest acceleration, a, in m/s². */
  acceleration: number;
  /** Comfortable deceleration, b, in m/s². */
  deceleration: number;
  /** Gap at standstill, s₀, in m. */
  gap: number;
}

/** Values for cars of Kesting, Treiber and Helbing (2010). */
export const IDM_CAR: Readonly<Idm> = {
  desiredSpeed: 120 / 3.6,
  headway: 1.5,
  acceleration: 1.4,
  deceleration: 2,
  gap: 2,
};

/** Gaps below this many metres count as this, so that touching cars brake and nothing divides by 0. */
const SMALLEST_GAP = 0.1;

/**
 * Acceleration of a driver behind a leader by the intelligent driver model.
 *
 * $a [1 - (v/v_0)^4 - (s^{\star}/s)^2]$ with $s^{\star} = s_0 + \max(0, vT + v\,\Delta v / (2\sqrt{ab}))$.
 *
 * @param speed - Own speed v in m/s.
 * @param gap - Metres from bumper to bumper, s; `Infinity` without a leader.
 * @param approach - Own speed minus the leader's, Δv, in m/s.
 * @param driver - The driver.
 * @returns Acceleration in m/s², not limited.
 * @see Treiber, Hennecke, Helbing (2000), Congested traffic states in empirical observations, eq. (3)–(5).
 * @example
 * ```ts
 * import { IDM_CAR, idmAcceleration } from "@lab/ppuu";
 *
 * idmAcceleration(0, Number.POSITIVE_INFINITY, 0, IDM_CAR); // => 1.4
 * ```
 */
export function idmAcceleration(speed: number, gap: number, approach: number, driver: Idm): number {
  const { desiredSpeed, headway, acceleration, deceleration, gap: standstill } = driver;
  const ratio = speed / desiredSpeed;
  const square = ratio * ratio;
  const desired =
    standstill +
    Math.max(0, speed * headway + (speed * approach) / (2 * Math.sqrt(acceleration * deceleration)));
  const share = desired / Math.max(gap, SMALLEST_GAP);
  return acceleration * (1 - square * square - share * share);
}

/**
 * Gap at which a driver follows at constant speed.
 *
 * $(s_0 + vT) / \sqrt{1 - (v/v_0)^4}$
 *
 * @param speed - Common speed in m/s, below the desired one.
 * @param driver - The driver.
 * @returns Metres from bumper to bumper.
 */
export function idmEquilibriumGap(speed: number, driver: Idm): number {
  return (driver.gap + speed * driver.headway) / Math.sqrt(1 - (speed / driver.desiredSpeed) ** 4);
}
