/** Value and gradient of an objective at a point. */
export interface Evaluation {
  value: number;
  gradient: Float64Array;
}

/** A step that a line search found. */
export interface SearchResult extends Evaluation {
  step: number;
  evaluations: number;
}

interface Point extends Evaluation {
  step: number;
  slope: number;
}

const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;

/** Inner product. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Minimum of the cubic through two points with their slopes, within bounds; the middle where there is none. */
function cubicMinimum(a: Point, b: Point, low: number, high: number): number {
  const [first, second] = a.step <= b.step ? [a, b] : [b, a];
  const d1 = first.slope + second.slope - (3 * (first.value - second.value)) / (first.step - second.step);
  const square = d1 ** 2 - first.slope * second.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const d2 = Math.sqrt(square);
  const share = (second.slope + d2 - d1) / (second.slope - first.slope + 2 * d2);
  const position = second.step - (second.step - first.step) * share;
  return Math.min(Math.max(position, low), high);
}

/**
 * A step along a direction that satisfies the strong Wolfe conditions, by bracketing and cubic interpolation.
 *
 * @see Nocedal, Wright (2006), Numerical optimization, algorithms 3.5 and 3.6, in the form of `torch.optim.LBFGS`.
 */
export async function wolfeSearch(
  evaluate: (step: number) => Promise<Evaluation>,
  start: Evaluation,
  direction: Float64Array,
  firstStep: number,
  options: { maxEvaluations: number; changeTolerance: number },
): Promise<SearchResult> {
  let evaluations = 0;
  const at = async (step: number): Promise<Point> => {
    evaluations++;
    const { value, gradient } = await evaluate(step);
    return { step, value, gradient, slope: dot(gradient, direction) };
  };
  const slope = dot(start.gradient, direction);
  const origin: Point = { value: start.value, gradient: start.gradient, step: 0, slope };
  const isTooHigh = ({ step, value }: Point) => !(value <= start.value + SUFFICIENT_DECREASE * step * slope);
  const isFlat = (point: Point) => Math.abs(point.slope) <= -CURVATURE * slope;

  let previous = origin;
  let current = await at(firstStep);
  let bracket: [Point, Point] | undefined;
  for (let i = 0; evaluations < options.maxEvaluations; i++) {
    if (isTooHigh(current) || (i > 1 && current.value >= previous.value)) {
      bracket = [previous, current];
      break;
    }
    if (isFlat(current)) return { ...current, evaluations };
    if (current.slope >= 0) {
      bracket = [previous, current];
      break;
    }
    const low = current.step + 0.01 * (current.step - previous.step);
    const next = cubicMinimum(previous, current, low, current.step * 10);
    previous = current;
    current = await at(next);
  }
  bracket ??= [origin, current];
  let [low, high] = bracket[0].value <= bracket[1].value ? bracket : ([bracket[1], bracket[0]] as const);

  const size = direction.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  let isStalled = false;
  while (evaluations < options.maxEvaluations) {
    const [left, right] = [Math.min(low.step, high.step), Math.max(low.step, high.step)];
    if ((right - left) * size < options.changeTolerance) break;
    let step = cubicMinimum(low, high, left, right);
    const margin = 0.1 * (right - left);
    if (Math.min(right - step, step - left) < margin) {
      // Twice near an end, or on it: the interpolation makes no progress there.
      if (isStalled || step >= right || step <= left) {
        step = Math.abs(step - right) < Math.abs(step - left) ? right - margin : left + margin;
        isStalled = false;
      } else {
        isStalled = true;
      }
    } else {
      isStalled = false;
    }
    const trial = await at(step);
    if (isTooHigh(trial) || trial.value >= low.value) {
      high = trial;
      if (high.value < low.value) [low, high] = [high, low];
    } else {
      if (isFlat(trial)) return { ...trial, evaluations };
      if (trial.slope * (high.step - low.step) >= 0) high = low;
      low = trial;
    }
  }
  return { ...low, evaluations };
}
