// The network and the examples that all workers share.
import { glyphs } from "@lab/core/data";
import { mlp } from "@lab/core/nn";
import { compress } from "@lab/rpg";
import * as tf from "@tensorflow/tfjs-core";

const set = glyphs({ count: 400, seed: 1 }).arrays();
const pixels = set.shape[1] * set.shape[2] * set.shape[3];

/** 784-100-100-10 from a ring of 2000; the key is the same everywhere, so that only numbers travel. */
export const network = () =>
  compress(mlp({ sizes: [pixels, 100, 100, 10], bias: false }), {
    parameters: 2000,
    seed: "data-parallel",
    std: "fanIn",
    inPlace: true,
  });

/** Mean cross-entropy of the examples `from` … `to - 1`. */
export function loss(net, from, to) {
  const x = tf.tensor2d(set.x.subarray(from * pixels, to * pixels), [to - from, pixels]);
  const y = tf.oneHot(tf.tensor1d(set.labels.subarray(from, to), "int32"), 10);
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(net.model.apply(x)), y), 1)));
}
