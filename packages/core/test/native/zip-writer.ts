import { crc32, deflateRawSync } from "node:zlib";

/** One file of a test archive; the optional fields let it lie. */
export interface TestEntry {
  name: string;
  data: Uint8Array | string;
  /** Unix mode with file type, such as 0o120777 for a link. */
  mode?: number;
  stored?: boolean;
  method?: number;
  flags?: number;
  crc?: number;
  size?: number;
  /** Writes sizes and offset in 64 bits. */
  zip64?: boolean;
}

/** An archive byte by byte, so that a test decides what stands in every field. */
export function writeZip(entries: readonly TestEntry[], count = entries.length): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = Buffer.from(entry.data);
    const packed = entry.stored ? data : deflateRawSync(data);
    const name = Buffer.from(entry.name);
    const size = entry.size ?? data.length;
    const fields = (header: Buffer, at: number) => {
      header.writeUInt16LE(entry.flags ?? 0, at);
      header.writeUInt16LE(entry.method ?? (entry.stored ? 0 : 8), at + 2);
      header.writeUInt32LE(entry.crc ?? crc32(data), at + 8);
      header.writeUInt32LE(entry.zip64 ? 0xffffffff : packed.length, at + 12);
      header.writeUInt32LE(entry.zip64 ? 0xffffffff : size, at + 16);
      header.writeUInt16LE(name.length, at + 20);
    };
    const extra = Buffer.alloc(entry.zip64 ? 28 : 0);
    if (entry.zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      extra.writeBigUInt64LE(BigInt(size), 4);
      extra.writeBigUInt64LE(BigInt(packed.length), 12);
      extra.writeBigUInt64LE(BigInt(offset), 20);
    }
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    fields(local, 6);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    fields(central, 8);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(entry.zip64 ? 0xffffffff : offset, 42);
    files.push(local, name, packed);
    directory.push(central, name, extra);
    offset += 30 + name.length + packed.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, list, end]);
}
