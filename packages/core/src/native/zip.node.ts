import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { DataError } from "../errors/index.js";

/** One file of an archive. */
export interface ZipEntry {
  /** Path inside the archive, with `/`. */
  name: string;
  /** Bytes when unpacked. */
  size: number;
  /** Bytes in the archive. */
  packedSize: number;
  /** 0 stored, 8 deflated. */
  method: number;
  /** Checksum of the unpacked bytes. */
  crc: number;
  /** Where its local header begins. */
  offset: number;
  /** Permission bits; 0 when the archive has none. */
  mode: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const MAX_DIRECTORY = 256 * 2 ** 20; // bytes; a wheel's directory takes 1-2 MB
const SYMBOLIC_LINK = 0xa000;

/**
 * Reads a zip archive from disk entry by entry, so that its size does not matter. Made for files from elsewhere:
 * names that leave the target folder, links, encryption and sizes or checksums that do not hold are refused.
 */
export class ZipArchive {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
    /** Files of the archive; folders are left out. */
    readonly entries: readonly ZipEntry[],
  ) {}

  /**
   * Opens an archive and reads its directory.
   *
   * @throws {@link DataError} when it is no zip archive or its directory is damaged or hostile.
   */
  static async open(path: string): Promise<ZipArchive> {
    const file = await open(path, "r");
    try {
      return new ZipArchive(path, file, await readDirectory(path, file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /**
   * Unpacks one entry below `folder` and returns the path written.
   *
   * @throws {@link DataError} when its bytes do not match the declared size or checksum.
   */
  async extract(entry: ZipEntry, folder: string, signal?: AbortSignal): Promise<string> {
    const target = join(folder, entry.name);
    await mkdir(dirname(target), { recursive: true });
    const out = createWriteStream(target, { mode: entry.mode & 0o111 ? 0o755 : 0o644 });
    await this.copy(entry, out, signal);
    return target;
  }

  /** The bytes of one small entry. */
  async read(entry: ZipEntry, limit = 16 * 2 ** 20): Promise<Buffer> {
    if (entry.size > limit)
      fail(this.path, `${entry.name} has ${entry.size} bytes; at most ${limit} were expected`);
    const parts: Buffer[] = [];
    const sink = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        parts.push(chunk);
        done();
      },
    });
    sink.resume();
    await this.copy(entry, sink);
    return Buffer.concat(parts);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.file.close();
  }

  private async copy(entry: ZipEntry, out: NodeJS.WritableStream, signal?: AbortSignal): Promise<void> {
    const start = await this.dataStart(entry);
    const check = checked(this.path, entry);
    const raw = entry.packedSize === 0 ? Readable.from([]) : this.rawStream(start, entry.packedSize);
    try {
      if (entry.method === 8)
        await pipeline(raw, createInflateRaw(), check, out, { ...(signal && { signal }) });
      else await pipeline(raw, check, out, { ...(signal && { signal }) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code?.startsWith("Z_"))
        fail(this.path, `${entry.name} cannot be unpacked (${(error as Error).message})`, start);
      throw error;
    }
  }

  private rawStream(start: number, length: number): Readable {
    return createReadStream(this.path, { start, end: start + length - 1, highWaterMark: 2 ** 20 });
  }

  private async dataStart(entry: ZipEntry): Promise<number> {
    const header = await bytesAt(this.path, this.file, entry.offset, 30);
    if (header.readUInt32LE(0) !== LOCAL)
      fail(this.path, `${entry.name} has no header; the directory points elsewhere`, entry.offset);
    return entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  }
}

/** Passes bytes on, refuses more than declared, and at the end fewer or others than declared. */
function checked(path: string, entry: ZipEntry): Transform {
  let size = 0;
  let crc = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      crc = crc32(chunk, crc);
      if (size > entry.size)
        done(problem(path, `${entry.name} unpacks to more than the declared ${entry.size} bytes`));
      else done(null, chunk);
    },
    flush(done) {
      if (size !== entry.size)
        done(problem(path, `${entry.name} unpacks to ${size} bytes; ${entry.size} were declared`));
      else if (crc !== entry.crc) done(problem(path, `${entry.name} has another checksum than declared`));
      else done();
    },
  });
}

function problem(path: string, text: string, offset?: number): DataError {
  return new DataError(`readZip: ${path}: ${text}`, { path, offset });
}

function fail(path: string, text: string, offset?: number): never {
  throw problem(path, text, offset);
}

async function bytesAt(path: string, file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  if (bytesRead !== length) fail(path, `ends at byte ${position + bytesRead}; more was expected`, position);
  return buffer;
}

