import * as tf from "@tensorflow/tfjs-core";
import { checkState } from "../ego/check-state.js";
import { oneHot } from "../gradient/one-hot.js";
import { withoutGradient } from "../gradient/without-gradient.js";
import { runOnHost } from "../host-kernel/host-operation.js";
import { featuresOperation, NOBODY, RANGE, UNITS } from "./features-operation.js";
import { checkScene, type Scene } from "./scene.js";

/**
 * Nearest cars ahead and behind in the lanes −1, 0, +1: which car it is, as a one-hot row.
 *
 * @param ego - States, shape `[batch, 5]`.
 * @param scene - The others.
 * @returns Shape `[batch, 6, cars]`; a row of zeros where nobody is within 60 m. Not differentiable.
 */
export function nearestCars(ego: tf.Tensor2D, scene: Scene): tf.Tensor3D {
  return withoutGradient(() => {
    const { cars, mask, road } = scene;
    const [batch, numCars] = cars.shape;
    const x = tf.slice(ego, [0, 0], [batch, 1]);
    const lane = tf.floor(tf.div(tf.slice(ego, [0, 1], [batch, 1]), road.laneWidth));
    const own = tf.clipByValue(lane, 0, road.lanes - 1);
    const column = (i: number) =>
      tf.reshape(tf.slice(cars, [0, 0, i], [batch, numCars, 1]), [batch, numCars]);
    const ahead = tf.sub(column(0), x);
    const side = tf.sub(tf.floor(tf.div(column(1), road.laneWidth)), own);
    const isAhead = tf.cast(tf.greater(ahead, 0), "float32");
    const way = tf.abs(ahead);
    const far = tf.scalar(1e4);
    // Far away unless present, in this lane, on this side.
    const distances = [-1, 0, 1].flatMap((offset) => {
      const inLane = tf.mul(mask, tf.cast(tf.equal(side, offset), "float32"));
      const front = tf.mul(inLane, isAhead);
      const back = tf.sub(inLane, front);
      return [front, back].map((isHere) => tf.add(way, tf.mul(tf.sub(1, isHere), far)));
    });
    const distance = tf.stack(distances, 1); // [batch, 6, cars]
    const isNear = tf.cast(tf.less(tf.min(distance, 2, true), RANGE), "float32");
    return tf.mul(oneHot(tf.argMin(distance, 2), numCars), isNear) as tf.Tensor3D;
  });
}

/**
 * What the small policies see: 29 numbers of order 1, differentiable in the ego's pose.
 *
 * Speed/10; 10 dy; offset in the lane/1.85; distances to the left and right edge, /7.4, at most 1; then for the lanes
 * −1, 0, +1, ahead and behind: distance/30 (2 if nobody is within 60 m), lateral offset/3.7, speed difference/5, present.
 *
 * @param ego - States, shape `[batch, 5]`.
 * @param scene - The others.
 * @returns Features, shape `[batch, 29]`; the caller disposes them. Which car is nearest is not differentiated.
 * @throws {@link ShapeError} when the shapes do not fit.
 */
export function sceneFeatures(ego: tf.Tensor2D, scene: Scene): tf.Tensor2D {
  checkState("sceneFeatures", ego, "ego");
  checkScene("sceneFeatures", scene, ego.shape[0]);
  const { cars, mask, road } = scene;
  const { laneWidth, lanes } = road;
  const features = runOnHost(featuresOperation, [ego, cars, mask], { laneWidth, lanes });
  return (features ?? featuresByOps(ego, scene)) as tf.Tensor2D;
}

/** The features in engine calls, for backends whose memory is out of reach. */
export function featuresByOps(ego: tf.Tensor2D, scene: Scene): tf.Tensor2D {
  return tf.tidy(() => {
    const { cars, road } = scene;
    const [batch, numCars] = cars.shape;
    const { laneWidth, lanes } = road;
    const [x, y, , dy, v] = tf.split(ego, 5, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    const centre = withoutGradient(() =>
      tf.mul(tf.add(tf.clipByValue(tf.floor(tf.div(y, laneWidth)), 0, lanes - 1), 0.5), laneWidth),
    );
    const own = [
      tf.div(v, 10),
      tf.mul(dy, 10),
      tf.div(tf.sub(y, centre), laneWidth / 2),
      tf.minimum(tf.div(y, 2 * laneWidth), 1),
      tf.minimum(tf.div(tf.sub(lanes * laneWidth, y), 2 * laneWidth), 1),
    ];
    const others = tf.slice(cars, [0, 0, 0], [batch, numCars, 3]);
    const self = tf.reshape(tf.concat([x, y, v], 1), [batch, 1, 3]);
    const relative = tf.mul(tf.sub(others, self), tf.tensor1d(UNITS.map((unit) => 1 / unit)));
    const values = tf.concat([relative, tf.ones([batch, numCars, 1])], 2) as tf.Tensor3D;
    const nearest = tf.matMul(nearestCars(ego, scene), values); // [batch, 6, 4]
    const isMissing = tf.sub(1, tf.slice(nearest, [0, 0, 3], [batch, 6, 1]));
    const seen = tf.add(nearest, tf.mul(isMissing, tf.tensor1d([NOBODY, 0, 0, 0])));
    return tf.concat2d([...own, tf.reshape(seen, [batch, 24])] as tf.Tensor2D[], 1);
  });
}
