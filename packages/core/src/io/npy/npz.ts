import { type Unzipped, unzipSync, zipSync } from "fflate";
import { DataError } from "../../errors/index.js";
import { atomicWrite } from "../atomic-write.node.js";
import { fileBytes } from "./file-bytes.node.js";
import { encodeNpy, type NpyArray, type NpyValues, parseNpy } from "./npy-format.js";

/** Deflate cannot pack better than this; what claims to is no honest file. */
const MAX_RATIO = 1032;

const SUFFIX = ".npy";

/**
 * Reads the arrays of a NumPy archive, packed or not.
 *
 * @param source - Path of an npz file, or its bytes.
 * @returns Arrays by name.
 * @throws {@link DataError} with the path and the offset when it is no archive of npy files.
 */
export async function readNpz(source: string | Uint8Array): Promise<Map<string, NpyArray>> {
  const path = typeof source === "string" ? source : "bytes";
  const bytes = typeof source === "string" ? await fileBytes("readNpz", source) : source;
  let files: Unzipped;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, originalSize }) => {
        if (size > bytes.length || originalSize > MAX_RATIO * size + MAX_RATIO) {
          throw new RangeError(`${name} claims ${originalSize} bytes unpacked from ${size}`);
        }
        return name.endsWith(SUFFIX);
      },
    });
  } catch (cause) {
    throw new DataError(
      `readNpz: ${path} cannot be unpacked (${(cause as Error).message}); a zip archive of npy files was expected`,
      { path, offset: 0 },
      { cause },
    );
  }
  const arrays = new Map<string, NpyArray>();
  for (const [name, file] of Object.entries(files)) {
    arrays.set(name.slice(0, -SUFFIX.length), parseNpy("readNpz", file, `${path}/${name}`));
  }
  return arrays;
}

/** Options of {@link writeNpz}. */
export interface WriteNpzOptions {
  /** Whether the arrays are packed, as by `savez_compressed`. @defaultValue false */
  compress?: boolean;
}

/**
 * Writes a NumPy archive, atomically.
 *
 * @param path - The file.
 * @param arrays - Values by name.
 * @param options - See {@link WriteNpzOptions}.
 * @throws {@link ArgumentError} when a shape does not fit its values; {@link DataError} when the file cannot be written.
 */
export async function writeNpz(
  path: string,
  arrays: Readonly<Record<string, NpyValues>>,
  options: WriteNpzOptions = {},
): Promise<void> {
  const files = Object.fromEntries(
    Object.entries(arrays).map(([name, values]) => [`${name}${SUFFIX}`, encodeNpy("writeNpz", values)]),
  );
  await atomicWrite(path, zipSync(files, { level: options.compress ? 6 : 0 }));
}
