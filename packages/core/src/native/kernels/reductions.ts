import * as tf from "@tensorflow/tfjs-core";
import { attributesFor, overGradient, registerNative, runNative } from "./tensorflow-backend.js";

const BROADCAST = "LabBroadcastTo";

/**
 * Gradients of means and sums as one broadcast of the small tensor; the engine multiplies by a tensor of ones and
 * divides that, three passes over the large one.
 */
export function registerReductions(): void {
  registerNative<"x">(BROADCAST, ({ inputs: { x }, attrs, backend }) => {
    const { float32, int32 } = attributesFor(backend);
    const shape = tf.tensor1d(attrs.shape as number[], "int32");
    const result = backend.executeSingleOutput("BroadcastTo", [float32(), int32("Tidx")], [x, shape]);
    shape.dispose();
    return result;
  });
  overGradient("Mean", (dy, [x], attributes) => spread(dy, x!, attributes, true));
  overGradient("Sum", (dy, [x], attributes) => spread(dy, x!, attributes, false));
}

function spread(dy: tf.Tensor, x: tf.Tensor, attributes: Record<string, unknown>, isMean: boolean) {
  if (dy.dtype !== "float32" || x.dtype !== "float32" || x.rank === 0) return undefined;
  const axes = tf.util.parseAxisParam((attributes.axis as number | number[] | null) ?? null!, x.shape);
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const count = isMean ? axes.reduce((product, axis) => product * x.shape[axis]!, 1) : 1;
  return {
    x: () => {
      const small = tf.reshape(dy, kept);
      return runNative(BROADCAST, { x: isMean ? tf.div(small, count) : small }, { shape: x.shape })[0]!;
    },
  };
}
