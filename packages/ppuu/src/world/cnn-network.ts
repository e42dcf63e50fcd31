import type { Generator } from "@lab/core/random";
import * as tf from "@tensorflow/tfjs-core";
import { type Dropout, flat, Layers, leaky } from "../network/layers.js";

/** What goes into one prediction. */
export interface CnnInput {
  /** Last frames, channels of one frame after another, shape `[batch, height, width, 3 * frames]`. */
  images: tf.Tensor4D;
  /** States of these frames, shape `[batch, 5 * frames]`; not used by the small network. */
  states: tf.Tensor2D;
  /** Action, or the next ego state, shape `[batch, 2 or 5]`. */
  action: tf.Tensor2D;
  /** Latent variables, shape `[batch, latent]`. */
  latent: tf.Tensor2D;
  /** Drops units. */
  drop: Dropout;
}

/** What comes out. */
export interface CnnOutput {
  /** Raw image before the residual, shape `[batch, height, width, 3]`. */
  image: tf.Tensor4D;
  /** Change of the normalised state, where the network has a state head, shape `[batch, 5]`. */
  state?: tf.Tensor2D;
}

/** A network of a CNN world. */
export interface CnnNetwork {
  /** Its parameters. */
  layers: Layers;
  /** Rows and columns of its images. */
  size: readonly [height: number, width: number];
  /** Frames that it sees. */
  frames: number;
  /** Latent variables. */
  latentSize: number;
  /** Mean and logarithm of the variance of the latent variables, given what comes next. */
  posterior(
    input: Omit<CnnInput, "latent">,
    target: tf.Tensor4D,
  ): { mean: tf.Tensor2D; logVariance: tf.Tensor2D };
  /** One prediction. */
  predict(input: CnnInput): CnnOutput;
}

