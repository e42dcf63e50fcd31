import { DataError } from "../errors/index.js";
import { encodeSafetensors, readSafetensors, type SafetensorsValues } from "../io/index.js";

/** Float and integer tensors of a checkpoint. */
export interface StoredTensor {
  dtype: "float32" | "int32" | "bool";
  shape: number[];
  data: Float32Array | Int32Array | Uint8Array;
}

const CODES = { float32: "F32", int32: "I32", bool: "BOOL" } as const;
const DTYPES = { F32: "float32", I32: "int32", BOOL: "bool" } as const;
const STATE = "lab.fit";

/** Bytes of a checkpoint: a safetensors file whose metadata holds the state as JSON. */
export async function encodeCheckpoint(
  state: unknown,
  tensors: ReadonlyMap<string, StoredTensor>,
): Promise<Uint8Array> {
  const entries = new Map<string, SafetensorsValues>();
  for (const [name, { dtype, shape, data }] of tensors)
    entries.set(name, { dtype: CODES[dtype], shape, data });
  return encodeSafetensors(entries, { [STATE]: JSON.stringify(state) });
}

/**
 * What {@link encodeCheckpoint} wrote.
 *
 * @throws {@link DataError} when the bytes are something else or cut short.
 */
export async function decodeCheckpoint(
  bytes: Uint8Array,
  path: string,
): Promise<{ state: unknown; tensors: Map<string, StoredTensor> }> {
  try {
    const reader = readSafetensors(bytes);
    const state: unknown = JSON.parse(reader.metadata[STATE] ?? "null");
    if (state === null) throw new Error("it holds no state of a run");
    const tensors = new Map<string, StoredTensor>();
    for (const name of reader.names()) {
      const { dtype, shape } = reader.info(name);
      const kind = DTYPES[dtype as keyof typeof DTYPES];
      if (kind === undefined) throw new Error(`${name} is of type ${dtype}`);
      tensors.set(name, {
        dtype: kind,
        shape: [...shape],
        data: (await reader.array(name)) as StoredTensor["data"],
      });
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
