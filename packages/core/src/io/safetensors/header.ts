import { ArgumentError, DataError } from "../../errors/index.js";
import { dtypes, isDtype, type SafetensorsDtype } from "./dtypes.js";

/** What the header says about a tensor. */
export interface SafetensorsInfo {
  /** Type in the file. */
  dtype: SafetensorsDtype;
  /** Sizes of the axes. */
  shape: readonly number[];
  /** Byte of the file at which the values begin. */
  offset: number;
  /** Bytes of the values. */
  bytes: number;
}

/** The header of a file. */
export interface SafetensorsHeader {
  /** Tensors by name, in the order of the file. */
  tensors: ReadonlyMap<string, SafetensorsInfo>;
  /** Texts by name that the writer added. */
  metadata: Readonly<Record<string, string>>;
}

/** Bytes before the header's text: its length. */
export const LENGTH_BYTES = 8;

/** Longest header that the format allows. */
const MAX_HEADER = 100_000_000;

/** Length of the header's text from the first eight bytes of a file of `fileSize` bytes. */
export function headerLength(path: string, prefix: Uint8Array, fileSize: number): number {
  if (fileSize < LENGTH_BYTES) {
    refuse(path, `ends at byte ${fileSize}`, "a header length of 8 bytes", fileSize);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  const room = Math.min(MAX_HEADER, fileSize - LENGTH_BYTES);
  if (length < 2n || length > BigInt(room)) {
    refuse(path, `declares a header of ${length} bytes`, `from 2 to ${room} bytes`, 0);
  }
  return Number(length);
}

function refuse(path: string, what: string, expected: string, offset: number): never {
  throw new DataError(`readSafetensors: ${path} ${what}; ${expected} was expected`, { path, offset });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/**
 * The header, checked in full against the size of the file: afterwards every tensor lies inside it, has as many bytes as
 * its shape says, and none overlaps another or leaves a gap.
 */
export function parseHeader(path: string, text: Uint8Array, fileSize: number): SafetensorsHeader {
  const dataStart = LENGTH_BYTES + text.length;
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text));
  } catch (cause) {
    throw new DataError(
      `readSafetensors: ${path} has a header that is not JSON (${(cause as Error).message}); an object was expected`,
      { path, offset: LENGTH_BYTES },
      { cause },
    );
  }
  if (!isObject(json)) refuse(path, "has a header that is no object", "an object", LENGTH_BYTES);
  const tensors = new Map<string, SafetensorsInfo>();
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, entry] of Object.entries(json)) {
    if (name !== "__metadata__") {
      tensors.set(name, parseEntry(path, name, entry, dataStart, fileSize));
      continue;
    }
    if (!isObject(entry)) refuse(path, "has __metadata__ that is no object", "texts by name", LENGTH_BYTES);
    for (const [key, value] of Object.entries(entry)) {
      if (typeof value !== "string") {
        refuse(path, `has __metadata__.${key} that is no text`, "texts by name", LENGTH_BYTES);
      }
      metadata[key] = value;
    }
  }
  const sorted = [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let at = dataStart;
  for (const [name, { offset, bytes }] of sorted) {
    if (offset !== at) {
      refuse(
        path,
        `has tensor ${show(name)} at byte ${offset} where the last one ends at ${at}`,
        "no gap and no overlap",
        offset,
      );
    }
    at = offset + bytes;
  }
  if (at !== fileSize) refuse(path, `has ${fileSize} bytes`, `${at} bytes, where its last tensor ends,`, at);
  return { tensors: new Map(sorted), metadata: { ...metadata } };
}

const show = (name: string) => JSON.stringify(name.length > 60 ? `${name.slice(0, 57)}...` : name);

function parseEntry(
  path: string,
  name: string,
  entry: unknown,
  dataStart: number,
  fileSize: number,
): SafetensorsInfo {
  const fail = (what: string, expected: string, offset = LENGTH_BYTES) =>
    refuse(path, `has tensor ${show(name)} with ${what}`, expected, offset);
  if (!isObject(entry)) return fail("no description", "dtype, shape and data_offsets");
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype))
    return fail(`dtype ${JSON.stringify(dtype)}`, `one of ${Object.keys(dtypes).join(", ")}`);
  if (!Array.isArray(shape) || !shape.every(isSize)) return fail("a broken shape", "whole numbers from 0");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return fail("broken data_offsets", "two whole numbers from 0");
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end || dataStart + end > fileSize) {
    return fail(
      `data_offsets [${begin},${end}]`,
      `an interval within ${fileSize - dataStart} bytes`,
      dataStart + begin,
    );
  }
  const bytes = (shape as number[]).reduce((product, size) => product * size, dtypes[dtype].size);
  if (bytes !== end - begin) {
    return fail(
      `${end - begin} bytes for ${dtype} of shape [${shape.join(",")}]`,
      `${bytes} bytes`,
      dataStart + begin,
    );
  }
  return { dtype, shape: shape as number[], offset: dataStart + begin, bytes };
}

/** Length and text of the header for tensors that follow each other without gaps, padded to a multiple of 8 bytes. */
export function encodeHeader(
  tensors: readonly { name: string; dtype: SafetensorsDtype; shape: readonly number[]; bytes: number }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    for (const [key, value] of Object.entries(metadata)) {
      if (typeof value === "string") continue;
      throw new ArgumentError(
        `writeSafetensors: metadata.${key} is a ${typeof value}; a text was expected; use JSON.stringify`,
        { argument: "metadata", value },
      );
    }
    entries.push(["__metadata__", metadata]);
  }
  const names = new Set(["__metadata__"]);
  let at = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    if (names.has(name)) {
      throw new ArgumentError(
        `writeSafetensors: entries holds ${show(name)} twice or a reserved name; names that differ were expected`,
        { argument: "entries", value: name },
      );
    }
    names.add(name);
    entries.push([name, { dtype, shape, data_offsets: [at, at + bytes] }]);
    at += bytes;
  }
  // fromEntries, unlike assignment, keeps a name such as __proto__ an ordinary one.
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, LENGTH_BYTES);
  return out;
}
