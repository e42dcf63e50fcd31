// The wasm backend as it is shipped, with the filter gradient that it lacks written the plain way: a product for each
// tap. Prints { step: samples, "small ...": samples } as JSON.
import { registerGradients } from "@lab/core/gradients";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { sample } from "@lab/tooling/bench";
import { opsStep, smallOps } from "./training-step.mjs";

function naiveFilterGradient({ inputs, attrs }) {
  const { x, dy } = inputs;
  const [height, width, inChannels, outChannels] = attrs.filterShape;
  const [strideY, strideX] = [attrs.strides, attrs.strides].flat();
  const [batch, outHeight, outWidth] = dy.shape;
  return tf.tidy(() => {
    const before = (axis, stride, size) =>
      Math.max(0, ((dy.shape[axis] - 1) * stride + size - x.shape[axis]) >> 1);
    const [top, left] = [before(1, strideY, height), before(2, strideX, width)];
    const padded = tf.pad(x, [
      [0, 0],
      [top, height],
      [left, width],
      [0, 0],
    ]);
    const slopes = tf.reshape(dy, [-1, outChannels]);
    const taps = [];
    for (let y = 0; y < height; y++) {
      for (let u = 0; u < width; u++) {
        const end = [batch, y + (outHeight - 1) * strideY + 1, u + (outWidth - 1) * strideX + 1, inChannels];
        const seen = tf.stridedSlice(padded, [0, y, u, 0], end, [1, strideY, strideX, 1]);
        taps.push(tf.matMul(tf.reshape(seen, [-1, inChannels]), slopes, true));
      }
    }
    return tf.reshape(tf.stack(taps), attrs.filterShape);
  });
}

await registerGradients();
await tf.setBackend("wasm");
tf.registerKernel({
  kernelName: "Conv2DBackpropFilter",
  backendName: "wasm",
  kernelFunc: naiveFilterGradient,
});
const times = {};
for (const [name, run] of Object.entries(smallOps())) times[name] = await sample(run, 9, { warm: 3 });
times.step = await sample(opsStep(), Number(process.argv[2] ?? 3));
console.log(JSON.stringify(times));
