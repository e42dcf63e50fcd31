import { batchNormLayer } from "@lab/core/nn";
import type { Generator } from "@lab/core/random";
import { input, type LayersModel, layers, model, type SymbolicTensor } from "@tensorflow/tfjs-layers";

/**
 * A perceptron with a stem and two residual blocks, normalised before the sum; ends in a rectified sum.
 *
 * Kernels have variance 2 / inputs and biases are 0: from smaller weights the network keeps more of its input, and a probe
 * needs no projector.
 */
export function residualNet(inputs: number, width: number, generator: Generator): LayersModel {
  const dense = (x: SymbolicTensor, name: string) =>
    layers.dense({ units: width, kernelInitializer: "zeros", name }).apply(x) as SymbolicTensor;
  const relu = (x: SymbolicTensor, name: string) =>
    layers.activation({ activation: "relu", name }).apply(x) as SymbolicTensor;
  const first = input({ shape: [inputs] });
  let x = relu(dense(first, "stem"), "stem.relu");
  for (const block of ["block0", "block1"]) {
    const inner = relu(dense(x, `${block}.0`), `${block}.relu0`);
    const branch = batchNormLayer(dense(inner, `${block}.1`), `${block}.bn`);
    const sum = layers.add({ name: `${block}.add` }).apply([x, branch]) as SymbolicTensor;
    x = relu(sum, `${block}.relu`);
  }
  const net = model({ inputs: first, outputs: x });
  for (const layer of net.layers) {
    if (layer.getClassName() !== "Dense") continue;
    const [kernel] = layer.weights;
    const shape = kernel!.shape as number[];
    const value = generator.split(kernel!.originalName).normal(shape, 0, Math.sqrt(2 / shape[0]!));
    kernel!.write(value);
    value.dispose();
  }
  return net;
}
