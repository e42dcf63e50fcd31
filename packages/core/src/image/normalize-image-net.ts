import * as tf from "@tensorflow/tfjs-core";
import { checkImages } from "./augmentation.js";

/** Means and deviations of ImageNet's red, green and blue, as weights trained on it expect them. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/**
 * Images less ImageNet's mean over its deviation, channel by channel: what weights of torchvision were trained on.
 *
 * @param images - Shape `[batch, height, width, 3]`, values in [0, 1].
 * @returns The shape of `images`; the caller disposes it.
 * @throws {@link ArgumentError} when the images have other than three channels.
 * @see `torchvision.transforms.Normalize` with the statistics of its model zoo.
 */
export function normalizeImageNet(images: tf.Tensor4D): tf.Tensor4D {
  checkImages("normalizeImageNet", images, [3]);
  return tf.tidy(() => tf.div(tf.sub(images, IMAGENET.mean), IMAGENET.std) as tf.Tensor4D);
}
