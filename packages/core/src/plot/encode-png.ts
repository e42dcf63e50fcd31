import { zlibSync } from "fflate";
import { ArgumentError } from "../errors/index.js";
import type { Picture } from "./types.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

let crcTable: Uint32Array | undefined;

function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/**
 * A picture as the bytes of a PNG file with 8 bits a channel.
 *
 * @param picture - Values in [0, 1]; values outside are clipped, NaN is drawn black.
 * @returns The bytes of the file.
 * @throws {@link ArgumentError} when the data do not fit the size.
 */
export function encodePng(picture: Omit<Picture, "label">): Uint8Array {
  const { width, height, channels, data } = picture;
  if (data.length !== width * height * channels) {
    throw new ArgumentError(
      `encodePng: data holds ${data.length} values; ${height}*${width}*${channels} = ${width * height * channels} were expected`,
      { argument: "data", value: data.length },
    );
  }
  const stride = width * channels;
  const raw = new Uint8Array(height * (stride + 1)); // a filter byte of 0 before each row
  for (let row = 0; row < height; row++) {
    for (let i = 0; i < stride; i++) {
      const value = data[row * stride + i]!;
      raw[row * (stride + 1) + 1 + i] = value > 0 ? Math.min(255, Math.round(value * 255)) : 0;
    }
  }
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  header[9] = channels === 1 ? 0 : 2;
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", zlibSync(raw, { level: 9 })),
    chunk("IEND", new Uint8Array(0)),
  ];
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
