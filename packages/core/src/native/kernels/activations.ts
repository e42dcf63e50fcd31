import * as tf from "@tensorflow/tfjs-core";
import { attributesFor, overGradient, registerNative, runNative } from "./tensorflow-backend.js";

const RELU_GRADIENT = "LabReluGrad";

/**
 * The gradient of `relu` as TensorFlow's one op, where the engine's way through `step` takes seven; and `step` itself
 * as the sign of the positive part, which keeps NaN.
 */
export function registerActivations(): void {
  registerNative<"dy" | "x">(RELU_GRADIENT, ({ inputs: { dy, x }, backend }) =>
    backend.executeSingleOutput("ReluGrad", [attributesFor(backend).float32()], [dy, x]),
  );
  overGradient("Relu", (dy, [x]) =>
    x!.dtype === "float32" && dy.dtype === "float32" && dy.size === x!.size
      ? { x: () => runNative(RELU_GRADIENT, { dy, x: x! })[0]! }
      : undefined,
  );

  const shipped = tf.getKernel("Step", "tensorflow")!;
  registerNative<"x">("Step", (call) => {
    const { x } = call.inputs;
    if (x.dtype !== "float32") return shipped.kernelFunc(call as never) as tf.TensorInfo;
    const alpha = (call.attrs.alpha as number | undefined) ?? 0;
    return tf.tidy(() => {
      const sign = tf.sign(tf.relu(x));
      return alpha === 0 ? sign : tf.add(tf.mul(sign, 1 - alpha), alpha);
    });
  });
}
