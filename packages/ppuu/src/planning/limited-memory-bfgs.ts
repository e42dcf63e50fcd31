/** Value and gradient at a point. */
export type Objective = (x: Float64Array) => Promise<{ value: number; gradient: Float64Array }>;

const MEMORY = 10;
/** Sufficient decrease and curvature of the strong Wolfe conditions. */
const DECREASE = 1e-4;
const CURVATURE = 0.9;
const MOST_TRIALS = 12;

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const moved = (x: Float64Array, by: Float64Array, step: number) => x.map((value, i) => value + step * by[i]!);

/**
 * Minimum of a smooth function by L-BFGS with steps that satisfy the strong Wolfe conditions.
 *
 * @see Nocedal, Wright (2006), Numerical optimization, algorithms 7.4, 7.5 and, by bisection, 3.5.
 */
export async function minimizeHost(
  f: Objective,
  start: Float64Array,
  iterations: number,
): Promise<Float64Array> {
  let x = start;
  let { value, gradient } = await f(x);
  const pairs: { step: Float64Array; change: Float64Array; scale: number }[] = [];
  for (let t = 0; t < iterations; t++) {
    const direction = towards(gradient, pairs);
    const downhill = dot(direction, gradient);
    if (!(downhill < -1e-14)) break;
    let [low, high, step] = [0, Number.POSITIVE_INFINITY, 1];
    let next: { x: Float64Array; value: number; gradient: Float64Array } | undefined;
    for (let trial = 0; trial < MOST_TRIALS; trial++) {
      const at = moved(x, direction, step);
      const found = await f(at);
      const isLower = found.value <= value + DECREASE * step * downhill;
      if (isLower && (!next || found.value < next.value)) next = { x: at, ...found };
      const slope = dot(direction, found.gradient);
      if (isLower && Math.abs(slope) <= CURVATURE * Math.abs(downhill)) {
        next = { x: at, ...found };
        break;
      }
      if (!isLower || slope > 0) high = step;
      else low = step;
      step = Number.isFinite(high) ? (low + high) / 2 : 2 * step;
    }
    if (!next) break;
    const moveBy = next.x.map((coordinate, i) => coordinate - x[i]!);
    const change = next.gradient.map((slope, i) => slope - gradient[i]!);
    const curvature = dot(moveBy, change);
    if (curvature > 1e-12) {
      pairs.push({ step: moveBy, change, scale: 1 / curvature });
      if (pairs.length > MEMORY) pairs.shift();
    }
    ({ x, value, gradient } = next);
  }
  return x;
}

/** Direction of descent: the two-loop recursion. */
function towards(
  gradient: Float64Array,
  pairs: readonly { step: Float64Array; change: Float64Array; scale: number }[],
): Float64Array {
  let q = Float64Array.from(gradient);
  const factors: number[] = [];
  for (const { step, change, scale } of [...pairs].reverse()) {
    const factor = scale * dot(step, q);
    factors.unshift(factor);
    q = moved(q, change, -factor);
  }
  const last = pairs.at(-1);
  if (last) {
    const size = 1 / (last.scale * dot(last.change, last.change));
    q = q.map((value) => value * size);
  } else {
    // The first step is at most one long.
    const size = 1 / Math.max(1, Math.sqrt(dot(q, q)));
    q = q.map((value) => value * size);
  }
  for (const [i, { step, change, scale }] of pairs.entries()) {
    q = moved(q, step, factors[i]! - scale * dot(change, q));
  }
  return q.map((value) => -value);
}
