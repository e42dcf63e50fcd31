import * as tf from "@tensorflow/tfjs-core";
import { sumRows } from "./sum-rows.js";
import { registerWasmKernel } from "./wasm-kernel.js";

const KERNEL = "LabFusedBatchNormGrad";

/**
 * Gradient of `tf.batchNorm` in two passes over the images; the engine's own goes through tiles of every small tensor.
 *
 * With $r = (\sigma^2 + \epsilon)^{-1/2}$: $dx = \gamma r\,dy$, $\partial\beta = \sum dy$,
 * $\partial\gamma = \sum dy\,(x - \mu) r$, $\partial\mu = -\gamma r\,\partial\beta$,
 * $\partial\sigma^2 = -\tfrac12 \gamma r^2\,\partial\gamma$.
 */
function registerKernel(): void {
  registerWasmKernel(KERNEL, (run, inputs, attrs) => {
    const [dy, x, mean, variance, scale] = [
      inputs.dy!,
      inputs.x!,
      inputs.mean!,
      inputs.variance!,
      inputs.scale!,
    ];
    const channels = mean.shape[0]!;
    const [factors, dScale, dOffset] = [run.make([channels]), run.make([channels]), run.make([channels])];
    const epsilon = attrs.epsilon as number;
    const inverse = Float64Array.from(run.values(variance), (value) => 1 / Math.sqrt(value + epsilon));
    const products = sumRows(run, "centredDotRows", { x, y: dy, centre: mean }, channels);
    run.values(dScale).set(products.map((value, c) => value * inverse[c]!));
    run.values(dOffset).set(sumRows(run, "sumRows", { x: dy }, channels));
    const scales = run.values(scale);
    run.values(factors).set(inverse.map((value, c) => value * scales[c]!));
    const dx = run.call("Multiply", { a: dy, b: factors });
    return [dx, dScale, dOffset];
  });
}

/** The engine's gradient until this module replaced it, for the cases that the kernel does not take. */
let shipped: tf.GradConfig | undefined;

const gradient: tf.GradConfig = {
  kernelName: "FusedBatchNorm",
  inputsToSave: ["x", "mean", "variance", "scale"],
  gradFunc: (upstream, saved, attributes) => {
    const dy = upstream as tf.Tensor;
    const [x, mean, variance, given] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
    const isOurs =
      tf.engine().backendName === "wasm" && mean.rank === 1 && variance.rank === 1 && x.dtype === "float32";
    if (!isOurs) return shipped!.gradFunc(upstream, saved, attributes);
    const epsilon = (attributes as unknown as { varianceEpsilon: number }).varianceEpsilon;
    const scale = given ?? tf.onesLike(mean);
    const outputs = tf.engine().runKernel(KERNEL, { dy, x, mean, variance, scale }, { epsilon });
    const [dx, dScale, dOffset] = outputs as unknown as [tf.Tensor, tf.Tensor, tf.Tensor];
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    return {
      x: () => dx,
      mean: () => tf.neg(tf.mul(tf.mul(scale, inverse), dOffset)),
      variance: () => tf.mul(tf.mul(tf.mul(scale, tf.square(inverse)), dScale), -0.5),
      // The engine frees a gradient once it is added to another, while the variance may still need it.
      scale: () => tf.clone(dScale),
      offset: () => tf.clone(dOffset),
    };
  },
};

/** Puts the gradient in place again: importing tfjs-layers registers the engine's own anew. */
function ensureGradient(): void {
  const current = tf.getGradient("FusedBatchNorm");
  if (current === gradient) return;
  shipped = current;
  tf.unregisterGradient("FusedBatchNorm");
  tf.registerGradient(gradient);
}

/** Registers the fused gradient of batch normalisation. */
export function registerBatchNorm(): void {
  registerKernel();
  registerWasmKernel("FusedBatchNorm", (run, inputs, attrs) => {
    ensureGradient();
    return run.call("FusedBatchNorm", inputs, attrs);
  });
}
