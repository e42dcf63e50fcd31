import { checkShape, formatShape, ShapeError } from "@lab/core";
import type { Tensor2D, Tensor3D, Tensor4D } from "@tensorflow/tfjs-core";
import type { Road } from "../log/road.js";

/** The other cars, and what is drawn of the world. */
export interface Scene {
  /** Other cars, shape `[batch, cars, 5]`: x, y, v, length, width; in metres and m/s. */
  cars: Tensor3D;
  /** 1 where there is a car, else 0; shape `[batch, cars]`. */
  mask: Tensor2D;
  /** The road. */
  road: Road;
  /** Context image, shape `[batch, height, width, 3]`: lane markings, other cars, off-road; values in [0, 1]. */
  image?: Tensor4D;
  /** States of the frame in which the image is drawn, shape `[batch, 5]`. */
  reference?: Tensor2D;
  /** The same image from further passes through a world model with dropped units. */
  passes?: readonly Tensor4D[];
  /** How many steps ahead each row is predicted, beside `passes`. */
  steps?: readonly number[];
}

/** Where in a log something happens. */
export interface Place {
  /** Index of the scene. */
  scene: number;
  /** Index of the car that is controlled. */
  car: number;
  /** Frame of the present. */
  frame: number;
}

/** What was seen so far; the last of its frames is the present. */
export interface History {
  /** Ego states, shape `[batch, frames, 5]`. */
  ego: Tensor3D;
  /** Other cars, the same ones in all frames, shape `[batch, frames, cars, 5]`. */
  cars: Tensor4D;
  /** 1 where there is a car, shape `[batch, cars]`. */
  mask: Tensor2D;
  /** Length and width of the controlled cars in metres, shape `[batch, 2]`. */
  car: Tensor2D;
  /** The road. */
  road: Road;
  /** Seconds between frames. */
  dt: number;
  /** Where in the log each row is, when it comes from one. */
  places?: readonly Place[];
}

/** What a policy sees. */
export interface Observation {
  /** Ego states, shape `[batch, 5]`. */
  ego: Tensor2D;
  /** The others. */
  scene: Scene;
  /** Length and width of the controlled cars in metres, shape `[batch, 2]`. */
  car: Tensor2D;
  /** Actions of the step before, shape `[batch, 2]`; zero at the start. */
  previousAction?: Tensor2D;
  /** What was seen so far; planners reset world models with it. */
  history?: History;
}

/** Refuses a scene whose tensors do not fit each other or a batch. */
export function checkScene(caller: string, scene: Scene, batch: number): void {
  checkShape(caller, "scene.cars", scene.cars, [batch, null, 5]);
  const cars = scene.cars.shape[1];
  if (scene.mask.rank !== 2 || scene.mask.shape[0] !== batch || scene.mask.shape[1] !== cars) {
    throw new ShapeError(
      `${caller}: scene.mask has shape ${formatShape(scene.mask.shape)}; [${batch},${cars}] was expected, one number a car`,
      { argument: "scene.mask", shape: scene.mask.shape },
    );
  }
}
