import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { checkChoice, checkInteger } from "../check/index.js";
import { Generator } from "../random/index.js";
import { batchNormLayer } from "./batch-norm-layer.js";
import { built } from "./built.js";
import { type ConvolutionFactory, convolution, zeroPadding } from "./convolution.js";
import { initialise } from "./initialise.js";

/** Options of {@link resnet}. */
export interface ResnetOptions {
  /** Layers with weights; 18 and 34 have basic blocks, 50 bottlenecks. */
  depth: 18 | 34 | 50;
  /** Outputs of the last layer; `null` ends with the pooled features. @defaultValue 1000 */
  classes?: number | null;
  /**
   * `imagenet`: 7×7 with stride 2 and max pooling; `cifar`: 3×3 with stride 1, for images of some 32×32.
   * @defaultValue `"imagenet"`
   */
  stem?: "imagenet" | "cifar";
  /** Channels of the first stage; each stage has twice those of the one before. @defaultValue 64 */
  width?: number;
  /** Channels of the images. @defaultValue 3 */
  channels?: number;
  /** Makes the convolutions; a package can supply its own layer. @defaultValue the ordinary one */
  conv?: ConvolutionFactory;
  /** Draws the weights. @defaultValue `new Generator(0)` */
  generator?: Generator;
}

const STAGES = { 18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3] } as const;
const BOTTLENECK_EXPANSION = 4;

/**
 * A residual network, layer by layer the one of torchvision, whose names its layers bear.
 *
 * @param options - See {@link ResnetOptions}.
 * @returns A model from `[batch, height, width, channels]` to `[batch, classes]`, or `[batch, features]` when `classes`
 *   is `null`; the caller disposes it.
 * @throws {@link ArgumentError} when an option is out of range.
 * @remarks The stride of a bottleneck sits in its 3×3 convolution, as in torchvision (version 1.5 of the network).
 * @see He, Zhang, Ren, Sun (2016), Deep residual learning for image recognition, table 1.
 * @example
 * ```ts
 * import { init } from "@lab/core";
 * import { resnet } from "@lab/core/nn";
 *
 * await init();
 * const model = resnet({ depth: 18, classes: 10, stem: "cifar", width: 16 });
 * model.outputs[0]!.shape; // => [null, 10]
 * ```
 */
export function resnet(options: ResnetOptions): LayersModel {
  const { classes = 1000, conv = convolution, generator = new Generator(0) } = options;
  const depth = checkChoice("resnet", "depth", options.depth, [18, 34, 50] as const);
  const stem = checkChoice("resnet", "stem", options.stem ?? "imagenet", ["imagenet", "cifar"]);
  const width = checkInteger("resnet", "width", options.width ?? 64, { min: 1 });
  const channels = checkInteger("resnet", "channels", options.channels ?? 3, { min: 1 });
  if (classes !== null) checkInteger("resnet", "classes", classes, { min: 1 });
  const result = built(() => {
    const images = input({ shape: [null, null, channels] });
    let x =
      stem === "cifar"
        ? cifarStem(images, channels, width, conv)
        : imagenetStem(images, channels, width, conv);
    const block = depth === 50 ? bottleneck : basicBlock;
    let inChannels = width;
    for (const [stage, count] of STAGES[depth].entries()) {
      for (let i = 0; i < count; i++) {
        const strides = i === 0 && stage > 0 ? 2 : 1;
        const filters = width * 2 ** stage;
        x = block(x, { name: `layer${stage + 1}.${i}`, inChannels, filters, strides, conv });
        inChannels = filters * (depth === 50 ? BOTTLENECK_EXPANSION : 1);
      }
    }
    x = layers.globalAveragePooling2d({ name: "avgpool" }).apply(x) as SymbolicTensor;
    if (classes !== null) {
      x = layers.dense({ name: "fc", units: classes, kernelInitializer: "zeros" }).apply(x) as SymbolicTensor;
    }
    return model({ inputs: images, outputs: x });
  });
  initialise(result, generator);
  return result;
}

interface Block {
  name: string;
  inChannels: number;
  filters: number;
  strides: number;
  conv: ConvolutionFactory;
}

function imagenetStem(
  images: SymbolicTensor,
  inChannels: number,
  filters: number,
  conv: ConvolutionFactory,
): SymbolicTensor {
  const options = { name: "conv1", inChannels, filters, kernelSize: 7, strides: 2, useBias: false };
  const x = relu(batchNormLayer(conv(images, options), "bn1"), "relu");
  // After ReLU a border of zeros never wins, so it stands for the border of -infinity.
  const pool = layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "valid", name: "maxpool" });
  return pool.apply(zeroPadding(x, 1, "maxpool.padding")) as SymbolicTensor;
}

function cifarStem(
  images: SymbolicTensor,
  inChannels: number,
  filters: number,
  conv: ConvolutionFactory,
): SymbolicTensor {
  const options = { name: "conv1", inChannels, filters, kernelSize: 3, strides: 1, useBias: false };
  return relu(batchNormLayer(conv(images, options), "bn1"), "relu");
}

function basicBlock(x: SymbolicTensor, { name, inChannels, filters, strides, conv }: Block): SymbolicTensor {
  const make = (of: SymbolicTensor, index: number, from: number, step: number) => {
    const options = { name: `${name}.conv${index}`, inChannels: from, filters, kernelSize: 3, strides: step };
    return batchNormLayer(conv(of, { ...options, useBias: false }), `${name}.bn${index}`);
  };
  const first = relu(make(x, 1, inChannels, strides), `${name}.relu1`);
  return residual(make(first, 2, filters, 1), x, { name, inChannels, filters, strides, conv });
}

function bottleneck(x: SymbolicTensor, { name, inChannels, filters, strides, conv }: Block): SymbolicTensor {
  const out = filters * BOTTLENECK_EXPANSION;
  const make = (
    of: SymbolicTensor,
    index: number,
    from: number,
    to: number,
    kernelSize: number,
    step: number,
  ) => {
    const options = {
      name: `${name}.conv${index}`,
      inChannels: from,
      filters: to,
      kernelSize,
      strides: step,
    };
    return batchNormLayer(conv(of, { ...options, useBias: false }), `${name}.bn${index}`);
  };
  const first = relu(make(x, 1, inChannels, filters, 1, 1), `${name}.relu1`);
  const second = relu(make(first, 2, filters, filters, 3, strides), `${name}.relu2`);
  return residual(make(second, 3, filters, out, 1, 1), x, { name, inChannels, filters: out, strides, conv });
}

function residual(branch: SymbolicTensor, x: SymbolicTensor, block: Block): SymbolicTensor {
  const { name, inChannels, filters, strides, conv } = block;
  let shortcut = x;
  if (strides !== 1 || inChannels !== filters) {
    const options = {
      name: `${name}.downsample.0`,
      inChannels,
      filters,
      kernelSize: 1,
      strides,
      useBias: false,
    };
    shortcut = batchNormLayer(conv(x, options), `${name}.downsample.1`);
  }
  const sum = layers.add({ name: `${name}.add` }).apply([branch, shortcut]) as SymbolicTensor;
  return relu(sum, `${name}.relu`);
}

function relu(x: SymbolicTensor, name: string): SymbolicTensor {
  return layers.activation({ activation: "relu", name }).apply(x) as SymbolicTensor;
}
