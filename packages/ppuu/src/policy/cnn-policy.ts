import { ArgumentError, checkInteger, formatShape } from "@lab/core";
import { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { frameOf } from "../gradient/frame-of.js";
import { flat, Layers, leaky } from "../network/layers.js";
import { CELL } from "../raster/grid.js";
import { renderContext } from "../raster/render-context.js";
import type { Policy } from "./policy.js";

/** Options of {@link cnnPolicy}. */
export interface CnnPolicyOptions {
  /** Seed of the initial weights. @defaultValue 0 */
  seed?: number;
  /** Mean of acceleration and turn over the training set. @defaultValue `[0, 0]` */
  mean?: readonly [number, number];
  /** Their standard deviations. @defaultValue `[2, 0.01]` */
  std?: readonly [number, number];
}

/** An image policy and its parameters. */
export interface CnnPolicy extends Policy {
  (observation: Parameters<Policy>[0]): tf.Tensor2D;
  /** Parameters by name. */
  parameters(): ReadonlyMap<string, tf.Variable>;
  /** Frees the parameters. */
  dispose(): void;
}

const [HEIGHT, WIDTH, FRAMES] = [117, 24, 20];
/** Actions are kept within this many standard deviations of the mean. */
const LARGEST = 3;

/**
 * The image policy of the source: 20 frames of 117 × 24 cells with the own car as fourth channel, 6 543 298 parameters.
 *
 * @param options - See {@link CnnPolicyOptions}.
 * @returns A policy that needs observations with a history; free it with `dispose`.
 * @throws {@link ArgumentError} when an observation has no history.
 * @see Henaff, Canziani, LeCun (2019), appendix; sizes as in the published code.
 */
export function cnnPolicy(options: CnnPolicyOptions = {}): CnnPolicy {
  const seed = checkInteger("cnnPolicy", "seed", options.seed ?? 0, { min: 0 });
  const { mean = [0, 0], std = [2, 0.01] } = options;
  const layers = new Layers(new Generator(seed).split("cnn-policy"));
  const code = 14 * 3 * 256;
  const one = layers.conv("image.0", [4, 4], 4 * FRAMES, 64);
  const two = layers.conv("image.1", [4, 4], 64, 128);
  const three = layers.conv("image.2", [4, 4], 128, 256);
  const states = [
    layers.dense("state.0", 5 * FRAMES, 256),
    layers.dense("state.1", 256, 256),
    layers.dense("state.2", 256, code),
  ];
  const hidden = [
    layers.dense("hidden.0", code, 256),
    ...[1, 2, 3].map((i) => layers.dense(`hidden.${i}`, 256, 256)),
  ];
  const last = layers.dense("last", 256, 2);
  const act = (observation: Parameters<Policy>[0]): tf.Tensor2D =>
    tf.tidy(() => {
      const { history } = observation;
      if (!history) {
        throw new ArgumentError(
          `cnnPolicy: history is left out beside ego ${formatShape(observation.ego.shape)}; one was expected`,
          { argument: "observation", value: undefined },
        );
      }
      const seen = history.cars.shape[1];
      const images: tf.Tensor4D[] = [];
      const past: tf.Tensor2D[] = [];
      for (let t = 0; t < FRAMES; t++) {
        const at = Math.max(0, seen - FRAMES + t);
        const ego = frameOf<tf.Tensor2D>(history.ego, at);
        const cars = frameOf<tf.Tensor3D>(history.cars, at);
        const scene = { cars, mask: history.mask, road: history.road };
        const draw = { reference: ego, height: HEIGHT, width: WIDTH, cell: CELL };
        images.push(renderContext(scene, { ...draw, channels: 4, car: history.car }));
        past.push(tf.mul(ego, tf.tensor1d([0, 0.1, 1, 10, 0.1])));
      }
      const image = three(leaky(two(leaky(one(tf.concat(images, 3) as tf.Tensor4D)))));
      const state = states.reduce(
        (x, layer, i) => (i < 2 ? leaky(layer(x)) : layer(x)),
        tf.concat2d(past, 1),
      );
      let x = tf.add(flat(image), state) as tf.Tensor2D;
      for (const layer of hidden) x = tf.relu(layer(x));
      const normalised = tf.clipByValue(last(x), -LARGEST, LARGEST);
      return tf.add(tf.mul(normalised, tf.tensor1d([...std])), tf.tensor1d([...mean])) as tf.Tensor2D;
    });
  return Object.assign(act, {
    parameters: () => layers.parameters,
    dispose: () => layers.dispose(),
  });
}