/** Where the directory lies and how many entries it has. */
async function findDirectory(path: string, file: FileHandle): Promise<[number, number, number]> {
  const { size } = await file.stat();
  const length = Math.min(size, 22 + 0xffff);
  const tail = await bytesAt(path, file, size - length, length);
  let at = length - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) at--;
  if (at < 0) fail(path, "is no zip archive; it has no directory");
  const short: [number, number, number] = [
    tail.readUInt32LE(at + 16),
    tail.readUInt32LE(at + 12),
    tail.readUInt16LE(at + 10),
  ];
  if (short[0] !== 0xffffffff && short[1] !== 0xffffffff && short[2] !== 0xffff) return short;
  if (at < 20 || tail.readUInt32LE(at - 20) !== LOCATOR64) return short;
  const record = await bytesAt(path, file, big(path, tail, at - 20 + 8), 56);
  if (record.readUInt32LE(0) !== END64) fail(path, "has a damaged directory");
  return [big(path, record, 48), big(path, record, 40), big(path, record, 32)];
}

/** A 64-bit size or offset, refused where a number cannot hold it. */
function big(path: string, buffer: Buffer, at: number): number {
  const value = Number(buffer.readBigUInt64LE(at));
  if (!Number.isSafeInteger(value)) fail(path, `declares a size of ${value} bytes`);
  return value;
}

async function readDirectory(path: string, file: FileHandle): Promise<ZipEntry[]> {
  const [offset, length, count] = await findDirectory(path, file);
  if (length > MAX_DIRECTORY)
    fail(path, `has a directory of ${length} bytes; at most ${MAX_DIRECTORY} were expected`);
  const directory = await bytesAt(path, file, offset, length);
  const names = new Set<string>();
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 46 > length || directory.readUInt32LE(at) !== CENTRAL)
      fail(path, `has a directory of ${count} entries; entry ${index} is damaged`, offset + at);
    const nameEnd = at + 46 + directory.readUInt16LE(at + 28);
    const extraEnd = nameEnd + directory.readUInt16LE(at + 30);
    const next = extraEnd + directory.readUInt16LE(at + 32);
    if (next > length)
      fail(path, `has a directory of ${count} entries; entry ${index} is cut off`, offset + at);
    const entry = readEntry(path, directory, at, nameEnd, extraEnd);
    at = next;
    if (entry.name.endsWith("/")) continue;
    if (names.has(entry.name)) fail(path, `holds ${JSON.stringify(entry.name)} twice`);
    names.add(entry.name);
    entries.push(entry);
  }
  return entries;
}

function readEntry(path: string, directory: Buffer, at: number, nameEnd: number, extraEnd: number): ZipEntry {
  const name = directory.toString("utf8", at + 46, nameEnd);
  const mode = directory.readUInt16LE(at + 40);
  const entry: ZipEntry = {
    name,
    method: directory.readUInt16LE(at + 10),
    crc: directory.readUInt32LE(at + 16),
    packedSize: directory.readUInt32LE(at + 20),
    size: directory.readUInt32LE(at + 24),
    offset: directory.readUInt32LE(at + 42),
    mode: mode & 0o777,
  };
  readSizes64(path, entry, directory.subarray(nameEnd, extraEnd));
  const parts = name.replace(/\/$/, "").split("/");
  if (/[\\\0:]/.test(name) || parts.some((part) => part === "" || part === "." || part === ".."))
    fail(path, `holds the name ${JSON.stringify(name)}; a path inside the archive was expected`);
  if (directory.readUInt16LE(at + 8) & 1) fail(path, `${name} is encrypted`);
  if ((mode & 0xf000) === SYMBOLIC_LINK) fail(path, `${name} is a link; files were expected`);
  if (entry.method !== 0 && entry.method !== 8)
    fail(path, `${name} is packed by method ${entry.method}; 0 or 8 was expected`);
  return entry;
}

/** Sizes that do not fit 32 bits stand in an extra field, in this order, each only where it is needed. */
function readSizes64(path: string, entry: ZipEntry, extra: Buffer): void {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    const field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    let read = 0;
    const next = () => {
      if (read + 8 > field.length) fail(path, `${entry.name} has a damaged size`);
      read += 8;
      return big(path, field, read - 8);
    };
    if (entry.size === 0xffffffff) entry.size = next();
    if (entry.packedSize === 0xffffffff) entry.packedSize = next();
    if (entry.offset === 0xffffffff) entry.offset = next();
    return;
  }
}
