import { type Road, shortWay } from "../log/road.js";

/** Cars that are followed around the ego: two ahead and two behind in its lane and in each lane beside. */
export const NUM_TRACKED = 12;
const PER_SIDE = 2;
/** Distances of the cars found so far; scratch of {@link trackedCars}, which is called for every car and step. */
const ways = new Float64Array(NUM_TRACKED);

/** Positions of the cars of one scene at one moment. */
export interface Positions {
  /** Metres along the road. */
  x: ArrayLike<number>;
  /** Metres across the road. */
  y: ArrayLike<number>;
  /** 1 where there is a car. */
  present: ArrayLike<number>;
  /** First index of the scene in the arrays. */
  from: number;
  /** Cars of the scene. */
  cars: number;
}

/**
 * The cars around one: in lanes −1, 0, +1, each the two nearest ahead and the two nearest behind.
 *
 * @param positions - Where the cars are.
 * @param road - The road; on a ring the shorter way around counts.
 * @param x - Position of the ego along the road in m.
 * @param y - Position of the ego across the road in m.
 * @param self - Index of the ego's own car in the scene, which is left out; −1 for none.
 * @returns Indices of 12 cars in the scene, −1 where there is none.
 */
export function trackedCars(
  positions: Positions,
  road: Road,
  x: number,
  y: number,
  self: number,
): Int32Array {
  const found = new Int32Array(NUM_TRACKED).fill(-1);
  ways.fill(Number.POSITIVE_INFINITY);
  const lane = Math.floor(y / road.laneWidth);
  for (let car = 0; car < positions.cars; car++) {
    const at = positions.from + car;
    if (car === self || !positions.present[at]) continue;
    const side = Math.floor(positions.y[at]! / road.laneWidth) - lane + 1;
    if (side < 0 || side > 2) continue;
    const dx = shortWay(road, positions.x[at]! - x);
    const way = Math.abs(dx);
    // Slots of a lane: nearest ahead, second ahead, nearest behind, second behind.
    let slot = (2 * side + (dx > 0 ? 0 : 1)) * PER_SIDE;
    if (way < ways[slot]!) {
      found[slot + 1] = found[slot]!;
      ways[slot + 1] = ways[slot]!;
    } else if (way < ways[slot + 1]!) slot++;
    else continue;
    found[slot] = car;
    ways[slot] = way;
  }
  return found;
}
