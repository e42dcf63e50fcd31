import * as tf from "@tensorflow/tfjs-core";
import {
  attributesFor,
  engineName,
  overGradient,
  registerNative,
  runNative,
  type TensorflowBackend,
} from "./tensorflow-backend.js";

const TRAINING = "LabBatchNormTraining";
const TRAINING_GRADIENT = "LabBatchNormTrainingGrad";
const INFERENCE_GRADIENT = "LabFusedBatchNormGrad";

function batchNormAttributes(backend: TensorflowBackend, epsilon: number, isTraining: boolean) {
  const { float32, float, text, flag } = attributesFor(backend);
  return [
    float32(),
    float32("U"),
    float("epsilon", epsilon),
    text("data_format", "NHWC"),
    flag("is_training", isTraining),
  ];
}

/** The op takes images; rows of channels go in as images of one pixel. */
function asImages(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? x : tf.reshape(x, [-1, 1, 1, x.shape.at(-1)!]);
}

/** Biased variance: the op gives the unbiased estimate on every device. */
function biased(variance: tf.Tensor, rows: number): tf.Tensor {
  return tf.mul(variance, Math.max(rows - 1, 1) / rows);
}

/** Output of the op in training mode: value, mean, unbiased variance, and three that only its gradient reads. */
function training(
  backend: TensorflowBackend,
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
): tf.Tensor[] {
  const none = tf.tensor1d([], "float32");
  const inputs = [x, scale, offset, none, none];
  return backend.executeMultipleOutputs(
    "FusedBatchNormV3",
    batchNormAttributes(backend, epsilon, true),
    inputs,
    6,
  );
}

/** Registers the ops; {@link batchNormTraining} and the gradient of `tf.batchNorm` use them. */
export function registerBatchNorm(): void {
  registerNative<"x" | "scale" | "offset">(TRAINING, ({ inputs: { x, scale, offset }, attrs, backend }) =>
    tf.tidy(() => training(backend, x, scale, offset, attrs.epsilon as number)),
  );
  registerNative<"dy" | "x" | "scale" | "first" | "second" | "third">(
    TRAINING_GRADIENT,
    ({ inputs: { dy, x, scale, first, second, third }, attrs, backend }) =>
      tf.tidy(() =>
        backend
          .executeMultipleOutputs(
            "FusedBatchNormGradV3",
            batchNormAttributes(backend, attrs.epsilon as number, true),
            [dy, x, scale, first, second, third],
            5,
          )
          .slice(0, 3),
      ),
  );
  registerNative<"dy" | "x" | "scale" | "mean" | "variance">(
    INFERENCE_GRADIENT,
    ({ inputs: { dy, x, scale, mean, variance }, attrs, backend }) =>
      tf.tidy(() => {
        const none = tf.tensor1d([], "float32");
        return backend
          .executeMultipleOutputs(
            "FusedBatchNormGradV3",
            batchNormAttributes(backend, attrs.epsilon as number, false),
            [dy, x, scale, mean, variance, none],
            5,
          )
          .slice(0, 3);
      }),
  );
  tf.registerGradient({
    kernelName: TRAINING,
    inputsToSave: ["x", "scale"],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (upstream, [x, scale, first, second, third], attributes) => {
      const dy = (upstream as tf.Tensor[])[0]!;
      const inputs = { dy, x: x!, scale: scale!, first: first!, second: second!, third: third! };
      const epsilon = (attributes as unknown as { epsilon: number }).epsilon;
      const [dx, dScale, dOffset] = runNative(TRAINING_GRADIENT, inputs, { epsilon });
      return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
    },
  });
  overGradient("FusedBatchNorm", inferenceGradient);
  registerLayerParts();
}

/**
 * Gradient of `tf.batchNorm` by one op over the images. Those by mean and variance, which training code needs, follow
 * from the sums that the op gives anyway:
 * $\partial\mu = -\gamma r\,\partial\beta$, $\partial\sigma^2 = -\tfrac12 \gamma r^2\,\partial\gamma$ with
 * $r = (\sigma^2 + \epsilon)^{-1/2}$.
 */
