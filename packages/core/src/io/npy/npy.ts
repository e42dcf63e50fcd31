import { atomicWrite } from "../atomic-write.node.js";
import { fileBytes } from "./file-bytes.node.js";
import { encodeNpy, type NpyArray, type NpyValues, parseNpy } from "./npy-format.js";

/**
 * Reads an array that NumPy saved.
 *
 * @param source - Path of an npy file, or its bytes.
 * @returns Shape and values in row-major order; column-major files are put into that order, big-endian ones are read as such.
 * @throws {@link DataError} with the path and the offset when it is no npy file of numbers.
 */
export async function readNpy(source: string | Uint8Array): Promise<NpyArray> {
  if (typeof source !== "string") return parseNpy("readNpy", source, "bytes");
  return parseNpy("readNpy", await fileBytes("readNpy", source), source);
}

/**
 * Writes an array for NumPy, atomically.
 *
 * @param path - The file.
 * @param values - See {@link NpyValues}.
 * @throws {@link ArgumentError} when the shape does not fit the values; {@link DataError} when the file cannot be written.
 */
export async function writeNpy(path: string, values: NpyValues): Promise<void> {
  await atomicWrite(path, encodeNpy("writeNpy", values));
}
