export { type Preset, type PresetData, preset, type TrainOptions } from "./preset.js";
export {
  type Artifacts,
  type EpochReport,
  type FitAutoencoderOptions,
  type History,
  SparseAutoencoder,
  type SparseAutoencoderOptions,
  type StepReport,
} from "./sparse-autoencoder.js";
