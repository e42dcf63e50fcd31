import * as tf from "@tensorflow/tfjs-core";
import { type KernelCall, registerNative } from "./tensorflow-backend.js";

type Images = tf.Tensor4D;
type Shipped = (inputs: Record<string, tf.Tensor>) => tf.Tensor;

/** What one pooling kernel does with images that were padded by `pad` rows and columns on every side. */
type Padded = (inputs: Record<string, tf.Tensor>, pad: number, shipped: Shipped) => tf.Tensor;

const sides = (pad: number): [number, number][] => [
  [0, 0],
  [pad, pad],
  [pad, pad],
  [0, 0],
];

/** Takes the padding off again. */
function crop(images: tf.Tensor, like: tf.Tensor, pad: number): tf.Tensor {
  return tf.slice(images, [0, pad, pad, 0], like.shape);
}

/** Part of each window that lies on the image; means count nothing else. */
function coverage(like: tf.Tensor, pad: number, shipped: Shipped): tf.Tensor {
  const [, height, width] = like.shape as [number, number, number];
  return shipped({ x: tf.pad(tf.ones([1, height, width, 1]), sides(pad)) });
}

const padded: Record<string, Padded> = {
  // Nothing is smaller than what surrounds the image, so it is never the largest of a window.
  MaxPool: ({ x }, pad, shipped) => shipped({ x: tf.pad(x as Images, sides(pad), Number.NEGATIVE_INFINITY) }),
  MaxPoolGrad: ({ dy, input, output }, pad, shipped) =>
    crop(
      shipped({
        dy: dy!,
        input: tf.pad(input as Images, sides(pad), Number.NEGATIVE_INFINITY),
        output: output!,
      }),
      input!,
      pad,
    ),
  AvgPool: ({ x }, pad, shipped) =>
    tf.div(shipped({ x: tf.pad(x as Images, sides(pad)) }), coverage(x!, pad, shipped)),
};

/** Pooling with padding by number, forward and backward; the shipped kernels refuse it. */
export function registerPooling(): void {
  for (const [name, compute] of Object.entries(padded)) {
    over(name, (call, pad, run) => compute(call.inputs, pad, run(name)));
  }
  over("AvgPoolGrad", ({ inputs: { dy, input } }, pad, run) => {
    const spread = tf.div(dy!, coverage(input!, pad, run("AvgPool")));
    return crop(run("AvgPoolGrad")({ dy: spread, input: tf.pad(input as Images, sides(pad)) }), input!, pad);
  });
}

/** Replaces a kernel for padding by a number above 0; `run` calls a shipped kernel without padding. */
function over(
  name: string,
  compute: (call: KernelCall<string>, pad: number, run: (name: string) => Shipped) => tf.Tensor,
): void {
  const shipped = tf.getKernel(name, "tensorflow");
  if (!shipped) return;
  const average = tf.getKernel("AvgPool", "tensorflow");
  registerNative<string>(name, (call) => {
    const { pad } = call.attrs;
    if (typeof pad !== "number" || pad === 0) return shipped.kernelFunc(call as never);
    const run = (kernel: string) => (inputs: Record<string, tf.Tensor>) => {
      const { kernelFunc } = kernel === name ? shipped : average!;
      return kernelFunc({ ...call, inputs, attrs: { ...call.attrs, pad: "valid" } } as never) as tf.Tensor;
    };
    return tf.tidy(() => compute(call, pad, run));
  });
}