/** The network of the source: 117 × 24 images, 20 frames, 32 latent variables. */
export function fullNetwork(
  generator: Generator,
  options: { actionSize: 2 | 5; withState: boolean; latentSize?: number | undefined },
): CnnNetwork {
  const layers = new Layers(generator);
  const [height, width, frames] = [117, 24, 20];
  const { latentSize = 32 } = options;
  const code = 14 * 3 * 256;
  const encoder = (name: string, channels: number) => {
    const one = layers.conv(`${name}.0`, [4, 4], channels, 64);
    const two = layers.conv(`${name}.1`, [4, 4], 64, 128);
    const three = layers.conv(`${name}.2`, [4, 4], 128, 256);
    return (x: tf.Tensor4D, drop: Dropout) => three(leaky(drop(two(leaky(drop(one(x)))))));
  };
  const perceptron = (name: string, sizes: readonly [number, number, number, number]) => {
    const one = layers.dense(`${name}.0`, sizes[0], sizes[1]);
    const two = layers.dense(`${name}.1`, sizes[1], sizes[2]);
    const three = layers.dense(`${name}.2`, sizes[2], sizes[3]);
    return (x: tf.Tensor2D, drop: Dropout) => three(leaky(drop(two(leaky(drop(one(x)))))));
  };
  const images = encoder("image", 3 * frames);
  const states = perceptron("state", [5 * frames, 256, 256, code]);
  const actions = perceptron("action", [options.actionSize, 256, 256, code]);
  const target = encoder("target", 3);
  const latent = perceptron("posterior", [code, 256, 256, 2 * latentSize]);
  const expander = layers.dense("expander", latentSize, code);
  const down1 = layers.conv("unet.down1", [4, 4], 256, 256);
  const down2 = layers.conv("unet.down2", [4, 1], 256, 256);
  const middle1 = layers.dense("unet.middle1", 1536, 256);
  const middle2 = layers.dense("unet.middle2", 256, 1536);
  const up1 = layers.transposed("unet.up1", [4, 1], 256, 256);
  const up2 = layers.transposed("unet.up2", [4, 3], 256, 256, [0, 0]);
  const decode1 = layers.transposed("decoder.0", [4, 4], 256, 128);
  const decode2 = layers.transposed("decoder.1", [5, 5], 128, 64, [0, 1]);
  const decode3 = layers.transposed("decoder.2", [2, 2], 64, 3, [0, 1]);
  const head1 = options.withState ? layers.conv("head.0", [4, 4], 256, 256) : undefined;
  const head2 = options.withState ? layers.conv("head.1", [4, 1], 256, 256, [2, 1], [0, 0]) : undefined;
  const head3 = options.withState ? perceptron("head.2", [512, 256, 256, 5]) : undefined;
  const shaped = (x: tf.Tensor2D) => tf.reshape(x, [x.shape[0], 14, 3, 256]) as tf.Tensor4D;
  const encode = ({ images: seen, states: past, action, drop }: Omit<CnnInput, "latent">) =>
    tf.addN([images(seen, drop), shaped(states(past, drop)), shaped(actions(action, drop))]) as tf.Tensor4D;
  return {
    layers,
    size: [height, width],
    frames,
    latentSize,
    posterior(input, next) {
      const h = tf.add(encode(input), target(next, input.drop)) as tf.Tensor4D;
      const [mean, logVariance] = tf.split(latent(flat(h), input.drop), 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      return { mean, logVariance };
    },
    predict(input) {
      const { drop } = input;
      const h = tf.add(encode(input), shaped(expander(input.latent))) as tf.Tensor4D;
      const deep = down2(leaky(drop(down1(h))));
      const middle = leaky(middle2(leaky(drop(middle1(flat(leaky(drop(deep))))))));
      const wide = tf.reshape(middle, deep.shape) as tf.Tensor4D;
      const full = tf.add(h, up2(leaky(drop(up1(wide))))) as tf.Tensor4D;
      const image = decode3(leaky(drop(decode2(leaky(drop(decode1(full)))))));
      const cropped = tf.slice(image, [0, 0, 0, 0], [image.shape[0], height, width, 3]);
      if (!head1 || !head2 || !head3) return { image: cropped };
      const state = head3(flat(leaky(drop(head2(leaky(drop(head1(full))))))), drop);
      return { image: cropped, state };
    },
  };
}

/** The small network: 58 × 12 images, 4 frames, 8 latent variables, 140 803 parameters. */
export function smallNetwork(generator: Generator, actionSize: 2 | 5, latentSize = 8): CnnNetwork {
  const layers = new Layers(generator);
  const [height, width, frames] = [58, 12, 4];
  const code = 14 * 3 * 32;
  const encode1 = layers.conv("image.0", [4, 4], 3 * frames, 16);
  const encode2 = layers.conv("image.1", [4, 4], 16, 32);
  const state1 = layers.dense("state.0", actionSize, 32);
  const state2 = layers.dense("state.1", 32, code);
  const expander = layers.dense("expander", latentSize, code);
  const target1 = layers.conv("target.0", [4, 4], 3, 16);
  const target2 = layers.conv("target.1", [4, 4], 16, 32);
  const posterior1 = layers.dense("posterior.0", code, 32);
  const posterior2 = layers.dense("posterior.1", 32, 2 * latentSize);
  const middle = layers.conv("middle", [3, 3], 32, 32, [1, 1]);
  const decode1 = layers.transposed("decoder.0", [5, 4], 32, 16);
  const decode2 = layers.transposed("decoder.1", [4, 4], 16, 3, [1, 1], 2, 0.05);
  const shaped = (x: tf.Tensor2D) => tf.reshape(x, [x.shape[0], 14, 3, 32]) as tf.Tensor4D;
  const encode = ({ images, action, drop }: Omit<CnnInput, "latent">) =>
    tf.add(encode2(leaky(drop(encode1(images)))), shaped(state2(leaky(state1(action))))) as tf.Tensor4D;
  return {
    layers,
    size: [height, width],
    frames,
    latentSize,
    posterior(input, next) {
      const h = tf.add(encode(input), target2(leaky(target1(next)))) as tf.Tensor4D;
      const out = posterior2(leaky(posterior1(flat(leaky(h)))));
      const [mean, logVariance] = tf.split(out, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
      return { mean, logVariance };
    },
    predict(input) {
      const { drop } = input;
      const h = leaky(drop(tf.add(encode(input), shaped(expander(input.latent))) as tf.Tensor4D));
      const full = leaky(tf.add(h, middle(h)) as tf.Tensor4D);
      return { image: decode2(leaky(drop(decode1(full)))) };
    },
  };
}