function inferenceGradient(
  dy: tf.Tensor,
  [x, mean, variance, given]: tf.Tensor[],
  attributes: Record<string, unknown>,
): Record<string, () => tf.Tensor> | undefined {
  if (mean!.rank !== 1) return undefined;
  const epsilon = attributes.varianceEpsilon as number;
  const scale = given ?? tf.onesLike(mean!);
  const [dx, dScale, dOffset] = runNative(
    INFERENCE_GRADIENT,
    { dy, x: x!, scale, mean: mean!, variance: variance! },
    { epsilon },
  );
  const inverse = tf.rsqrt(tf.add(variance!, epsilon));
  return {
    x: () => dx!,
    mean: () => tf.neg(tf.mul(tf.mul(scale, inverse), dOffset!)),
    variance: () => tf.mul(tf.mul(tf.mul(scale, tf.square(inverse)), dScale!), -0.5),
    scale: () => dScale!,
    offset: () => dOffset!,
  };
}

/** Whether the backend that computes now has {@link batchNormTraining}. */
export function hasBatchNormTraining(): boolean {
  return tf.engine().backendName === engineName && tf.getKernel(TRAINING, engineName) !== undefined;
}

/** What {@link batchNormTraining} gives. */
export interface BatchNormTraining {
  /** Normalised, scaled and shifted values, the shape of the input. */
  value: tf.Tensor;
  /** Mean of each channel; no gradient passes it. */
  mean: tf.Tensor;
  /** Variance of each channel with divisor `n`; no gradient passes it. */
  variance: tf.Tensor;
}

/** Batch normalisation by the batch's own moments over the last axis, forward and backward one op each. */
export function batchNormTraining(
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  epsilon: number,
): BatchNormTraining {
  const [value, mean, unbiased] = runNative(TRAINING, { x: asImages(x), scale, offset }, { epsilon });
  return {
    value: tf.reshape(value!, x.shape),
    mean: mean!,
    variance: biased(unbiased!, x.size / x.shape.at(-1)!),
  };
}

/**
 * The three parts of which `batchNorm` of `@lab/core/nn` consists, for the processor. On a GPU the op's gradient reads
 * what only its own forward pass can write, so there the parts stay chains of engine ops.
 */
function registerLayerParts(): void {
  const backend = tf.findBackend(engineName) as TensorflowBackend | undefined;
  if (backend?.binding.isUsingGpuDevice()) return;
  registerNative<"x">("LabBatchMoments", ({ inputs: { x }, backend }) =>
    tf.tidy(() => {
      const channels = x.shape[1]!;
      const [, mean, unbiased] = training(
        backend,
        asImages(x),
        tf.ones([channels]),
        tf.zeros([channels]),
        1e-5,
      );
      return [mean!, biased(unbiased!, x.shape[0]!)];
    }),
  );
  // The op asks for a variance and an epsilon; `inverse` is (variance + 0)^(-1/2).
  registerNative<"x" | "gamma" | "beta" | "mean" | "inverse">(
    "LabBatchNormValue",
    ({ inputs: { x, gamma, beta, mean, inverse }, backend }) =>
      tf.tidy(() => {
        const variance = tf.reciprocal(tf.square(inverse));
        const [value] = backend.executeMultipleOutputs(
          "FusedBatchNormV3",
          batchNormAttributes(backend, 0, false),
          [asImages(x), gamma, beta, mean, variance],
          6,
        );
        return tf.reshape(value!, x.shape);
      }),
  );
  registerNative<"dy" | "x" | "gamma" | "mean" | "inverse">(
    "LabBatchNormGrad",
    ({ inputs: { dy, x, gamma, mean, inverse }, backend }) =>
      tf.tidy(() => {
        const variance = tf.reciprocal(tf.square(inverse));
        const [dx, dGamma, dBeta] = backend.executeMultipleOutputs(
          "FusedBatchNormGradV3",
          batchNormAttributes(backend, 0, true),
          [asImages(dy), asImages(x), gamma, mean, variance, variance],
          5,
        );
        return [tf.reshape(dx!, x.shape), dGamma!, dBeta!];
      }),
  );
}
