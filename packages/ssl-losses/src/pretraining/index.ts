export { type SimclrAugmentationOptions, simclrAugmentation } from "./augmentations.js";
export { type EncodeDatasetOptions, type EncodedDataset, encodeDataset } from "./encode-dataset.js";
export type { Method, MethodSettings } from "./method.js";
export type { LabelledSplits } from "./monitor.js";
export type { PretrainEvent, PretrainOptions, PretrainResult } from "./options.js";
export { pretrain } from "./pretrain.js";
export { type ProjectorOptions, projector } from "./projector.js";
export { type ArrayDataset, arrayDataset, type Sample, type ViewMaker } from "./view-source.js";
