import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";

/** What a network asks of one of its convolutions. */
export interface ConvolutionOptions {
  /** Name of the layer, that of torchvision's module. */
  name: string;
  /** Channels of the input. */
  inChannels: number;
  /** Channels of the output. */
  filters: number;
  /** Side of the square kernel. */
  kernelSize: number;
  /** Step in both directions. */
  strides: number;
  /** Whether a bias is added. */
  useBias: boolean;
}

/** Makes a convolution that pads `floor(kernelSize / 2)` on every side; a package can bring its own. */
export type ConvolutionFactory = (input: SymbolicTensor, options: ConvolutionOptions) => SymbolicTensor;

/**
 * The ordinary convolution, padded by the same amount on all sides, as PyTorch does it.
 *
 * TensorFlow's `same` pads a strided convolution on the far side only; the explicit border keeps weights exchangeable.
 */
export const convolution: ConvolutionFactory = (input, options) => {
  const { name, filters, kernelSize, strides, useBias } = options;
  const border = Math.floor(kernelSize / 2);
  const isPadded = strides > 1 && border > 0;
  const padded = isPadded ? zeroPadding(input, border, `${name}.padding`) : input;
  return layers
    .conv2d({
      name,
      filters,
      kernelSize,
      strides,
      useBias,
      padding: isPadded ? "valid" : "same",
      kernelInitializer: "zeros",
    })
    .apply(padded) as SymbolicTensor;
};

/** A border of zeros around the images. */
export function zeroPadding(input: SymbolicTensor, border: number, name: string): SymbolicTensor {
  const layer = layers.zeroPadding2d({
    padding: [
      [border, border],
      [border, border],
    ],
    name,
  });
  return layer.apply(input) as SymbolicTensor;
}
