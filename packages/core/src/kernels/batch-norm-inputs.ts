import * as tf from "@tensorflow/tfjs-core";

const MARK = Symbol.for("lab.batchNormInputs");
const KERNEL = "FusedBatchNorm";

/**
 * Lets `tf.batchNorm` without a scale or an offset be differentiated: the engine's gradient stumbles over what is not
 * there. While it records, ones stand for the scale and zeros for the offset.
 */
export function registerBatchNormInputs(backendName: string): void {
  const known = tf.getKernel(KERNEL, backendName);
  if (!known || MARK in known) return;
  const kernelFunc: tf.KernelFunc = (call) => {
    const inputs = call.inputs as Record<string, tf.Tensor | null | undefined>;
    // The engine records this very object; outside of a gradient nobody would free what is added here.
    if (tf.engine().state.gradientDepth > 0) {
      inputs.scale ??= tf.onesLike(inputs.mean!);
      inputs.offset ??= tf.zerosLike(inputs.mean!);
    }
    return known.kernelFunc(call);
  };
  tf.unregisterKernel(KERNEL, backendName);
  tf.registerKernel(Object.assign({ ...known, kernelFunc }, { [MARK]: true }));
}
