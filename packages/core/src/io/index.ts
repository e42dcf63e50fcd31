/**
 * Files: atomic writing, safetensors, npy and npz, parameter sets.
 *
 * @packageDocumentation
 */
export { atomicWrite } from "./atomic-write.node.js";
