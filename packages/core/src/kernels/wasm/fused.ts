import type { TensorInfo } from "@tensorflow/tfjs-core";
import { withExplicitPad } from "./conv2d.js";
import { withChannelsFirst } from "./data-format.js";
import { type Run, registerWasmKernel } from "./wasm-kernel.js";

type Inputs = Record<string, TensorInfo>;
type Attributes = Record<string, unknown>;

/** `x` above zero and `alpha` times `x` below, with an `alpha` of any shape that broadcasts. */
function prelu(run: Run, x: TensorInfo, alpha: TensorInfo): TensorInfo {
  const below = run.call("Relu", { x: run.call("Neg", { x }) });
  return run.call("Sub", { a: run.call("Relu", { x }), b: run.call("Multiply", { a: below, b: alpha }) });
}

function activated(run: Run, x: TensorInfo, inputs: Inputs, attrs: Attributes): TensorInfo {
  switch (attrs.activation) {
    case "relu":
      return run.call("Relu", { x });
    case "relu6":
      return run.call("Relu6", { x });
    case "elu":
      return run.call("Elu", { x });
    case "sigmoid":
      return run.call("Sigmoid", { x });
    case "leakyrelu":
      return run.call("LeakyRelu", { x }, { alpha: attrs.leakyreluAlpha });
    case "prelu":
      return prelu(run, x, inputs.preluActivationWeights!);
    default:
      return x;
  }
}

/** Whether the shipped kernel takes bias and weights: one value a channel. */
function isOneAChannel(tensor: TensorInfo | undefined, channels: number): boolean {
  return tensor == null || (tensor.shape.length === 1 && tensor.shape[0] === channels);
}

/**
 * Runs a fused kernel as it is shipped where that takes the bias and the activation's weights, else step by step.
 *
 * @param channels - Size of the last axis of the result.
 * @param plain - The product without bias and activation.
 */
export function fused(
  run: Run,
  name: string,
  inputs: Inputs,
  attrs: Attributes,
  channels: number,
  plain: () => TensorInfo,
): TensorInfo {
  const { bias, preluActivationWeights: weights } = inputs;
  const activation = attrs.activation ?? "linear";
  if (isOneAChannel(bias, channels) && isOneAChannel(weights, channels))
    return run.call(name, inputs, { ...attrs, activation });
  return finished(run, plain(), inputs, attrs);
}

/** A product with its bias and activation. */
export function finished(run: Run, product: TensorInfo, inputs: Inputs, attrs: Attributes): TensorInfo {
  const { bias } = inputs;
  const sum = bias == null ? product : run.call("Add", { a: product, b: bias });
  return activated(run, sum, inputs, attrs);
}

const fusedConv2d = withChannelsFirst(["x"], true, (run, inputs, attrs) => {
  const [x, filter] = [inputs.x!, inputs.filter!];
  const given = withExplicitPad(attrs);
  return fused(run, "FusedConv2D", inputs, given, filter.shape[3]!, () =>
    run.call("Conv2D", { x, filter }, given),
  );
});

/** Registers the fused convolutions for channels first, any padding, bias and weights of the activation. */
export function registerFusedConv2d(): void {
  registerWasmKernel("FusedDepthwiseConv2D", (run, inputs, attrs) => {
    const [x, filter] = [inputs.x!, inputs.filter!];
    const given = withExplicitPad(attrs);
    const channels = filter.shape[2]! * filter.shape[3]!;
    return fused(run, "FusedDepthwiseConv2D", inputs, given, channels, () =>
      run.call("DepthwiseConv2dNative", { x, filter }, given),
    );
  });
  registerWasmKernel("FusedConv2D", (run, inputs, attrs) => {
    const weights = inputs.preluActivationWeights;
    // Weights of every place have the layout of the result.
    if (attrs.dataFormat !== "NCHW" || weights?.shape.length !== 3) return fusedConv2d(run, inputs, attrs);
    return fusedConv2d(run, { ...inputs, preluActivationWeights: run.transpose(weights, [1, 2, 0]) }, attrs);
  });
}
