import { DataError } from "../errors/index.js";

/** Numbers of an IDX file, in its own type. */
export interface IdxArray {
  /** Sizes of the axes, outermost first. */
  shape: number[];
  /** Values in row-major order. */
  data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
}

/** Types by the third byte of the magic number; all multi-byte values are big-endian. */
const readers: Record<
  number,
  { size: number; read: (view: DataView, from: number, count: number) => IdxArray["data"] }
> = {
  8: { size: 1, read: (view, from, count) => new Uint8Array(view.buffer, view.byteOffset + from, count) },
  9: { size: 1, read: (view, from, count) => new Int8Array(view.buffer, view.byteOffset + from, count) },
  11: {
    size: 2,
    read: (view, from, count) => new Int16Array(count).map((_, i) => view.getInt16(from + 2 * i)),
  },
  12: {
    size: 4,
    read: (view, from, count) => new Int32Array(count).map((_, i) => view.getInt32(from + 4 * i)),
  },
  13: {
    size: 4,
    read: (view, from, count) => new Float32Array(count).map((_, i) => view.getFloat32(from + 4 * i)),
  },
  14: {
    size: 8,
    read: (view, from, count) => new Float64Array(count).map((_, i) => view.getFloat64(from + 8 * i)),
  },
};

/**
 * Parses an IDX file: two zero bytes, the type, the rank, the sizes, the values.
 *
 * @throws {@link DataError} with the offset at which the file stops being one; nothing is allocated before that.
 */
export function parseIdx(caller: string, bytes: Uint8Array, path: string): IdxArray {
  const fail = (what: string, expected: string, offset: number): never => {
    throw new DataError(`${caller}: ${path} ${what} at byte ${offset}; ${expected} was expected`, {
      path,
      offset,
    });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) fail("ends", "an IDX header of at least 4 bytes", bytes.length);
  if (view.getUint16(0) !== 0) fail(`begins with ${view.getUint16(0)}`, "two zero bytes", 0);
  const reader = readers[bytes[2]!] ?? fail(`has type ${bytes[2]}`, "one of 8, 9, 11, 12, 13, 14", 2);
  const rank = bytes[3]!;
  const header = 4 + 4 * rank;
  if (bytes.length < header) fail("ends", `a header of ${header} bytes`, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, size) => product * size, 1);
  const needed = header + count * reader.size;
  if (bytes.length !== needed) {
    const what = bytes.length < needed ? "ends" : "goes on";
    fail(what, `${needed} bytes for shape [${shape.join(",")}]`, Math.min(bytes.length, needed));
  }
  return { shape, data: reader.read(view, header, count) };
}
