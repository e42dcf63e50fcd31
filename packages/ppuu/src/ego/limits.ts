import { ArgumentError } from "@lab/core";
import type { ActionLimits } from "./ego-model.js";

/** 40 px/s² at 24 px a lane of 3.7 m. */
const LARGEST_ACCELERATION = 6.168;
/** 0.01 per px at 24 px a lane of 3.7 m. */
const LARGEST_CURVATURE = 0.064865;
/** 25 px: longer cars turn less, with the square of their length. */
const TURN_LENGTH = 3.854;

/**
 * Limits of the unicycle's actions for a car of this length.
 *
 * $|a| \le 6.168$ m/s², $|b| \le 0.064865 \min((3.854/\ell)^2, 1)$ per metre.
 *
 * @param length - Length of the car in metres.
 * @returns Limits of acceleration (m/s²) and curvature (1/m).
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning; the limits are those of its published code.
 */
export function actionLimits(length = TURN_LENGTH): ActionLimits {
  const turn = LARGEST_CURVATURE * Math.min((TURN_LENGTH / length) ** 2, 1);
  return { min: [-LARGEST_ACCELERATION, -turn], max: [LARGEST_ACCELERATION, turn] };
}

/** Refuses limits that are not two ordered pairs. */
export function checkLimits(caller: string, limits: ActionLimits): ActionLimits {
  const isPair = (values: readonly number[]) => values.length === 2 && values.every(Number.isFinite);
  if (isPair(limits.min) && isPair(limits.max) && limits.min.every((low, i) => low < limits.max[i]!)) {
    return limits;
  }
  throw new ArgumentError(
    `${caller}: limits is ${JSON.stringify(limits)}; min and max of two finite numbers each, min below max, were expected`,
    { argument: "limits", value: limits },
  );
}
