import { checkNumber, checkShape } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "../ego/check-state.js";
import { CELL, cellsFrom, type GridOptions, gridOf } from "./grid.js";

/** Where around the ego something matters, shape `[batch, height, width]` each. */
export interface Masks {
  /** For other cars. */
  proximity: tf.Tensor3D;
  /** For lane markings and the edge of the road. */
  lane: tf.Tensor3D;
}

/** Options of {@link taperMask}. */
export interface TaperMaskOptions extends GridOptions {
  /** Exponent α. @defaultValue 2 */
  power?: number;
}

/**
 * Masks that taper with the distance from the ego, evaluated where the ego is placed in a fixed image.
 *
 * With $x_s = 1.5\max(v, 10) + 1.5\ell + 1$ and $y_d = w/2 + 3.7$: $z = [(x_s - |x'|)/(x_s - \ell/2)]_+$,
 * $r = [(y_d - |y'|)/(y_d - w/2)]_+$, $M_{prox} = z^\alpha \min(r, 1)^\alpha$, $M_{lane} = z^\alpha r^\alpha$.
 *
 * @param pose - Ego states in the frame of the image, shape `[batch, 5]`.
 * @param car - Length and width in metres, shape `[batch, 2]`.
 * @param speed - Speeds in m/s for the safe distance, shape `[batch]`; pass them through `stopGradient` in costs.
 * @param options - See {@link TaperMaskOptions}.
 * @returns See {@link Masks}; differentiable in the pose. Values exceed 1 inside the car. The caller disposes them.
 * @throws {@link ShapeError} when shapes do not fit.
 * @see Sobal et al. (2022); the formula is that of its published code.
 */
export function taperMask(
  pose: tf.Tensor2D,
  car: tf.Tensor2D,
  speed: tf.Tensor1D,
  options: TaperMaskOptions = {},
): Masks {
  checkState("taperMask", pose, "pose");
  const batch = pose.shape[0];
  checkShape("taperMask", "car", car, [batch, 2]);
  checkShape("taperMask", "speed", speed, [batch]);
  const power = checkNumber("taperMask", "power", options.power ?? 2, { above: 0 });
  const grid = gridOf("taperMask", options);
  return tf.tidy(() => {
    const deep = (t: tf.Tensor) => tf.reshape(t, [batch, 1, 1]);
    const [x, y, dx, dy] = (tf.split(pose, 5, 1) as tf.Tensor[]).map(deep);
    const { along, across } = cellsFrom(grid, { x: x!, y: y!, dx: dx!, dy: dy! });
    const [length, width] = (tf.split(car, 2, 1) as tf.Tensor[]).map(deep);
    const safe = tf.add(tf.add(tf.mul(tf.maximum(deep(speed), 10), 1.5), tf.mul(length!, 1.5)), 1);
    const side = tf.add(tf.div(width!, 2), 3.7);
    const z = tf.relu(tf.div(tf.sub(safe, tf.abs(along)), tf.sub(safe, tf.div(length!, 2))));
    const r = tf.relu(tf.div(tf.sub(side, tf.abs(across)), 3.7));
    const raise = (t: tf.Tensor) => (power === 2 ? tf.square(t) : tf.pow(t, power));
    const front = raise(z);
    return {
      proximity: tf.mul(front, raise(tf.minimum(r, 1))) as tf.Tensor3D,
      lane: tf.mul(front, raise(r)) as tf.Tensor3D,
    };
  });
}

/**
 * The masks of the parent paper: a filter along the road times one across it, centred on the image.
 *
 * @param car - Length and width in metres, shape `[batch, 2]`.
 * @param speed - Speeds in m/s, shape `[batch]`.
 * @param options - Size of the image.
 * @returns See {@link Masks}; the cost of a channel is the maximum of mask times channel. The caller disposes them.
 * @throws {@link ShapeError} when shapes do not fit.
 * @remarks The ego is the centre of the image; there is no gradient by a pose.
 * @see Henaff, Canziani, LeCun (2019), Model-predictive policy learning, appendix; as in its published code.
 */
export function separableMask(car: tf.Tensor2D, speed: tf.Tensor1D, options: GridOptions = {}): Masks {
  const batch = car.shape[0];
  checkShape("separableMask", "car", car, [batch, 2]);
  checkShape("separableMask", "speed", speed, [batch]);
  const { height, width } = gridOf("separableMask", options);
  return tf.tidy(() => {
    const metre = 1 / CELL;
    const [length, breadth] = (tf.split(car, 2, 1) as tf.Tensor[]).map((t) => tf.mul(t, metre));
    const free = tf.add(tf.mul(tf.abs(tf.reshape(speed, [batch, 1])), 1.5 * metre), metre);
    const tent = (count: number) =>
      tf.tensor2d(
        Array.from({ length: count }, (_, i) => ((1 - Math.abs((2 * i) / (count - 1) - 1)) * count) / 2),
        [1, count],
      );
    const top = (count: number, size: tf.Tensor) =>
      tf.ceil(tf.div(tf.sub(count, tf.relu(tf.sub(size, metre))), 2));
    const between = (values: tf.Tensor, low: tf.Tensor, high: tf.Tensor) =>
      tf.div(tf.sub(tf.minimum(tf.maximum(values, low), high), low), tf.sub(high, low));
    const rows = tent(height);
    const xHigh = top(height, length!);
    const xLow = tf.relu(tf.sub(xHigh, free));
    const columns = tent(width);
    const yHigh = top(width, breadth!);
    const yLow = tf.ceil(tf.sub(width / 2, breadth!));
    const laneLow = tf.fill([batch, 1], Math.ceil(width / 2 - 3));
    const isBeside = tf.cast(tf.greaterEqual(rows, xHigh), "float32");
    const laneColumns = tf.div(tf.relu(tf.sub(columns, laneLow)), tf.sub(yHigh, laneLow));
    const outer = (a: tf.Tensor, b: tf.Tensor) =>
      tf.mul(tf.reshape(a, [batch, height, 1]), tf.reshape(b, [batch, 1, width])) as tf.Tensor3D;
    return {
      proximity: outer(between(rows, xLow, xHigh), between(columns, yLow, yHigh)),
      lane: outer(isBeside, laneColumns),
    };
  });
}
