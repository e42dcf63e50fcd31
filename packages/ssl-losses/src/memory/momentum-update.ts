import { ArgumentError, checkNumber, checkSameShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Moves each target variable a little towards its source, as momentum encoders follow the trained one.
 *
 * $\theta_t \leftarrow m\,\theta_t + (1 - m)\,\theta_s$
 *
 * @param target - Variables that are assigned.
 * @param source - Variables of the same shapes in the same order; left as they are.
 * @param momentum - $m$ from 0 (copy) to 1 (stand still).
 * @throws {@link ArgumentError} for a momentum out of range or lists of different lengths; {@link ShapeError} when shapes differ.
 * @see He et al. (2020), Momentum contrast, eq. (2).
 */
export function momentumUpdate(
  target: readonly tf.Variable[],
  source: readonly tf.Variable[],
  momentum: number,
): void {
  checkNumber("momentumUpdate", "momentum", momentum, { min: 0, max: 1 });
  if (target.length !== source.length) {
    throw new ArgumentError(
      `momentumUpdate: target has ${target.length} variables and source has ${source.length}; as many were expected`,
      { argument: "target", value: target.length },
    );
  }
  for (const [index, variable] of target.entries()) {
    checkSameShape("momentumUpdate", `target[${index}]`, variable, `source[${index}]`, source[index]!);
  }
  tf.tidy(() => {
    for (const [index, variable] of target.entries()) {
      variable.assign(tf.add(tf.mul(variable, momentum), tf.mul(source[index]!, 1 - momentum)));
    }
  });
}
