/**
 * Networks with torchvision's layers and names, and their parameters as sets.
 *
 * @packageDocumentation
 */
export { type BatchNormResult, batchNorm } from "./batch-norm.js";
export { batchNormLayer } from "./batch-norm-layer.js";
export { cloneModel } from "./clone-model.js";
export { type ConvolutionFactory, type ConvolutionOptions, convolution } from "./convolution.js";
export { initialise } from "./initialise.js";
export {
  type LoadedWeights,
  loadTorchWeights,
  type TensorReader,
  type TorchMapping,
  type TorchWeights,
} from "./load-torch-weights.js";
export { type Activation, type MlpOptions, mlp } from "./mlp.js";
export {
  assign,
  ema,
  flatten,
  type ParameterSelection,
  type ParameterSet,
  parameters,
  unflatten,
} from "./parameter-set.js";
export { type ResnetOptions, resnet } from "./resnet.js";
export { type UnetOptions, unet } from "./unet.js";
