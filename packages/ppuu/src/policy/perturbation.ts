import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import type { History } from "../scene/scene.js";
import { presentOf } from "./imagine.js";

/** Standard deviations by which imagined futures start beside the recorded state. */
export interface Perturbation {
  /** Metres across the road. @defaultValue 0.4 */
  y?: number;
  /** Radians. @defaultValue 0.02 */
  heading?: number;
  /** m/s. @defaultValue 0.7 */
  speed?: number;
}

/** Starts beside the recorded states; nothing where they are not to be moved. */
export function perturbed(
  history: History,
  by: Perturbation | false,
  generator: Generator,
): tf.Tensor2D | undefined {
  if (!by) return undefined;
  const { y = 0.4, heading = 0.02, speed = 0.7 } = by;
  return tf.tidy(() => {
    const at = presentOf(history);
    const batch = at.shape[0];
    const [noiseY, noiseAngle, noiseSpeed] = tf.split(generator.normal([batch, 3]) as tf.Tensor2D, 3, 1);
    const [x0, y0, dx, dy, v] = tf.split(at, 5, 1) as tf.Tensor2D[];
    const angle = tf.mul(noiseAngle!, heading);
    const [cosine, sine] = [tf.cos(angle), tf.sin(angle)];
    return tf.concat2d(
      [
        x0!,
        tf.add(y0!, tf.mul(noiseY!, y)),
        tf.sub(tf.mul(dx!, cosine), tf.mul(dy!, sine)),
        tf.add(tf.mul(dy!, cosine), tf.mul(dx!, sine)),
        tf.relu(tf.add(v!, tf.mul(noiseSpeed!, speed))),
      ],
      1,
    );
  });
}
