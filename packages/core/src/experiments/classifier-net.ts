import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { batchNormLayer, convolution, initialise, resnet } from "../nn/index.js";
import type { Generator } from "../random/index.js";

/** Networks of the experiment. */
export type NetName = "small" | "resnet18";

/** Filters and strides of the small network: three stages at 32×32, 16×16 and 8×8. */
const SMALL = [
  [32, 1],
  [32, 1],
  [32, 1],
  [64, 2],
  [64, 1],
  [128, 2],
  [128, 1],
] as const;

/** A classifier of small pictures. */
export function classifierNet(
  name: NetName,
  channels: number,
  classes: number,
  generator: Generator,
): LayersModel {
  if (name === "resnet18") {
    return resnet({ depth: 18, stem: "cifar", width: 16, channels, classes, generator });
  }
  const images = input({ shape: [null, null, channels] });
  let x: SymbolicTensor = images;
  let inChannels = channels;
  for (const [i, [filters, strides]] of SMALL.entries()) {
    const options = { name: `conv${i + 1}`, inChannels, filters, kernelSize: 3, strides, useBias: false };
    x = batchNormLayer(convolution(x, options), `bn${i + 1}`);
    x = layers.activation({ activation: "relu", name: `relu${i + 1}` }).apply(x) as SymbolicTensor;
    inChannels = filters;
  }
  x = layers.globalAveragePooling2d({ name: "avgpool" }).apply(x) as SymbolicTensor;
  x = layers.dense({ name: "fc", units: classes, kernelInitializer: "zeros" }).apply(x) as SymbolicTensor;
  const net = model({ inputs: images, outputs: x });
  initialise(net, generator);
  return net;
}
