import { ArgumentError } from "../../errors/index.js";

/** Types of a safetensors file that are read and written here. */
export type SafetensorsDtype =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "I64"
  | "U64"
  | "I32"
  | "U32"
  | "I16"
  | "U16"
  | "I8"
  | "U8"
  | "BOOL";

/** Arrays that hold the values of a tensor. */
export type SafetensorsArray =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

interface DtypeFacts {
  /** Bytes of a value. */
  size: number;
  /** Array in which values are kept as the file has them; half precision as its bits. */
  make: (length: number) => SafetensorsArray;
}

/** Facts about every type. */
export const dtypes: Readonly<Record<SafetensorsDtype, DtypeFacts>> = {
  F64: { size: 8, make: (length) => new Float64Array(length) },
  F32: { size: 4, make: (length) => new Float32Array(length) },
  F16: { size: 2, make: (length) => new Uint16Array(length) },
  BF16: { size: 2, make: (length) => new Uint16Array(length) },
  I64: { size: 8, make: (length) => new BigInt64Array(length) },
  U64: { size: 8, make: (length) => new BigUint64Array(length) },
  I32: { size: 4, make: (length) => new Int32Array(length) },
  U32: { size: 4, make: (length) => new Uint32Array(length) },
  I16: { size: 2, make: (length) => new Int16Array(length) },
  U16: { size: 2, make: (length) => new Uint16Array(length) },
  I8: { size: 1, make: (length) => new Int8Array(length) },
  U8: { size: 1, make: (length) => new Uint8Array(length) },
  BOOL: { size: 1, make: (length) => new Uint8Array(length) },
};

/** Whether a text names a type that is known here. */
export function isDtype(text: unknown): text is SafetensorsDtype {
  return typeof text === "string" && Object.hasOwn(dtypes, text);
}

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** The number that 16 bits of IEEE half precision stand for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest half precision number, ties to even, as its bits. */
export function toHalf(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 is half way between the largest number and the next one, which half precision lacks.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below the smallest normal number the step is 2^-24.
    const steps = Math.abs(floatView[0]!) * 2 ** 24;
    const below = Math.floor(steps);
    const rest = steps - below;
    return sign | (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below);
  }
  const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((rounded - 0x38000000) >>> 13);
}

/** The nearest bfloat16 number, ties to even, as its bits. */
export function toBfloat(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0]!;
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

let halves: Uint32Array | undefined;

/** Float32 bits of all half precision numbers: one look-up is three times as fast as telling the kinds apart. */
function halfTable(): Uint32Array {
  if (halves === undefined) {
    halves = new Uint32Array(2 ** 16);
    const values = new Float32Array(halves.buffer);
    for (let bits = 0; bits < 2 ** 16; bits++) values[bits] = fromHalf(bits);
  }
  return halves;
}

/** Float32 values of bits in half precision or bfloat16, written from `offset` on. */
export function widen(dtype: "F16" | "BF16", bits: Uint16Array, out: Float32Array, offset: number): void {
  const words = new Uint32Array(out.buffer, out.byteOffset + 4 * offset, bits.length);
  if (dtype === "BF16") {
    for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
    return;
  }
  const table = halfTable();
  for (let i = 0; i < bits.length; i++) words[i] = table[bits[i]!]!;
}

/** Values as the array that a type is written from; float32 is narrowed to half precision where the type asks for it. */
export function asStored(caller: string, dtype: SafetensorsDtype, data: SafetensorsArray): SafetensorsArray {
  const isHalf = dtype === "F16" || dtype === "BF16";
  if (isHalf && (data instanceof Float32Array || data instanceof Float64Array)) {
    const narrow = dtype === "F16" ? toHalf : toBfloat;
    return Uint16Array.from(data as Float32Array, narrow);
  }
  const expected = dtypes[dtype].make(0);
  if (data.constructor === expected.constructor) return data;
  throw new ArgumentError(
    `${caller}: data is a ${data.constructor.name}; a ${expected.constructor.name}${isHalf ? " of bits or a Float32Array" : ""} was expected for ${dtype}`,
    { argument: "data", value: data.constructor.name },
  );
}
