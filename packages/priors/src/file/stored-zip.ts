import { DataError } from "@lab/core";

/** A file of an archive. */
export interface StoredFile {
  bytes: Uint8Array;
  /** Where it begins in the archive. */
  offset: number;
}

const END = 0x06054b50;
const ENTRY = 0x02014b50;

function fail(path: string, offset: number, what: string): never {
  throw new DataError(
    `readTorchTensor: ${path} ${what} (byte ${offset}); a file written by torch.save was expected`,
    {
      path,
      offset,
    },
  );
}

/** Finds a file in a zip archive without compression, as `torch.save` writes them. */
export function findStoredFile(
  bytes: Uint8Array,
  path: string,
  matches: (name: string) => boolean,
): StoredFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  if (end < 0) fail(path, 0, "is no zip archive");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== ENTRY)
      fail(path, at, "has a broken directory");
    const method = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const local = view.getUint32(at + 42, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (!matches(name)) continue;
    if (method !== 0) fail(path, local, `compresses ${name}`);
    if (local + 30 > bytes.length) fail(path, local, `ends before ${name}`);
    const offset = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (offset + size > bytes.length) fail(path, offset, `ends inside ${name}`);
    return { bytes: bytes.subarray(offset, offset + size), offset };
  }
  return fail(path, end, "lacks a part");
}
