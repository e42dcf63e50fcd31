import { entryOf, type TrafficLog } from "./traffic-log.js";

/** Steps in metres that are too short to tell a direction from. */
const SHORTEST_STEP = 1e-6;
/** 5 ft/s: the speed from which a first displacement is trusted. */
const TRUSTED_SPEED = 1.524;

/**
 * States `[x, y, dx, dy, v]` of a recorded car, from its positions.
 *
 * Speed and direction are those of the step to the next frame, so that the unicycle with `inferActionsHost` of these
 * states reproduces the positions. A car that stands keeps its direction; before it first moves, its direction is that
 * of its first fast step, and along the road when there is none. The last frame repeats the last step.
 *
 * @param log - The log.
 * @param scene - Index of the scene.
 * @param car - Index of the car.
 * @param from - First frame.
 * @param to - One after the last frame; the car must be present from `from` on to here.
 * @returns `(to - from) * 5` numbers.
 */
export function recordedStates(
  log: TrafficLog,
  scene: number,
  car: number,
  from: number,
  to: number,
): Float64Array {
  const count = to - from;
  const states = new Float64Array(5 * count);
  let direction: readonly [number, number] | undefined;
  let waiting = 0;
  for (let i = 0; i < count; i++) {
    const here = entryOf(log, from + i, scene, car);
    const isLast = from + i + 1 >= log.shape[0] || log.present[entryOf(log, from + i + 1, scene, car)] === 0;
    const s = 5 * i;
    states[s] = log.x[here]!;
    states[s + 1] = log.y[here]!;
    if (isLast && i > 0) {
      states.copyWithin(s + 2, s - 3, s);
      continue;
    }
    const there = isLast ? here : entryOf(log, from + i + 1, scene, car);
    const [dx, dy] = [log.x[there]! - log.x[here]!, log.y[there]! - log.y[here]!];
    const step = Math.sqrt(dx * dx + dy * dy);
    states[s + 4] = isLast ? log.v[here]! : step / log.dt;
    const isTrusted = direction ? step >= SHORTEST_STEP : step > TRUSTED_SPEED * log.dt;
    if (isTrusted) direction = [dx / step, dy / step];
    if (!direction) {
      waiting = i + 1;
      states[s + 2] = 1;
      continue;
    }
    states.set(direction, s + 2);
    for (; waiting > 0; waiting--) states.set(direction, 5 * waiting - 3);
  }
  return states;
}

/** State of a recorded car in one frame, 5 numbers; see {@link recordedStates}. */
export function recordedState(log: TrafficLog, scene: number, car: number, frame: number): Float64Array {
  // Ten frames back are enough to know the direction of a car that stands.
  let from = frame;
  while (from > 0 && frame - from < 10 && log.present[entryOf(log, from - 1, scene, car)] === 1) from--;
  return recordedStates(log, scene, car, from, frame + 1).slice(-5);
}
