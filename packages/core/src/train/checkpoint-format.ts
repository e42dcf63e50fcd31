import { DataError } from "../errors/index.js";

/** Float and integer tensors of a checkpoint. */
export interface StoredTensor {
  dtype: "float32" | "int32" | "bool";
  shape: number[];
  data: Float32Array | Int32Array | Uint8Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const CODES = { float32: "F32", int32: "I32", bool: "BOOL" } as const;
const ARRAYS = { F32: Float32Array, I32: Int32Array, BOOL: Uint8Array } as const;
const DTYPES = { F32: "float32", I32: "int32", BOOL: "bool" } as const;
const STATE = "lab.fit";

/** Bytes of a checkpoint: a safetensors file whose metadata holds the state as JSON. */
export function encodeCheckpoint(state: unknown, tensors: ReadonlyMap<string, StoredTensor>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { [STATE]: JSON.stringify(state) } };
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    header[name] = { dtype: CODES[dtype], shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.fill(0x20, 8, 8 + length);
  bytes.set(json, 8);
  let at = 8 + length;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * What {@link encodeCheckpoint} wrote.
 *
 * @throws {@link DataError} when the bytes are something else or cut short.
 */
export function decodeCheckpoint(
  bytes: Uint8Array,
  path: string,
): { state: unknown; tensors: Map<string, StoredTensor> } {
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = 8 + Number(view.getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start))) as Record<
      string,
      HeaderEntry
    >;
    const { __metadata__: metadata, ...entries } = header;
    const state = JSON.parse((metadata as unknown as Record<string, string>)[STATE]!);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
      const [from, to] = data_offsets;
      if (start + to > bytes.length)
        throw new Error(`${name} ends at ${start + to} of ${bytes.length} bytes`);
      const code = dtype as keyof typeof ARRAYS;
      const copy = new Uint8Array(bytes.subarray(start + from, start + to)); // aligned for the typed array
      tensors.set(name, { dtype: DTYPES[code], shape, data: new ARRAYS[code](copy.buffer) });
    }
    return { state, tensors };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataError(
      `fit: checkpoint ${path} cannot be read (${reason}); a file written by fit was expected; remove it to start anew`,
      { path },
      { cause },
    );
  }
}
