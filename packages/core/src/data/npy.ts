import { type NpyArray, parseNpy } from "../io/index.js";
import { readBytes } from "./files.node.js";

/**
 * Reads an array that NumPy saved, plain or gzipped.
 *
 * @param path - The file.
 * @returns Shape and values in row-major order.
 * @throws {@link DataError} with the path and the offset when it is no npy file of numbers.
 */
export function npy(path: string): NpyArray {
  return parseNpy("npy", readBytes("npy", path), path);
}
