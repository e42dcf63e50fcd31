import { ArgumentError, checkInteger, formatShape, ShapeError } from "@lab/core";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import type { ImageShape } from "../transforms/transform.js";

/** A network: a layers model, or a function from images `[N, height, width, channels]` to outputs `[N, K]`. */
export type Model = LayersModel | ((images: tf.Tensor4D) => tf.Tensor2D);

/** A linear model on the values of an image: `f = W x + b`. */
export interface Head {
  /** `W`, shape `[K, D]`; values of an image row by row, channels last. */
  weights: tf.Tensor2D;
  /** `b`, shape `[K]`. @defaultValue 0 */
  bias?: tf.Tensor1D;
}

/** Losses of outputs against a target. */
export type LossName = "crossEntropy" | "squared";

/** Whether a model is a linear head. */
export function isHead(model: Model | Head): model is Head {
  return typeof model !== "function" && "weights" in model && "dataId" in (model.weights as object);
}

/** Refuses a head that does not fit the images. */
export function checkHead(caller: string, head: Head, size: number): void {
  const { weights, bias } = head;
  if (weights.rank !== 2 || weights.shape[1] !== size) {
    throw new ShapeError(
      `${caller}: weights has shape ${formatShape(weights.shape)}; [K,${size}] was expected`,
      {
        argument: "weights",
        shape: weights.shape,
      },
    );
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== weights.shape[0])) {
    throw new ShapeError(
      `${caller}: bias has shape ${formatShape(bias.shape)}; [${weights.shape[0]}] was expected`,
      { argument: "bias", shape: bias.shape },
    );
  }
}

/** Outputs `[N, K]`; images are flattened for models that take rows. */
export function forward(model: Model | Head, images: tf.Tensor4D): tf.Tensor2D {
  return tf.tidy(() => {
    if (typeof model === "function") return model(images);
    const flat = () => tf.reshape(images, [images.shape[0], -1]) as tf.Tensor2D;
    if (isHead(model)) {
      const product = tf.matMul(flat(), model.weights, false, true);
      return (model.bias ? tf.add(product, model.bias) : product) as tf.Tensor2D;
    }
    const isFlat = model.inputs[0]?.shape.length === 2;
    return model.apply(isFlat ? flat() : images) as tf.Tensor2D;
  });
}

/** Target `[K]` of a class or of given numbers. */
export function targetOf(caller: string, label: number | tf.Tensor1D, numOutputs: number): tf.Tensor1D {
  if (typeof label === "number") {
    checkInteger(caller, "label", label, { min: 0, below: numOutputs });
    return tf.tensor1d(Float32Array.from({ length: numOutputs }, (_, k) => (k === label ? 1 : 0)));
  }
  if (label.rank !== 1 || label.shape[0] !== numOutputs) {
    throw new ShapeError(
      `${caller}: label has shape ${formatShape(label.shape)}; a class or [${numOutputs}] was expected`,
      {
        argument: "label",
        shape: label.shape,
      },
    );
  }
  return tf.clone(label);
}

/** A loss of outputs `[Q, K]` against a target `[K]`, one number for each output. */
export type LossFunction = (outputs: tf.Tensor2D, target: tf.Tensor1D) => tf.Tensor1D;

/** The named losses as functions. */
export function lossFunction(caller: string, loss: LossName | LossFunction): LossFunction {
  if (typeof loss === "function") return loss;
  if (loss === "crossEntropy") {
    // lse z - Σ y z, for targets that sum to 1.
    return (z, y) => tf.sub(tf.logSumExp(z, 1), tf.sum(tf.mul(z, y), 1)) as tf.Tensor1D;
  }
  if (loss === "squared") return (z, y) => tf.sum(tf.square(tf.sub(z, y)), 1) as tf.Tensor1D;
  throw new ArgumentError(
    `${caller}: loss is ${JSON.stringify(loss)}; "crossEntropy", "squared" or a function was expected`,
    {
      argument: "loss",
      value: loss,
    },
  );
}

/** Number of outputs for images of a shape, from one forward pass of zeros. */
export function numOutputsOf(model: Model | Head, shape: ImageShape): number {
  return tf.tidy(() => forward(model, tf.zeros([1, ...shape])).shape[1]);
}
