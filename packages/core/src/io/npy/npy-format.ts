import { ArgumentError, DataError } from "../../errors/index.js";
import { fromHalf, type SafetensorsArray } from "../safetensors/dtypes.js";

/** Arrays that an npy file can hold. */
export type NpyData = SafetensorsArray;

/** An array with its shape. */
export interface NpyArray {
  /** Sizes of the axes; empty for a single number. */
  shape: number[];
  /** Values in row-major order; booleans as bytes 0 and 1, half precision as float32. */
  data: NpyData;
  /** NumPy's name of the type in the file, such as `"<f4"`. */
  dtype: string;
}

interface Kind {
  size: number;
  make: (count: number) => NpyData;
  get: (view: DataView, at: number, little: boolean) => number | bigint;
}

const kinds: Record<string, Kind> = {
  f2: {
    size: 2,
    make: (n) => new Float32Array(n),
    get: (v, at, little) => fromHalf(v.getUint16(at, little)),
  },
  f4: { size: 4, make: (n) => new Float32Array(n), get: (v, at, little) => v.getFloat32(at, little) },
  f8: { size: 8, make: (n) => new Float64Array(n), get: (v, at, little) => v.getFloat64(at, little) },
  i1: { size: 1, make: (n) => new Int8Array(n), get: (v, at) => v.getInt8(at) },
  i2: { size: 2, make: (n) => new Int16Array(n), get: (v, at, little) => v.getInt16(at, little) },
  i4: { size: 4, make: (n) => new Int32Array(n), get: (v, at, little) => v.getInt32(at, little) },
  i8: { size: 8, make: (n) => new BigInt64Array(n), get: (v, at, little) => v.getBigInt64(at, little) },
  u1: { size: 1, make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
  u2: { size: 2, make: (n) => new Uint16Array(n), get: (v, at, little) => v.getUint16(at, little) },
  u4: { size: 4, make: (n) => new Uint32Array(n), get: (v, at, little) => v.getUint32(at, little) },
  u8: { size: 8, make: (n) => new BigUint64Array(n), get: (v, at, little) => v.getBigUint64(at, little) },
  b1: { size: 1, make: (n) => new Uint8Array(n), get: (v, at) => v.getUint8(at) },
};

const MAGIC = "\x93NUMPY";

/** Longest header that is looked at; NumPy's own are a few hundred bytes. */
const MAX_HEADER = 65_536;

/**
 * Parses an npy file; its size is checked before anything is allocated.
 *
 * @throws {@link DataError} with the offset at which it stops being one.
 */
export function parseNpy(caller: string, bytes: Uint8Array, path: string): NpyArray {
  const fail = (what: string, expected: string, offset: number): never => {
    throw new DataError(`${caller}: ${path} ${what}; ${expected} was expected`, { path, offset });
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10 || String.fromCharCode(...bytes.subarray(0, 6)) !== MAGIC) {
    fail("does not begin as an npy file", "the bytes \\x93NUMPY and a version", 0);
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) fail(`has version ${version}`, "1, 2 or 3", 6);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start)
    fail(`ends at byte ${bytes.length}`, `a header length of ${start} bytes`, bytes.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER || start + length > bytes.length) {
    fail(`declares a header of ${length} bytes`, `at most ${Math.min(MAX_HEADER, bytes.length - start)}`, 8);
  }
  const header = new TextDecoder("latin1").decode(bytes.subarray(start, start + length));
  const dtype = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (dtype === undefined || order === undefined || sizes === undefined) {
    return fail("has a header without descr, fortran_order and shape", "all three, of a plain type,", start);
  }
  const kind = kinds[dtype.slice(1)];
  if (!/^[<>|=]/.test(dtype) || kind === undefined) {
    return fail(`holds ${dtype}`, `a type among ${Object.keys(kinds).join(", ")}`, start);
  }
  const shape = sizes
    .split(",")
    .map((text) => text.trim())
    .filter(Boolean)
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const from = start + length;
  if (from + count * kind.size !== bytes.length) {
    fail(
      `has ${bytes.length} bytes`,
      `${from + count * kind.size} bytes for ${dtype} of shape [${shape.join(",")}]`,
      Math.min(bytes.length, from + count * kind.size),
    );
  }
  const little = dtype[0] !== ">";
  const data = kind.make(count);
  if (little && data.BYTES_PER_ELEMENT === kind.size) {
    new Uint8Array(data.buffer).set(bytes.subarray(from));
  } else {
    for (let i = 0; i < count; i++) data[i] = kind.get(view, from + i * kind.size, little) as never;
  }
  return { shape, data: order === "True" ? rowMajor(data, shape) : data, dtype };
}

/** Values in row-major order from values whose first index moves fastest. */
function rowMajor<T extends NpyData>(data: T, shape: readonly number[]): T {
  const out = data.slice() as T;
  const index = new Array<number>(shape.length).fill(0);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, size) => product * size, 1));
  let from = 0;
  for (let at = 0; at < data.length; at++) {
    out[at] = data[from] as never;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

const typeNames: [abstract new (...args: never[]) => NpyData, string][] = [
  [Float64Array, "<f8"],
  [Float32Array, "<f4"],
  [BigInt64Array, "<i8"],
  [BigUint64Array, "<u8"],
  [Int32Array, "<i4"],
  [Uint32Array, "<u4"],
  [Int16Array, "<i2"],
  [Uint16Array, "<u2"],
  [Int8Array, "|i1"],
  [Uint8Array, "|u1"],
];

/** Bytes of an npy file, version 1.0, with the header padded to a multiple of 64. */
export function encodeNpy(caller: string, { shape, data, dtype }: NpyValues): Uint8Array {
  const own = typeNames.find(([type]) => data instanceof type)![1];
  const name = dtype ?? own;
  if (name !== own && !(name === "|b1" && own === "|u1")) {
    throw new ArgumentError(
      `${caller}: dtype is ${name}; ${own} was expected for a ${data.constructor.name}`,
      {
        argument: "dtype",
        value: name,
      },
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) {
    throw new ArgumentError(
      `${caller}: data has ${data.length} values; ${count} were expected for shape [${shape.join(",")}]`,
      { argument: "data", value: data.length },
    );
  }
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const header = `{'descr': '${name}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const out = new Uint8Array(10 + length + data.byteLength);
  out.set(new TextEncoder().encode(`${header.padEnd(length - 1)}\n`), 10);
  for (const [i, char] of [...MAGIC].entries()) out[i] = char.charCodeAt(0);
  out[6] = 1;
  new DataView(out.buffer).setUint16(8, length, true);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 10 + length);
  return out;
}

/** Values that are written to an npy file. */
export interface NpyValues {
  /** Sizes of the axes. */
  shape: readonly number[];
  /** Values in row-major order. */
  data: NpyData;
  /** `"|b1"` writes bytes as booleans; else the type is that of `data`. */
  dtype?: string;
}
