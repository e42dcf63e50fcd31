import { type Road, rightEdge, shortWay } from "../log/road.js";
import type { Positions } from "../scene/tracked-cars.js";

/**
 * How an episode ended: touched a car in front, or one behind, left the road, arrived, or ran out of time. Of several at
 * once the first in this order counts.
 */
export type Outcome = "ahead" | "behind" | "offroad" | "arrived" | "timeout";

/** Metres from the edge of the road within which the centre of the car counts as off it. */
const EDGE = 0.9;

/** A car as a rectangle along the road. */
export interface Rectangle {
  /** Centre along the road in m. */
  x: number;
  /** Centre across the road in m. */
  y: number;
  /** Length in m. */
  length: number;
  /** Width in m. */
  width: number;
}

/**
 * Whether two cars overlap by more than a margin, both as rectangles along the road.
 *
 * @param a - One car.
 * @param b - The other.
 * @param margin - Metres of overlap, along and across, that are forgiven.
 */
export function overlaps(a: Rectangle, b: Rectangle, margin = 0): boolean {
  return (
    Math.abs(a.x - b.x) < (a.length + b.length) / 2 - margin &&
    Math.abs(a.y - b.y) < (a.width + b.width) / 2 - margin
  );
}

/** What is looked at to tell an outcome. */
export interface Situation {
  /** The controlled car. */
  ego: Rectangle;
  /** The others. */
  others: Positions;
  /** Lengths of the cars of the scene. */
  length: (car: number) => number;
  /** Widths of the cars of the scene. */
  width: (car: number) => number;
  /** Index of the controlled car in the scene. */
  self: number;
  /** The road. */
  road: Road;
  /** Forgiven overlap in m. */
  margin: number;
  /** Position along the road at which the car has arrived. */
  destination: number;
}

/**
 * The outcome of a moment, and the car that was touched; `undefined` while the episode goes on.
 *
 * @param given - The moment.
 * @param countBehind - Whether a car that touches from behind counts.
 */
export function outcomeOf(
  given: Situation,
  countBehind = true,
): { outcome: Outcome; touched: number } | undefined {
  const { ego, others, self, road, margin } = given;
  let behind = -1;
  for (let car = 0; car < others.cars; car++) {
    const at = others.from + car;
    if (car === self || !others.present[at]) continue;
    const dx = shortWay(road, others.x[at]! - ego.x);
    if (Math.abs(dx) > 50) continue;
    const other = { x: ego.x + dx, y: others.y[at]!, length: given.length(car), width: given.width(car) };
    if (!overlaps(ego, other, margin)) continue;
    if (dx > 0) return { outcome: "ahead", touched: car };
    behind = car;
  }
  if (behind >= 0 && countBehind) return { outcome: "behind", touched: behind };
  if (ego.y < EDGE || ego.y > rightEdge(road, ego.x) - EDGE) return { outcome: "offroad", touched: -1 };
  if (ego.x >= given.destination) return { outcome: "arrived", touched: -1 };
  return undefined;
}

/** Seconds until the ego reaches the car ahead in its way at the present speeds; `Infinity` when it does not. */
export function timeToCollision(given: Situation, egoSpeed: number, speed: (car: number) => number): number {
  const { ego, others, self, road } = given;
  let least = Number.POSITIVE_INFINITY;
  for (let car = 0; car < others.cars; car++) {
    const at = others.from + car;
    if (car === self || !others.present[at]) continue;
    const dx = shortWay(road, others.x[at]! - ego.x);
    if (dx <= 0 || Math.abs(others.y[at]! - ego.y) >= (ego.width + given.width(car)) / 2) continue;
    const approach = egoSpeed - speed(car);
    if (approach <= 0) continue;
    const gap = Math.max(0, dx - (ego.length + given.length(car)) / 2);
    least = Math.min(least, gap / approach);
  }
  return least;
}
