import { type DataType, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { ArgumentError, DataError } from "../../errors/index.js";
import { dtypes, type SafetensorsArray, widen } from "./dtypes.js";
import { fileSource } from "./file-source.node.js";
import {
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type SafetensorsInfo,
} from "./header.js";

/** Bytes that can be read at any place. */
export interface ByteSource {
  /** Name for messages. */
  path: string;
  /** Number of bytes. */
  size: number;
  /** The first bytes, at once. */
  readHead(length: number): Uint8Array;
  /**
   * Fills pieces, one after the other from `offset` on. A piece is full once the one after the next is asked for, or the
   * promise is there; then its memory may come again.
   */
  read(offset: number, pieces: Iterable<Uint8Array>): Promise<void>;
}

/** Options of {@link readSafetensors}. */
export interface ReadSafetensorsOptions {
  /** Names of the tensors that the reader shows, or a rule over names; all by default. */
  only?: readonly string[] | ((name: string) => boolean);
}

/** A file whose header is read and whose tensors are read when they are asked for. */
export interface SafetensorsReader extends AsyncIterable<[name: string, tensor: Tensor]> {
  /** Texts by name that the writer added. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of the tensors, in the order of the file. */
  names(): string[];
  /** Whether there is a tensor of that name. */
  has(name: string): boolean;
  /** Type, shape and place of a tensor. */
  info(name: string): SafetensorsInfo;
  /** A tensor; half precision, bfloat16 and float64 become float32, whole numbers int32. Belongs to the caller. */
  tensor(name: string): Promise<Tensor>;
  /** Values as the file has them, 64-bit integers as bigints; half precision and bfloat16 become float32. */
  array(name: string): Promise<SafetensorsArray>;
}

/** Values converted at a time: 1 MB of half precision, twice, because one piece is converted while the next arrives. */
const CHUNK_VALUES = 2 ** 19;

/**
 * Opens a safetensors file: reads and checks its header, and tensors one by one when they are asked for.
 *
 * @param source - Path of a file, or its bytes.
 * @param options - See {@link ReadSafetensorsOptions}.
 * @returns The reader. It keeps no file open; iterating it reads one tensor after the other.
 * @throws {@link DataError} with the path and the offset when the file is not what the format says; nothing larger than the
 * file is allocated, whatever it declares. {@link ArgumentError} when `only` names a tensor that is not there.
 * @remarks Memory: the tensor that is read and, where it is converted, at most 8 MB more.
 * @see https://huggingface.co/docs/safetensors
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs-core";
 * import { init } from "@lab/core";
 * import { encodeSafetensors, readSafetensors } from "@lab/core/io";
 *
 * await init();
 * const bytes = await encodeSafetensors({ w: tf.tensor2d([[1, 2], [3, 4]]) }, { made: "here" });
 * const reader = readSafetensors(bytes);
 * reader.info("w").shape; // => [2, 2]
 * reader.metadata.made; // => "here"
 * (await (await reader.tensor("w")).array()); // => [[1, 2], [3, 4]]
 * ```
 */
export function readSafetensors(
  source: string | Uint8Array | ArrayBuffer,
  options: ReadSafetensorsOptions = {},
): SafetensorsReader {
  const bytes = typeof source === "string" ? fileSource(source) : bytesSource(source);
  const length = headerLength(bytes.path, bytes.readHead(LENGTH_BYTES), bytes.size);
  const text = bytes.readHead(LENGTH_BYTES + length).subarray(LENGTH_BYTES);
  return readerOf(bytes, parseHeader(bytes.path, text, bytes.size), options);
}

function bytesSource(given: Uint8Array | ArrayBuffer): ByteSource {
  const bytes = given instanceof Uint8Array ? given : new Uint8Array(given);
  return {
    path: "bytes",
    size: bytes.length,
    readHead: (length) => bytes.subarray(0, length),
    read: async (offset, pieces) => {
      let at = offset;
      for (const piece of pieces) {
        piece.set(bytes.subarray(at, at + piece.length));
        at += piece.length;
      }
    },
  };
}

function readerOf(
  source: ByteSource,
  header: SafetensorsHeader,
  { only }: ReadSafetensorsOptions,
): SafetensorsReader {
  const { path } = source;
  const chosen = new Map<string, SafetensorsInfo>();
  if (Array.isArray(only)) {
    for (const name of only as readonly string[]) chosen.set(name, infoOf(header, name, path));
  } else {
    const rule = only as ((name: string) => boolean) | undefined;
    for (const [name, info] of header.tensors) if (rule?.(name) ?? true) chosen.set(name, info);
  }
  const shown: SafetensorsHeader = { ...header, tensors: chosen };

  const array = async (name: string): Promise<SafetensorsArray> => {
    const { dtype, offset, bytes } = infoOf(shown, name, path);
    const count = bytes / dtypes[dtype].size;
    if (dtype === "F16" || dtype === "BF16") {
      const out = new Float32Array(count);
      await convert(source, offset, count, "U16", (values, at) =>
        widen(dtype, values as Uint16Array, out, at),
      );
      return out;
    }
    const out = dtypes[dtype].make(count);
    await source.read(offset, [new Uint8Array(out.buffer)]);
    return out;
  };

  const readTensor = async (name: string): Promise<Tensor> => {
    const { dtype, shape, offset } = infoOf(shown, name, path);
    if (dtype === "F64") {
      // Narrowed piece by piece, so that the wide values are never all in memory.
      const out = new Float32Array(infoOf(shown, name, path).bytes / 8);
      await convert(source, offset, out.length, "F64", (values, at) => out.set(values as Float64Array, at));
      return tensor(out, [...shape], "float32");
    }
    const values = await array(name);
    if (values instanceof Float32Array) return tensor(values, [...shape], "float32");
    const kind: DataType = dtype === "BOOL" ? "bool" : "int32";
    const isInt32 = values instanceof Int32Array || (values instanceof Uint8Array && kind === "bool");
    return tensor(isInt32 ? values : toInt32(values, name, path, offset), [...shape], kind);
  };

  return {
    metadata: header.metadata,
    names: () => [...chosen.keys()],
    has: (name) => chosen.has(name),
    info: (name) => infoOf(shown, name, path),
    array,
    tensor: readTensor,
    async *[Symbol.asyncIterator]() {
      for (const name of chosen.keys()) yield [name, await readTensor(name)] as [string, Tensor];
    },
  };
}

function infoOf(header: SafetensorsHeader, name: string, path: string): SafetensorsInfo {
  const info = header.tensors.get(name);
  if (info) return info;
  const some = [...header.tensors.keys()].slice(0, 5).join(", ");
  throw new ArgumentError(
    `readSafetensors: name ${JSON.stringify(name)} is not in ${path}; one of ${header.tensors.size} names was expected (${some}${header.tensors.size > 5 ? ", ..." : ""})`,
    { argument: "name", value: name },
  );
}

/** Hands over values in pieces that share two buffers. */
async function convert(
  source: ByteSource,
  offset: number,
  count: number,
  dtype: "U16" | "F64",
  take: (values: SafetensorsArray, at: number) => void,
): Promise<void> {
  const { size, make } = dtypes[dtype];
  const numPieces = Math.ceil(count / CHUNK_VALUES);
  const buffers = [0, 1].map((index) =>
    make(Math.max(0, Math.min(count - index * CHUNK_VALUES, CHUNK_VALUES))),
  );
  const lengthOf = (index: number) => Math.min(CHUNK_VALUES, count - index * CHUNK_VALUES);
  const use = (index: number) => {
    const values = buffers[index % 2]!.subarray(0, lengthOf(index)) as SafetensorsArray;
    take(values, index * CHUNK_VALUES);
  };
  function* pieces() {
    for (let index = 0; index < numPieces; index++) {
      if (index >= 2) use(index - 2);
      yield new Uint8Array(buffers[index % 2]!.buffer, 0, lengthOf(index) * size);
    }
    if (numPieces >= 2) use(numPieces - 2);
  }
  await source.read(offset, pieces());
  if (numPieces >= 1) use(numPieces - 1);
}

function toInt32(values: SafetensorsArray, name: string, path: string, offset: number): Int32Array {
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    out[i] = value;
    if (out[i] !== value) {
      throw new DataError(
        `readSafetensors: ${path} has ${values[i]} in ${JSON.stringify(name)}; numbers that fit int32 were expected; read it with array()`,
        { path, offset: offset + i * values.BYTES_PER_ELEMENT },
      );
    }
  }
  return out;
}
