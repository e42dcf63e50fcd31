import type { Tensor } from "@tensorflow/tfjs-core";
import { ArgumentError, ShapeError } from "../../errors/index.js";
import { atomicWriteWith } from "../atomic-write.node.js";
import { asStored, dtypes, isDtype, type SafetensorsArray, type SafetensorsDtype } from "./dtypes.js";
import { encodeHeader } from "./header.js";
import { Spool } from "./spool.node.js";

/** Values that are written as they are. */
export interface SafetensorsValues {
  /** Type in the file. Float32 values are rounded where it is `F16` or `BF16`. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes. */
  shape: readonly number[];
  /** Values in row-major order, in the array that fits the type. */
  data: SafetensorsArray;
}

/** A tensor that is written: one of the engine, as F32, I32 or BOOL, or values with their type. */
export type SafetensorsEntry = Tensor | SafetensorsValues;

/** Tensors by name, at hand or made one after the other. */
export type SafetensorsEntries =
  | Readonly<Record<string, SafetensorsEntry>>
  | ReadonlyMap<string, SafetensorsEntry>
  | AsyncIterable<readonly [name: string, entry: SafetensorsEntry]>;

interface Described {
  name: string;
  dtype: SafetensorsDtype;
  shape: readonly number[];
  bytes: number;
}

const isTensor = (entry: SafetensorsEntry): entry is Tensor => "dataId" in entry;

const TENSOR_TYPES: Record<string, SafetensorsDtype> = { float32: "F32", int32: "I32", bool: "BOOL" };

function describe(name: string, entry: SafetensorsEntry): Described {
  const dtype = isTensor(entry) ? TENSOR_TYPES[entry.dtype] : entry.dtype;
  if (!isDtype(dtype)) {
    throw new ArgumentError(
      `writeSafetensors: entries[${JSON.stringify(name)}] has dtype ${entry.dtype}; float32, int32, bool or a type of the format was expected`,
      { argument: "entries", value: entry.dtype },
    );
  }
  const { shape } = entry;
  const count = shape.reduce((product, size) => product * size, 1);
  if (!isTensor(entry) && entry.data.length !== count) {
    throw new ShapeError(
      `writeSafetensors: entries[${JSON.stringify(name)}] has ${entry.data.length} values; ${count} were expected for shape [${shape.join(",")}]`,
      { argument: "entries", shape },
    );
  }
  if (!isTensor(entry)) asStored("writeSafetensors", dtype, entry.data.subarray(0, 0) as SafetensorsArray);
  return { name, dtype, shape, bytes: count * dtypes[dtype].size };
}

async function bytesOf(entry: SafetensorsEntry, dtype: SafetensorsDtype): Promise<Uint8Array> {
  const values = isTensor(entry) ? await entry.data() : entry.data;
  // The engine hands out booleans as bytes or as 32-bit numbers, depending on the backend.
  const data = dtype === "BOOL" ? Uint8Array.from(values as Uint8Array) : (values as SafetensorsArray);
  const { buffer, byteOffset, byteLength } = asStored("writeSafetensors", dtype, data);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** Wide types first, so that every tensor starts at a multiple of its own width. */
function ordered(
  entries: Exclude<SafetensorsEntries, AsyncIterable<unknown>>,
): [Described, SafetensorsEntry][] {
  const pairs = entries instanceof Map ? [...entries] : Object.entries(entries);
  return pairs
    .map(([name, entry]): [Described, SafetensorsEntry] => [describe(name, entry), entry])
    .sort(([a], [b]) => dtypes[b.dtype].size - dtypes[a.dtype].size);
}

/**
 * Writes tensors to a safetensors file, atomically.
 *
 * @param path - The file.
 * @param entries - Tensors by name, which stay the caller's; or an asynchronous iterable of them, for files larger than
 * memory: its values go to a temporary file first, because the header needs to know them all.
 * @param metadata - Texts that go into the header.
 * @throws {@link ArgumentError} for a type, name or metadata that the format does not know; {@link DataError} when the file
 * cannot be written. Nothing is left behind then.
 * @remarks Memory: one tensor at a time.
 */
export async function writeSafetensors(
  path: string,
  entries: SafetensorsEntries,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (!(Symbol.asyncIterator in entries)) {
    const list = ordered(entries as Exclude<SafetensorsEntries, AsyncIterable<unknown>>);
    const described = list.map(([description]) => description);
    const header = encodeHeader(described, metadata);
    await atomicWriteWith(path, async (write) => {
      await write(header);
      for (const [{ dtype }, entry] of list) await write(await bytesOf(entry, dtype));
    });
    return;
  }
  encodeHeader([], metadata); // refuses wrong metadata before anything is made
  const described: Described[] = [];
  const spool = await Spool.create(path);
  try {
    for await (const [name, entry] of entries as AsyncIterable<readonly [string, SafetensorsEntry]>) {
      const description = describe(name, entry);
      described.push(description);
      await spool.write(await bytesOf(entry, description.dtype));
    }
    const header = encodeHeader(described, metadata);
    await atomicWriteWith(path, async (write) => {
      await write(header);
      for await (const piece of spool.pieces()) await write(piece);
    });
  } finally {
    await spool.remove();
  }
}

/**
 * The bytes of a safetensors file, for places without a file system.
 *
 * @param entries - Tensors by name, which stay the caller's.
 * @param metadata - Texts that go into the header.
 * @returns What {@link writeSafetensors} would write.
 * @throws {@link ArgumentError} for a type, name or metadata that the format does not know.
 */
export async function encodeSafetensors(
  entries: Readonly<Record<string, SafetensorsEntry>> | ReadonlyMap<string, SafetensorsEntry>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const list = ordered(entries);
  const described = list.map(([description]) => description);
  const header = encodeHeader(described, metadata);
  const out = new Uint8Array(described.reduce((sum, { bytes }) => sum + bytes, header.length));
  out.set(header);
  let at = header.length;
  for (const [{ dtype, bytes }, entry] of list) {
    out.set(await bytesOf(entry, dtype), at);
    at += bytes;
  }
  return out;
}
