import type { HostOperation } from "../host-kernel/host-operation.js";

/** Numbers that `sceneFeatures` makes of one state: 5 of the ego, 4 for each of 6 neighbours. */
export const NUM_FEATURES = 29;
/** Metres within which a neighbour is seen. */
export const RANGE = 60;
/** Distance in units of 30 m that stands for nobody. */
export const NOBODY = 2;
/** Units of the neighbours' distance, lateral offset and speed difference. */
export const UNITS = [30, 3.7, 5] as const;

/** Index of the lane, on the road. */
export const laneOf = (y: number, laneWidth: number, lanes: number) =>
  Math.min(Math.max(Math.floor(y / laneWidth), 0), lanes - 1);

/** Nearest cars of one row, ahead and behind in the lanes −1, 0, +1; −1 where nobody is within range. */
function findNearest(
  nearest: Int32Array,
  distances: Float64Array,
  ego: Float32Array,
  cars: Float32Array,
  mask: Float32Array,
  row: number,
  numCars: number,
  laneWidth: number,
  lanes: number,
): void {
  nearest.fill(-1);
  distances.fill(RANGE);
  const x = ego[5 * row]!;
  const own = laneOf(ego[5 * row + 1]!, laneWidth, lanes);
  for (let car = 0; car < numCars; car++) {
    if (mask[row * numCars + car] === 0) continue;
    const at = 5 * (row * numCars + car);
    const side = Math.floor(cars[at + 1]! / laneWidth) - own;
    if (side < -1 || side > 1) continue;
    const ahead = cars[at]! - x;
    const slot = 2 * (side + 1) + (ahead > 0 ? 0 : 1);
    const way = Math.abs(ahead);
    if (way < distances[slot]!) {
      distances[slot] = way;
      nearest[slot] = car;
    }
  }
}

/** The features of a scene as one loop, and their gradient by the ego and the cars. */
export const featuresOperation: HostOperation<{ laneWidth: number; lanes: number }> = {
  name: "LabSceneFeatures",
  numDifferentiable: 2,
  outputShape: ([ego]) => [ego![0]!, NUM_FEATURES],
  forward([ego, cars, mask], out, [, ofCars], { laneWidth, lanes }) {
    const numCars = ofCars![1]!;
    const [nearest, distances] = [new Int32Array(6), new Float64Array(6)];
    for (let row = 0; row < ego!.length / 5; row++) {
      findNearest(nearest, distances, ego!, cars!, mask!, row, numCars, laneWidth, lanes);
      const x = ego![5 * row]!;
      const y = ego![5 * row + 1]!;
      const v = ego![5 * row + 4]!;
      const centre = (laneOf(y, laneWidth, lanes) + 0.5) * laneWidth;
      let o = row * NUM_FEATURES;
      out[o++] = v / 10;
      out[o++] = ego![5 * row + 3]! * 10;
      out[o++] = (y - centre) / (laneWidth / 2);
      out[o++] = Math.min(y / (2 * laneWidth), 1);
      out[o++] = Math.min((lanes * laneWidth - y) / (2 * laneWidth), 1);
      for (let slot = 0; slot < 6; slot++, o += 4) {
        const car = nearest[slot]!;
        const at = 5 * (row * numCars + car);
        out[o] = car < 0 ? NOBODY : (cars![at]! - x) / UNITS[0];
        out[o + 1] = car < 0 ? 0 : (cars![at + 1]! - y) / UNITS[1];
        out[o + 2] = car < 0 ? 0 : (cars![at + 2]! - v) / UNITS[2];
        out[o + 3] = car < 0 ? 0 : 1;
      }
    }
  },
  backward([ego, cars, mask], dOut, [dEgo, dCars], [, ofCars], { laneWidth, lanes }) {
    const numCars = ofCars![1]!;
    const [nearest, distances] = [new Int32Array(6), new Float64Array(6)];
    for (let row = 0; row < ego!.length / 5; row++) {
      findNearest(nearest, distances, ego!, cars!, mask!, row, numCars, laneWidth, lanes);
      const y = ego![5 * row + 1]!;
      let o = row * NUM_FEATURES;
      let gX = 0;
      let gV = dOut[o]! / 10;
      let gY = dOut[o + 2]! / (laneWidth / 2);
      if (y <= 2 * laneWidth) gY += dOut[o + 3]! / (2 * laneWidth);
      if (lanes * laneWidth - y <= 2 * laneWidth) gY -= dOut[o + 4]! / (2 * laneWidth);
      dEgo![5 * row + 3] = dOut[o + 1]! * 10;
      o += 5;
      for (let slot = 0; slot < 6; slot++, o += 4) {
        if (nearest[slot]! < 0) continue;
        const at = 5 * (row * numCars + nearest[slot]!);
        const toX = dOut[o]! / UNITS[0];
        const toY = dOut[o + 1]! / UNITS[1];
        const toV = dOut[o + 2]! / UNITS[2];
        dCars![at]! += toX;
        dCars![at + 1]! += toY;
        dCars![at + 2]! += toV;
        gX -= toX;
        gY -= toY;
        gV -= toV;
      }
      dEgo![5 * row] = gX;
      dEgo![5 * row + 1] = gY;
      dEgo![5 * row + 4] = gV;
    }
  },
};
