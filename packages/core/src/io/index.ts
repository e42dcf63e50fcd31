/**
 * Files: atomic writing, safetensors, npy and npz, parameter sets.
 *
 * @packageDocumentation
 */
export { atomicWrite } from "./atomic-write.node.js";
export { nodeModule } from "./node-module.js";
export { readNpy, writeNpy } from "./npy/npy.js";
export { type NpyArray, type NpyData, type NpyValues, parseNpy } from "./npy/npy-format.js";
export { readNpz, type WriteNpzOptions, writeNpz } from "./npy/npz.js";
export { loadParameters, saveParameters } from "./parameters.js";
export type { SafetensorsArray, SafetensorsDtype } from "./safetensors/dtypes.js";
export type { SafetensorsInfo } from "./safetensors/header.js";
export {
  type ReadSafetensorsOptions,
  readSafetensors,
  type SafetensorsReader,
} from "./safetensors/reader.js";
export {
  encodeSafetensors,
  type SafetensorsEntries,
  type SafetensorsEntry,
  type SafetensorsValues,
  writeSafetensors,
} from "./safetensors/writer.js";
