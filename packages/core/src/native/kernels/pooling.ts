import * as tf from "@tensorflow/tfjs-core";
import { type KernelCall, registerNative } from "./tensorflow-backend.js";

type Images = tf.Tensor4D;
type Pair = [number, number];
type Shipped = (inputs: Record<string, tf.Tensor>) => tf.Tensor;

/** Rows and columns that are added before and after the images; negative ones after them are cut off. */
interface Frame {
  rows: Pair;
  columns: Pair;
}

/** What one pooling kernel does with images in a frame; `shipped` pools without padding. */
type Framed = (inputs: Record<string, tf.Tensor>, frame: Frame, shipped: Shipped) => tf.Tensor;

type Attributes = KernelCall<string>["attrs"];

function infoOf(images: tf.Tensor, attrs: Attributes) {
  return tf.backend_util.computePool2DInfo(
    images.shape as [number, number, number, number],
    attrs.filterSize as Pair,
    attrs.strides as Pair,
    1,
    attrs.pad as "valid",
    attrs.dimRoundingMode as "floor" | undefined,
  );
}

/** The frame in which windows without padding are those that the attributes mean. */
function frameOf(images: tf.Tensor, attrs: Attributes): Frame {
  const info = infoOf(images, attrs);
  const after = (out: number, stride: number, filter: number, size: number, before: number) =>
    (out - 1) * stride + filter - size - before;
  const { top, left } = info.padInfo;
  return {
    rows: [top, after(info.outHeight, info.strideHeight, info.filterHeight, info.inHeight, top)],
    columns: [left, after(info.outWidth, info.strideWidth, info.filterWidth, info.inWidth, left)],
  };
}

/** Images within a frame of one value. */
function framed(images: tf.Tensor, { rows, columns }: Frame, value = 0): tf.Tensor {
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const seen = tf.slice(
    images as Images,
    [0, 0, 0, 0],
    [batch, height + Math.min(0, rows[1]), width + Math.min(0, columns[1]), channels],
  );
  const sides: Pair[] = [
    [0, 0],
    [rows[0], Math.max(0, rows[1])],
    [columns[0], Math.max(0, columns[1])],
    [0, 0],
  ];
  return tf.pad(seen, sides, value);
}

/** Takes the frame off again; what was cut off is zero. */
function unframed(images: tf.Tensor, like: tf.Tensor, { rows, columns }: Frame): tf.Tensor {
  const [batch, height, width, channels] = like.shape as [number, number, number, number];
  const [cutRows, cutColumns] = [Math.max(0, -rows[1]), Math.max(0, -columns[1])];
  const seen = tf.slice(
    images as Images,
    [0, rows[0], columns[0], 0],
    [batch, height - cutRows, width - cutColumns, channels],
  );
  const sides: Pair[] = [
    [0, 0],
    [0, cutRows],
    [0, cutColumns],
    [0, 0],
  ];
  return tf.pad(seen, sides);
}

/** Part of each window that lies on the image; means count nothing else. */
function coverage(like: tf.Tensor, frame: Frame, shipped: Shipped): tf.Tensor {
  const [, height, width] = like.shape as [number, number, number];
  return shipped({ x: framed(tf.ones([1, height, width, 1]), frame) });
}

const inFrame: Record<string, Framed> = {
  // Nothing is smaller than what surrounds the image, so it is never the largest of a window.
  MaxPool: ({ x }, frame, shipped) => shipped({ x: framed(x!, frame, Number.NEGATIVE_INFINITY) }),
  MaxPoolGrad: ({ dy, input, output }, frame, shipped) =>
    unframed(
      shipped({ dy: dy!, input: framed(input!, frame, Number.NEGATIVE_INFINITY), output: output! }),
      input!,
      frame,
    ),
  AvgPool: ({ x }, frame, shipped) => tf.div(shipped({ x: framed(x!, frame) }), coverage(x!, frame, shipped)),
};

/** Pooling with padding by number or by side, forward and backward; the shipped kernels refuse it. */
export function registerPooling(): void {
  for (const [name, compute] of Object.entries(inFrame)) {
    over(name, (call, frame, run) => compute(call.inputs, frame, run(name)));
  }
  over("AvgPoolGrad", ({ inputs: { dy, input } }, frame, run) => {
    const spread = tf.div(dy!, coverage(input!, frame, run("AvgPool")));
    return unframed(run("AvgPoolGrad")({ dy: spread, input: framed(input!, frame) }), input!, frame);
  });
}

/** Whether windows of one place keep the shape: the engine's other backends then give the input, whatever the stride. */
function isIdentity({ inputs: { x }, attrs }: KernelCall<string>): boolean {
  if (!x || [attrs.filterSize].flat().some((size) => size !== 1)) return false;
  return String(infoOf(x, attrs).outShape) === String(x.shape);
}

/** Replaces a kernel for padding that TensorFlow has no name for; `run` calls a shipped kernel without padding. */
function over(
  name: string,
  compute: (call: KernelCall<string>, frame: Frame, run: (name: string) => Shipped) => tf.Tensor,
): void {
  const shipped = tf.getKernel(name, "tensorflow");
  if (!shipped) return;
  const average = tf.getKernel("AvgPool", "tensorflow");
  registerNative<string>(name, (call) => {
    const { pad } = call.attrs;
    if (typeof pad === "string" || pad === 0) return shipped.kernelFunc(call as never);
    if (isIdentity(call)) return tf.clone(call.inputs.x!);
    const run = (kernel: string) => (inputs: Record<string, tf.Tensor>) => {
      const { kernelFunc } = kernel === name ? shipped : average!;
      return kernelFunc({ ...call, inputs, attrs: { ...call.attrs, pad: "valid" } } as never) as tf.Tensor;
    };
    return tf.tidy(() => compute(call, frameOf(call.inputs.x ?? call.inputs.input!, call.attrs), run));
  });
}
