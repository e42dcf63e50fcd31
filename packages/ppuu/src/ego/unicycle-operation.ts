import type { HostOperation } from "../host-kernel/host-operation.js";

/** Keeps the normalisation of a direction finite. */
export const SMALLEST_NORM = 1e-8;

/** The next states of rows of states; the arrays may be of either precision. */
export function advance(
  state: ArrayLike<number>,
  action: ArrayLike<number>,
  next: Float32Array | Float64Array,
  dt: number,
  minSpeed: number | null,
): void {
  for (let s = 0, u = 0; s < state.length; s += 5, u += 2) {
    const dx = state[s + 2]!;
    const dy = state[s + 3]!;
    const speed = state[s + 4]!;
    const bend = dt * speed * action[u + 1]!;
    const turnedX = dx + bend * dy;
    const turnedY = dy - bend * dx;
    const norm = Math.max(Math.sqrt(turnedX * turnedX + turnedY * turnedY), SMALLEST_NORM);
    const faster = speed + dt * action[u]!;
    next[s] = state[s]! + dt * speed * dx;
    next[s + 1] = state[s + 1]! + dt * speed * dy;
    next[s + 2] = turnedX / norm;
    next[s + 3] = turnedY / norm;
    next[s + 4] = minSpeed === null ? faster : Math.max(faster, minSpeed);
  }
}

/** The unicycle's step as one loop, and its gradient by state and action. */
export const unicycleOperation: HostOperation<{ dt: number; minSpeed: number | null }> = {
  name: "LabUnicycleStep",
  numDifferentiable: 2,
  outputShape: ([state]) => state!,
  forward([state, action], next, _shapes, { dt, minSpeed }) {
    advance(state!, action!, next, dt, minSpeed);
  },
  backward([state, action], dNext, [dState, dAction], _shapes, { dt, minSpeed }) {
    for (let s = 0, u = 0; s < state!.length; s += 5, u += 2) {
      const dx = state![s + 2]!;
      const dy = state![s + 3]!;
      const speed = state![s + 4]!;
      const turn = action![u + 1]!;
      const bend = dt * speed * turn;
      const turnedX = dx + bend * dy;
      const turnedY = dy - bend * dx;
      const size = Math.sqrt(turnedX * turnedX + turnedY * turnedY);
      const norm = Math.max(size, SMALLEST_NORM);
      let gX = dNext[s + 2]! / norm;
      let gY = dNext[s + 3]! / norm;
      if (size >= SMALLEST_NORM) {
        const along = (gX * turnedX + gY * turnedY) / (norm * norm);
        gX -= along * turnedX;
        gY -= along * turnedY;
      }
      const gPx = dNext[s]!;
      const gPy = dNext[s + 1]!;
      const gBend = gX * dy - gY * dx;
      const isFree = minSpeed === null || speed + dt * action![u]! >= minSpeed;
      const gSpeed = isFree ? dNext[s + 4]! : 0;
      dState![s] = gPx;
      dState![s + 1] = gPy;
      dState![s + 2] = gX - bend * gY + dt * speed * gPx;
      dState![s + 3] = gY + bend * gX + dt * speed * gPy;
      dState![s + 4] = gSpeed + dt * (dx * gPx + dy * gPy) + dt * turn * gBend;
      dAction![u] = dt * gSpeed;
      dAction![u + 1] = dt * speed * gBend;
    }
  },
};
