import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { checkInteger } from "../check/index.js";
import { Generator } from "../random/index.js";
import { batchNormLayer } from "./batch-norm-layer.js";
import { built } from "./built.js";
import { type ConvolutionFactory, convolution } from "./convolution.js";
import { initialise } from "./initialise.js";

/** Options of {@link unet}. */
export interface UnetOptions {
  /** Channels of the images. @defaultValue 3 */
  channels?: number;
  /** Channels of the output. @defaultValue 1 */
  outputs?: number;
  /** Channels of the first level; each level has twice those of the one above. @defaultValue 64 */
  width?: number;
  /** Times that the images are halved; height and width must be multiples of `2 ** depth`. @defaultValue 4 */
  depth?: number;
  /** Makes the convolutions. @defaultValue the ordinary one */
  conv?: ConvolutionFactory;
  /** Draws the weights. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

/**
 * A U-shaped network from images to images: down by max pooling, up by transposed convolutions, with the levels joined.
 *
 * Every level has two 3×3 convolutions with batch normalisation and ReLU; a 1×1 convolution ends it.
 *
 * @param options - See {@link UnetOptions}.
 * @returns A model from `[batch, height, width, channels]` to `[batch, height, width, outputs]`; the caller disposes it.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks Differs from the paper in: padded convolutions, so that sizes are kept, and batch normalisation.
 * @see Ronneberger, Fischer, Brox (2015), U-Net, figure 1.
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { unet } from "@lab/core/nn";
 *
 * await init();
 * const model = unet({ width: 4, depth: 2 });
 * (model.apply(tf.zeros([1, 8, 12, 3])) as tf.Tensor).shape; // => [1, 8, 12, 1]
 * ```
 */
export function unet(options: UnetOptions = {}): LayersModel {
  const { conv = convolution, generator = new Generator(0) } = options;
  const channels = checkInteger("unet", "channels", options.channels ?? 3, { min: 1 });
  const outputs = checkInteger("unet", "outputs", options.outputs ?? 1, { min: 1 });
  const width = checkInteger("unet", "width", options.width ?? 64, { min: 1 });
  const depth = checkInteger("unet", "depth", options.depth ?? 4, { min: 1, max: 8 });
  const result = built(() => {
    const images = input({ shape: [null, null, channels] });
    const skips: SymbolicTensor[] = [];
    let x = twice(images, "inc", channels, width, conv);
    for (let level = 1; level <= depth; level++) {
      skips.push(x);
      const pool = layers.maxPooling2d({ poolSize: 2, name: `down${level}.pool` });
      const filters = width * 2 ** level;
      x = twice(pool.apply(x) as SymbolicTensor, `down${level}`, filters / 2, filters, conv);
    }
    for (let level = 1; level <= depth; level++) {
      const filters = width * 2 ** (depth - level);
      const up = layers.conv2dTranspose({
        name: `up${level}.up`,
        filters,
        kernelSize: 2,
        strides: 2,
        kernelInitializer: "zeros",
      });
      const joined = layers.concatenate({ name: `up${level}.join` });
      const both = joined.apply([skips.pop()!, up.apply(x) as SymbolicTensor]) as SymbolicTensor;
      x = twice(both, `up${level}`, 2 * filters, filters, conv);
    }
    const last = { name: "outc.conv", inChannels: width, filters: outputs, kernelSize: 1, strides: 1 };
    return model({ inputs: images, outputs: conv(x, { ...last, useBias: true }) });
  });
  initialise(result, generator);
  return result;
}

function twice(
  x: SymbolicTensor,
  name: string,
  inChannels: number,
  filters: number,
  conv: ConvolutionFactory,
): SymbolicTensor {
  const once = (of: SymbolicTensor, from: number, place: number) => {
    const options = { inChannels: from, filters, kernelSize: 3, strides: 1, useBias: false };
    const made = conv(of, { name: `${name}.double_conv.${place}`, ...options });
    const normed = batchNormLayer(made, `${name}.double_conv.${place + 1}`);
    const relu = layers.activation({ activation: "relu", name: `${name}.double_conv.${place + 2}` });
    return relu.apply(normed) as SymbolicTensor;
  };
  return once(once(x, inChannels, 0), filters, 3);
}
