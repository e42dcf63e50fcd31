import { DataError } from "@lab/core";
import type * as tf from "@tensorflow/tfjs-core";
import { tensor } from "@tensorflow/tfjs-core";

/** Weights as plain JSON: base64 of little-endian float32. */
export type WeightsSpec = Record<string, { shape: number[]; data: string }>;

/** What is used of Node's own codec, which is a hundred times faster than characters. */
interface NodeCodec {
  from(bytes: ArrayBufferLike, offset: number, length: number): { toString(encoding: "base64"): string };
  from(text: string, encoding: "base64"): Uint8Array;
}

const nodeCodec = () => (globalThis as { Buffer?: NodeCodec }).Buffer;

/** Base64 of bytes, in Node and in browsers. */
export function toBase64(bytes: Uint8Array): string {
  const node = nodeCodec();
  if (node) return node.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}

/** Bytes of base64. */
export function fromBase64(text: string): Uint8Array {
  const node = nodeCodec();
  if (node) return new Uint8Array(node.from(text, "base64"));
  // A plain loop: the iterator of a string is ten times slower on megabytes.
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

/** Reads variables into JSON. */
export async function weightsToSpec(parameters: ReadonlyMap<string, tf.Tensor>): Promise<WeightsSpec> {
  const spec: WeightsSpec = {};
  for (const [name, variable] of parameters) {
    const data = (await variable.data()) as Float32Array;
    spec[name] = {
      shape: [...variable.shape],
      data: toBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
    };
  }
  return spec;
}

/** Assigns weights that {@link weightsToSpec} read. */
export function assignWeights(parameters: ReadonlyMap<string, tf.Variable>, spec: WeightsSpec): void {
  for (const [name, variable] of parameters) {
    const entry = spec[name];
    if (!entry || entry.shape.join() !== variable.shape.join()) {
      throw new DataError(
        `assignWeights: ${name} has shape [${entry?.shape ?? "none"}]; [${variable.shape}] was expected`,
        { path: name },
      );
    }
    const value = tensor(new Float32Array(fromBase64(entry.data).buffer), entry.shape);
    variable.assign(value);
    value.dispose();
  }
}
