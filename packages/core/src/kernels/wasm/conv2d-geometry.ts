import { backend_util } from "@tensorflow/tfjs-core";
import { explicitPad } from "./conv2d.js";

type Pair = [number, number];

/** Sizes of a two-dimensional convolution, height before width. */
export interface Geometry {
  batch: number;
  inChannels: number;
  outChannels: number;
  input: Pair;
  output: Pair;
  filter: Pair;
  stride: Pair;
  dilation: Pair;
  /** Rows above and columns to the left that padding adds. */
  pad: Pair;
}

/** Reads what the attributes of a gradient kernel say; channels come last. */
export function geometryOf(
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: Record<string, unknown>,
  isDepthwise = false,
): Geometry {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  const info = backend_util.computeConv2DInfo(
    [...inputShape] as [number, number, number, number],
    [...filterShape] as [number, number, number, number],
    strides as Pair,
    (dilations as Pair | undefined) ?? 1,
    explicitPad(pad) as "same",
    dimRoundingMode as "floor" | undefined,
    isDepthwise,
  );
  return {
    batch: info.batchSize,
    inChannels: info.inChannels,
    outChannels: info.outChannels,
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    filter: [info.filterHeight, info.filterWidth],
    stride: [info.strideHeight, info.strideWidth],
    dilation: [info.dilationHeight, info.dilationWidth],
    pad: [info.padInfo.top, info.padInfo.left],
  };
}

/** Zeros to add before and after an axis; negative ones stand for values to cut off. */
export interface Margin {
  before: number;
  after: number;
}
