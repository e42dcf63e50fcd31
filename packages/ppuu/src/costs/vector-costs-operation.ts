import type { HostOperation } from "../host-kernel/host-operation.js";
import { laneOf } from "../scene/features-operation.js";

/** Seconds of driving and metres that are kept free ahead. */
export const FREE_TIME = 1.5;
export const FREE_WAY = 3;
/** Metres beside the car that are kept free. */
export const FREE_SIDE = 1.9;
/** Metres from the edge of the road within which it costs. */
export const EDGE = 1.2;
/** Speed in m/s below which slowness costs. */
export const TARGET_SPEED = 12;
/** Units of acceleration and turn. */
export const ACTION_UNITS = [2, 0.01] as const;
/** Rows of the output, in this order. */
export const PARTS = ["proximity", "lane", "offroad", "speed", "action"] as const;

const within = (value: number) => Math.min(Math.max(value, 0), 1);

/**
 * The parts of the vector costs as one loop, shape `[5, batch]`, and their gradient by ego, action and cars.
 *
 * Inputs: ego `[batch, 5]`, action `[batch, 2]`, cars `[batch, cars, 5]`, mask `[batch, cars]`, size `[batch, 2]`.
 */
export const vectorCostsOperation: HostOperation<{ laneWidth: number; lanes: number }> = {
  name: "LabVectorCosts",
  numDifferentiable: 3,
  outputShape: ([ego]) => [PARTS.length, ego![0]!],
  forward([ego, action, cars, mask, size], out, [ofEgo, , ofCars], { laneWidth, lanes }) {
    const [rows, numCars] = [ofEgo![0]!, ofCars![1]!];
    for (let row = 0; row < rows; row++) {
      const e = 5 * row;
      const x = ego![e]!;
      const y = ego![e + 1]!;
      const dx = ego![e + 2]!;
      const dy = ego![e + 3]!;
      const v = ego![e + 4]!;
      const ownLength = size![2 * row]!;
      const ownWidth = size![2 * row + 1]!;
      const free = FREE_TIME * v + FREE_WAY;
      let touch = 0;
      for (let car = row * numCars; car < (row + 1) * numCars; car++) {
        if (mask![car] === 0) continue;
        const c = 5 * car;
        const ahead = cars![c]! - x;
        const aside = cars![c + 1]! - y;
        const gapX = Math.abs(dx * ahead + dy * aside) - 0.5 * (cars![c + 3]! + ownLength);
        const gapY = Math.abs(dx * aside - dy * ahead) - 0.5 * (cars![c + 4]! + ownWidth);
        const near = within(1 - gapX / free) * within(1 - gapY / FREE_SIDE);
        touch += near * near * mask![car]!;
      }
      const beside = (y - (laneOf(y, laneWidth, lanes) + 0.5) * laneWidth) / (laneWidth / 2);
      const left = Math.max(EDGE - y, 0);
      const right = Math.max(y - (lanes * laneWidth - EDGE), 0);
      const slow = Math.max(TARGET_SPEED - v, 0);
      const push = action![2 * row]! / ACTION_UNITS[0];
      const turn = action![2 * row + 1]! / ACTION_UNITS[1];
      out[row] = touch;
      out[rows + row] = beside * beside;
      out[2 * rows + row] = left * left + right * right;
      out[3 * rows + row] = (slow * slow) / 100;
      out[4 * rows + row] = push * push + turn * turn;
    }
  },
  backward(
    [ego, action, cars, mask, size],
    dOut,
    [dEgo, dAction, dCars],
    [ofEgo, , ofCars],
    { laneWidth, lanes },
  ) {
    const [rows, numCars] = [ofEgo![0]!, ofCars![1]!];
    for (let row = 0; row < rows; row++) {
      const e = 5 * row;
      const x = ego![e]!;
      const y = ego![e + 1]!;
      const dx = ego![e + 2]!;
      const dy = ego![e + 3]!;
      const v = ego![e + 4]!;
      const ownLength = size![2 * row]!;
      const ownWidth = size![2 * row + 1]!;
      // The speed in the safe distance passes no gradient.
      const free = FREE_TIME * v + FREE_WAY;
      const gTouch = dOut[row]!;
      let gX = 0;
      let gY = 0;
      let gDx = 0;
      let gDy = 0;
      for (let car = row * numCars; gTouch !== 0 && car < (row + 1) * numCars; car++) {
        if (mask![car] === 0) continue;
        const c = 5 * car;
        const ahead = cars![c]! - x;
        const aside = cars![c + 1]! - y;
        const along = dx * ahead + dy * aside;
        const across = dx * aside - dy * ahead;
        const nearX = 1 - (Math.abs(along) - 0.5 * (cars![c + 3]! + ownLength)) / free;
        const nearY = 1 - (Math.abs(across) - 0.5 * (cars![c + 4]! + ownWidth)) / FREE_SIDE;
        if (nearX <= 0 || nearY <= 0) continue;
        const atX = Math.min(nearX, 1);
        const atY = Math.min(nearY, 1);
        const g = 2 * gTouch * mask![car]! * atX * atY;
        const gGapX = nearX <= 1 ? (-g * atY) / free : 0;
        const gGapY = nearY <= 1 ? (-g * atX) / FREE_SIDE : 0;
        const gAlong = along > 0 ? gGapX : -gGapX;
        const gAcross = across > 0 ? gGapY : -gGapY;
        const gAhead = gAlong * dx - gAcross * dy;
        const gAside = gAlong * dy + gAcross * dx;
        gX -= gAhead;
        gY -= gAside;
        gDx += gAlong * ahead + gAcross * aside;
        gDy += gAlong * aside - gAcross * ahead;
        dCars![c] = gAhead;
        dCars![c + 1] = gAside;
        dCars![c + 3] = -0.5 * gGapX;
        dCars![c + 4] = -0.5 * gGapY;
      }
      const half = laneWidth / 2;
      const beside = (y - (laneOf(y, laneWidth, lanes) + 0.5) * laneWidth) / half;
      const left = Math.max(EDGE - y, 0);
      const right = Math.max(y - (lanes * laneWidth - EDGE), 0);
      gY += (2 * beside * dOut[rows + row]!) / half + 2 * (right - left) * dOut[2 * rows + row]!;
      dEgo![e] = gX;
      dEgo![e + 1] = gY;
      dEgo![e + 2] = gDx;
      dEgo![e + 3] = gDy;
      dEgo![e + 4] = (-2 * Math.max(TARGET_SPEED - v, 0) * dOut[3 * rows + row]!) / 100;
      const gAction = 2 * dOut[4 * rows + row]!;
      dAction![2 * row] = (gAction * action![2 * row]!) / ACTION_UNITS[0] ** 2;
      dAction![2 * row + 1] = (gAction * action![2 * row + 1]!) / ACTION_UNITS[1] ** 2;
    }
  },
};
