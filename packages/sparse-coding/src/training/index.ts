export { type Preset, type PresetData, type PresetOptions, preset, type TrainOptions } from "./preset.js";
export { SparseAutoencoder } from "./sparse-autoencoder.js";
export type {
  Artifacts,
  BatchPasses,
  EpochReport,
  FitAutoencoderOptions,
  History,
  SparseAutoencoderOptions,
  StepReport,
} from "./training-types.js";
