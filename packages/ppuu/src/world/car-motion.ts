import * as tf from "@tensorflow/tfjs-core";
import { joinColumns, splitColumns } from "../gradient/columns.js";
import { frameOf } from "../gradient/frame-of.js";
import { oneHot } from "../gradient/one-hot.js";
import { withoutGradient } from "../gradient/without-gradient.js";
import type { Road } from "../log/road.js";
import type { History } from "../scene/scene.js";

/** Other cars as columns, shape `[batch, cars]` each. */
export interface CarMotion {
  x: tf.Tensor2D;
  y: tf.Tensor2D;
  v: tf.Tensor2D;
  length: tf.Tensor2D;
  width: tf.Tensor2D;
  /** Lateral speed in m/s. */
  lateral: tf.Tensor2D;
  /** Last acceleration in m/s². */
  acceleration: tf.Tensor2D;
}

type Columns = [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];

/** Motion of the other cars at the end of a history; what needs two frames is 0 where there is one. */
export function motionOf(history: History): CarMotion {
  const frames = history.cars.shape[1];
  const frame = (t: number) => splitColumns(frameOf(history.cars, t)) as Columns;
  const [x, y, v, length, width] = frame(frames - 1);
  const zero = tf.zerosLike(x);
  if (frames < 2) return { x, y, v, length, width, lateral: zero, acceleration: zero };
  const [, oldY, oldV, oldLength] = frame(frames - 2);
  // A car that was not there a frame ago has no length there.
  const known = tf.cast(tf.greater(oldLength, 0), "float32");
  return {
    x,
    y,
    v,
    length,
    width,
    lateral: tf.mul(known, tf.div(tf.sub(y, oldY), history.dt)),
    acceleration: tf.mul(known, tf.div(tf.sub(v, oldV), history.dt)),
  };
}

/** Cars `[batch, cars, 5]` of columns. */
export function carsOf({ x, y, v, length, width }: CarMotion): tf.Tensor3D {
  return joinColumns([x, y, v, length, width]);
}

/** What is in front of each car. */
export interface Leaders {
  /** Metres to the leader's rear, shape `[batch, cars]`. */
  gap: tf.Tensor2D;
  /** The leader's speed in m/s, shape `[batch, cars]`; 0 without a leader. */
  speed: tf.Tensor2D;
  /** 1 where there is a leader within 60 m, shape `[batch, cars]`. */
  present: tf.Tensor2D;
}

/** Metres within which a leader counts. */
const RANGE = 60;

/**
 * The leader of each car among the others and the ego; which car leads is not differentiated, where it is, is.
 */
export function leadersOf(
  motion: CarMotion,
  mask: tf.Tensor2D,
  ego: tf.Tensor2D,
  size: tf.Tensor2D,
  road: Road,
): Leaders {
  const [batch, numCars] = motion.x.shape;
  const [egoX, egoY, , , egoV] = tf.split(ego, 5, 1) as tf.Tensor2D[];
  const x = tf.concat([motion.x, egoX!], 1);
  const y = tf.concat([motion.y, egoY!], 1);
  const v = tf.concat([motion.v, egoV!], 1);
  const length = tf.concat([motion.length, tf.slice(size, [0, 0], [batch, 1])], 1);
  const chosen = withoutGradient(() => {
    const lane = (values: tf.Tensor) => tf.floor(tf.div(values, road.laneWidth));
    const rows = (values: tf.Tensor) => tf.expandDims(values, 2);
    const columns = (values: tf.Tensor) => tf.expandDims(values, 1);
    const ahead = tf.sub(columns(x), rows(motion.x));
    const isThere = columns(tf.concat([mask, tf.ones([batch, 1])], 1));
    const isSame = tf.cast(tf.equal(columns(lane(y)), rows(lane(motion.y))), "float32");
    const isAhead = tf.cast(tf.greater(ahead, 0.01), "float32");
    const isHere = tf.mul(tf.mul(isSame, isAhead), isThere);
    const distance = tf.add(tf.abs(ahead), tf.mul(tf.sub(1, isHere), 1e4));
    const isNear = tf.cast(tf.less(tf.min(distance, 2, true), RANGE), "float32");
    return tf.mul(oneHot(tf.argMin(distance, 2), numCars + 1), isNear);
  });
  const values = joinColumns([x, v, length, tf.onesLike(x)]);
  const [leaderX, speed, leaderLength, present] = splitColumns(tf.matMul(chosen, values));
  const way = tf.sub(tf.sub(leaderX!, motion.x), tf.mul(tf.add(leaderLength!, motion.length), 0.5));
  const gap = tf.add(tf.mul(way, present!), tf.mul(tf.sub(1, present!), RANGE));
  return { gap: gap as tf.Tensor2D, speed: speed!, present: present! };
}
