import { readBytes } from "./files.node.js";
import { type IdxArray, parseIdx } from "./idx-format.js";

/**
 * Reads a file in the IDX format of the MNIST family, plain or gzipped.
 *
 * @param path - The file.
 * @returns Shape and values in the file's own type; multi-byte values are read as big-endian, as the format says.
 * @throws {@link DataError} with the path and the offset at which the file stops being one.
 */
export function idx(path: string): IdxArray {
  return parseIdx("idx", readBytes("idx", path), path);
}
