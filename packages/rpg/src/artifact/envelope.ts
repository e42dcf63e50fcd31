import { ArgumentError, DataError } from "@lab/core";
import { sha256 } from "@noble/hashes/sha2.js";

const NAME = "sha256";
/** Stands for the digest while it is taken. */
export const EMPTY_DIGEST = "0".repeat(64);
const MARKER = new TextEncoder().encode("LABRPGE1");
const ROUNDS = 600_000;
const [SALT, IV] = [16, 12];

/** Bytes as hexadecimal digits. */
export const hexOf = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** An artefact that cannot be read. */
export function badArtifact(what: string, offset = 0): DataError {
  return new DataError(
    `loadArtifact: bytes are not an rpg artefact: ${what}; a file of saveArtifact was expected`,
    {
      path: "bytes",
      offset,
    },
  );
}

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** The header's text, its tensors and the metadata, checked against the length of the bytes. */
export function readHeader(bytes: Uint8Array): {
  start: number;
  entries: Record<string, Entry>;
  metadata: Record<string, string>;
} {
  if (bytes.length < 8) throw badArtifact(`${bytes.length} bytes are too short`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (view.getUint32(4, true) !== 0 || length > bytes.length - 8) throw badArtifact("its header is cut off");
  try {
    const parsed = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length)),
    );
    const { __metadata__: metadata, ...entries } = parsed;
    if (typeof metadata?.rpg !== "string") throw new Error("it lacks the entry rpg");
    return { start: 8 + length, entries, metadata };
  } catch (cause) {
    throw badArtifact(cause instanceof Error ? cause.message : String(cause), 8);
  }
}

/** Where the digest's text begins in the bytes. */
function digestAt(bytes: Uint8Array): number {
  const { start } = readHeader(bytes);
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, start));
  const at = text.indexOf(`"${NAME}":"`);
  if (at < 0) throw badArtifact("it lacks a digest", 8);
  return at + NAME.length + 4;
}

/** Writes the digest of all other bytes into its place. */
export function seal(bytes: Uint8Array): Uint8Array {
  const at = digestAt(bytes);
  bytes.set(new TextEncoder().encode(hexOf(sha256(bytes))), at);
  return bytes;
}

/** Refuses what is not bytes, such as a path or an ArrayBuffer. */
export function checkBytes(caller: string, bytes: unknown): void {
  if (bytes instanceof Uint8Array) return;
  const kind = typeof bytes === "object" && bytes !== null ? bytes.constructor.name : typeof bytes;
  throw new ArgumentError(
    `${caller}: bytes is of the kind ${kind}; a Uint8Array with the file's bytes was expected`,
    { argument: "bytes", value: bytes },
  );
}

/** Refuses bytes of which any differs from what was sealed. */
export function verify(bytes: Uint8Array): void {
  if (isEncrypted(bytes)) {
    throw new DataError(
      "inspectArtifact: bytes are encrypted; an open file was expected; loadArtifact opens it",
      {
        path: "bytes",
      },
    );
  }
  const at = digestAt(bytes);
  const copy = bytes.slice();
  const stored = new TextDecoder("latin1").decode(copy.subarray(at, at + 64));
  copy.set(new TextEncoder().encode(EMPTY_DIGEST), at);
  if (hexOf(sha256(copy)) !== stored) throw badArtifact("its digest differs from its bytes", at);
}

/** Whether bytes are encrypted. */
export const isEncrypted = (bytes: Uint8Array): boolean => MARKER.every((byte, i) => bytes[i] === byte);

async function keyFrom(passphrase: string, salt: Uint8Array): Promise<CryptoKey> {
  const { subtle } = globalThis.crypto;
  const material = await subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, [
    "deriveKey",
  ]);
  const rule = { name: "PBKDF2", hash: "SHA-256", salt: salt as BufferSource, iterations: ROUNDS };
  return subtle.deriveKey(rule, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

/** Encrypts with AES-256-GCM under a key from PBKDF2. */
export async function encrypt(bytes: Uint8Array, passphrase: string): Promise<Uint8Array> {
  if (typeof passphrase !== "string" || passphrase === "") {
    throw new ArgumentError(
      `saveArtifact: encrypt.passphrase is ${JSON.stringify(passphrase)}; a text that is not empty was expected`,
      { argument: "encrypt.passphrase", value: passphrase },
    );
  }
  const random = globalThis.crypto.getRandomValues(new Uint8Array(SALT + IV));
  const key = await keyFrom(passphrase, random.subarray(0, SALT));
  const rule = { name: "AES-GCM", iv: random.subarray(SALT), additionalData: MARKER };
  const hidden = new Uint8Array(await globalThis.crypto.subtle.encrypt(rule, key, bytes as BufferSource));
  const out = new Uint8Array(MARKER.length + random.length + hidden.length);
  out.set(MARKER);
  out.set(random, MARKER.length);
  out.set(hidden, MARKER.length + random.length);
  return out;
}

/** Undoes {@link encrypt}. */
export async function decrypt(bytes: Uint8Array, passphrase: string | undefined): Promise<Uint8Array> {
  if (passphrase === undefined) {
    throw new DataError("loadArtifact: bytes are encrypted; a passphrase was expected", { path: "bytes" });
  }
  const from = MARKER.length;
  const key = await keyFrom(passphrase, bytes.slice(from, from + SALT));
  const iv = bytes.slice(from + SALT, from + SALT + IV);
  try {
    const rule = { name: "AES-GCM", iv, additionalData: MARKER };
    const open = await globalThis.crypto.subtle.decrypt(
      rule,
      key,
      bytes.slice(from + SALT + IV) as BufferSource,
    );
    return new Uint8Array(open);
  } catch (cause) {
    throw new DataError(
      "loadArtifact: passphrase does not open the bytes; the one they were encrypted with was expected",
      { path: "bytes" },
      { cause },
    );
  }
}

/** Compresses bytes with gzip. */
export async function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new CompressionStream("gzip") as unknown as ReadableWritablePair;
  const piped = new Blob([bytes as BlobPart]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped as ReadableStream).arrayBuffer());
}
