import * as tf from "@tensorflow/tfjs-core";
import {
  attributesFor,
  type KernelCall,
  registerNative,
  type TensorflowBackend,
} from "./tensorflow-backend.js";

type ConvInfo = ReturnType<typeof tf.backend_util.computeConv2DInfo>;
type ExplicitPadding = [[number, number], [number, number], [number, number], [number, number]];

/** A number of rows and columns as the list that TensorFlow calls explicit padding. */
function explicit(pad: unknown, dataFormat: unknown): unknown {
  if (typeof pad !== "number" || pad === 0) return pad;
  const [side, none]: [number, number][] = [
    [pad, pad],
    [0, 0],
  ];
  return (dataFormat === "NCHW" ? [none, none, side, side] : [none, side, side, none]) as ExplicitPadding;
}

/** Padding, strides and dilations of a convolution as attributes of TensorFlow's op. */
function convolutionAttributes(info: ConvInfo, backend: TensorflowBackend) {
  const { float32, text, ints } = attributesFor(backend);
  const isLast = info.dataFormat === "channelsLast";
  const around = (height: number, width: number) => (isLast ? [1, height, width, 1] : [1, 1, height, width]);
  const { type, top, bottom, left, right } = info.padInfo;
  const isNamed = type === "SAME" || type === "VALID";
  const attributes = [
    float32(),
    ints("strides", around(info.strideHeight, info.strideWidth)),
    text("padding", isNamed ? type : "EXPLICIT"),
    text("data_format", isLast ? "NHWC" : "NCHW"),
    ints("dilations", around(info.dilationHeight, info.dilationWidth)),
  ];
  const sides = [top, bottom, left, right];
  if (!isNamed)
    attributes.push(ints("explicit_paddings", isLast ? [0, 0, ...sides, 0, 0] : [0, 0, 0, 0, ...sides]));
  return attributes;
}

interface ConvolutionCall {
  strides: [number, number];
  pad: "same" | "valid" | number | ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW";
  dilations?: [number, number];
  dimRoundingMode?: "floor" | "round" | "ceil";
}

function infoOf(input: number[], filter: number[], call: ConvolutionCall, isDepthwise: boolean): ConvInfo {
  return tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    call.strides,
    call.dilations ?? 1,
    call.pad,
    call.dimRoundingMode,
    isDepthwise,
    tf.backend_util.convertConv2DDataFormat(call.dataFormat ?? "NHWC"),
  );
}

/** Runs one of the gradient ops, whose input that only lends its shape is a list of sizes. */
function gradient(
  op: string,
  backend: TensorflowBackend,
  info: ConvInfo,
  sizes: number[],
  inputs: (sizes: tf.Tensor) => tf.Tensor[],
): tf.Tensor {
  const list = tf.tensor1d(sizes, "int32");
  const result = backend.executeSingleOutput(op, convolutionAttributes(info, backend), inputs(list));
  list.dispose();
  return result;
}

type Fused = KernelCall<"x" | "filter" | "bias" | "preluActivationWeights">;

/** A fused convolution with channels first as one with channels last, which is all that the shipped kernel takes. */
function channelsLast(call: Fused, run: (call: Fused) => tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const { x, preluActivationWeights: weights } = call.inputs;
    const { pad } = call.attrs;
    const sides = Array.isArray(pad) ? [pad[0], pad[2], pad[3], pad[1]] : pad;
    const inputs = { ...call.inputs, x: tf.transpose(x, [0, 2, 3, 1]) };
    // Weights of every place have the layout of the images.
    if (weights?.rank === 3) inputs.preluActivationWeights = tf.transpose(weights, [1, 2, 0]);
    const result = run({ ...call, inputs, attrs: { ...call.attrs, pad: sides, dataFormat: "NHWC" } });
    return tf.transpose(result, [0, 3, 1, 2]);
  });
}

/**
 * Convolutions with padding by number or by side, forward and backward, and fused ones with channels first; the shipped
 * kernels refuse a number and know no explicit padding in the gradients.
 */
export function registerConvolutions(): void {
  for (const name of ["Conv2D", "FusedConv2D", "DepthwiseConv2dNative", "FusedDepthwiseConv2D"]) {
    const shipped = tf.getKernel(name, "tensorflow");
    if (!shipped) continue;
    const run = (call: KernelCall<string>) => {
      const pad = explicit(call.attrs.pad, call.attrs.dataFormat);
      return shipped.kernelFunc({ ...call, attrs: { ...call.attrs, pad } } as never) as tf.Tensor;
    };
    registerNative<string>(name, (call) =>
      name === "FusedConv2D" && call.attrs.dataFormat === "NCHW"
        ? channelsLast(call as Fused, run)
        : run(call),
    );
  }

  for (const [prefix, isDepthwise] of [
    ["Conv2D", false],
    ["DepthwiseConv2dNative", true],
  ] as const) {
    registerNative<"dy" | "filter">(
      `${prefix}BackpropInput`,
      ({ inputs: { dy, filter }, attrs, backend }) => {
        const sizes = attrs.inputShape as number[];
        const info = infoOf(sizes, filter.shape, attrs as unknown as ConvolutionCall, isDepthwise);
        return gradient(`${prefix}BackpropInput`, backend, info, sizes, (list) => [list, filter, dy]);
      },
    );
    registerNative<"x" | "dy">(`${prefix}BackpropFilter`, ({ inputs: { x, dy }, attrs, backend }) => {
      const sizes = attrs.filterShape as number[];
      const info = infoOf(x.shape, sizes, attrs as unknown as ConvolutionCall, isDepthwise);
      return gradient(`${prefix}BackpropFilter`, backend, info, sizes, (list) => [x, list, dy]);
    });
  }
}
