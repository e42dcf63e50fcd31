import * as tf from "@tensorflow/tfjs-core";
import { batchNormTraining, hasBatchNormTraining } from "./batch-norm.js";

/** A weight of a layer. */
interface Weight {
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

/** What the patch reads of the engine's own batch normalisation layer. */
interface BatchNormalization {
  axis: number;
  momentum: number;
  epsilon: number;
  gamma?: Weight;
  beta?: Weight;
  movingMean: Weight;
  movingVariance: Weight;
  call(inputs: tf.Tensor | tf.Tensor[], options: { training?: boolean }): tf.Tensor;
}

/** The part of tfjs-layers that leads to the layer's class. */
interface LayersModule {
  layers: { batchNormalization(options: object): object };
}

const patched = new WeakSet<object>();

/**
 * Lets the layer of tfjs-layers train through the fused op where the backend has it: axis last, mean and variance and
 * their running averages exactly as before.
 */
export function patchBatchNormLayer({ layers }: LayersModule): void {
  const prototype = Object.getPrototypeOf(layers.batchNormalization({})) as BatchNormalization;
  if (patched.has(prototype)) return;
  patched.add(prototype);
  const shipped = prototype.call;
  prototype.call = function call(this: BatchNormalization, inputs, options) {
    const x = Array.isArray(inputs) ? inputs[0] : inputs;
    if (!options?.training || x === undefined || !canFuse(this, x))
      return shipped.call(this, inputs, options);
    return tf.tidy(() => {
      const channels = [x.shape.at(-1)!];
      const scale = this.gamma?.read() ?? tf.ones(channels);
      const offset = this.beta?.read() ?? tf.zeros(channels);
      const { value, mean, variance } = batchNormTraining(x, scale, offset, this.epsilon);
      follow(this.movingMean, mean, this.momentum);
      follow(this.movingVariance, variance, this.momentum);
      return value;
    });
  };
}

function canFuse(layer: BatchNormalization, x: tf.Tensor): boolean {
  const isLast = layer.axis === -1 || layer.axis === x.rank - 1;
  return isLast && x.rank >= 2 && x.dtype === "float32" && hasBatchNormTraining();
}

function follow(weight: Weight, now: tf.Tensor, momentum: number): void {
  const before = weight.read();
  weight.write(tf.sub(before, tf.mul(tf.sub(before, now), 1 - momentum)));
}
