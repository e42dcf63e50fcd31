import { badArtifact } from "./envelope.js";

const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12_289, 16_385, 24_577,
];
const DISTANCE_BITS = DISTANCE_BASE.map((_, i) => Math.max(0, (i >> 1) - 1));
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
/** Bytes before the data where gzip's header has no optional part. */
const GZIP_HEADER = 10;
const GZIP_TRAILER = 8;

/** A canonical prefix code: how many words have each length, and their symbols in order. */
interface Code {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function codeOf(lengths: ArrayLike<number>): Code {
  const counts = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) counts[lengths[i]!]!++;
  counts[0] = 0;
  const starts = new Uint16Array(16);
  for (let length = 1; length < 16; length++) starts[length] = starts[length - 1]! + counts[length - 1]!;
  const symbols = new Uint16Array(lengths.length);
  for (let i = 0; i < lengths.length; i++) if (lengths[i]) symbols[starts[lengths[i]!]!++] = i;
  return { counts, symbols };
}

const FIXED_LENGTHS = codeOf(
  Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = codeOf(new Array(30).fill(5));

/** Bits of a stream, least significant first. */
class BitReader {
  private bit = 0;
  constructor(
    private readonly bytes: Uint8Array,
    private at: number,
    private readonly end: number,
  ) {}

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) {
      if (this.at >= this.end) throw badArtifact("its description is cut off");
      value |= ((this.bytes[this.at]! >>> this.bit) & 1) << i;
      if (++this.bit === 8) {
        this.bit = 0;
        this.at++;
      }
    }
    return value;
  }

  /** Skips to the next byte and takes `count` bytes. */
  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(this.at, this.at + count);
    this.at += count;
    return taken;
  }

  /** Skips what is left of a byte. */
  align(): void {
    if (this.bit > 0) {
      this.bit = 0;
      this.at++;
    }
  }

  symbol({ counts, symbols }: Code): number {
    let [code, first, index] = [0, 0, 0];
    for (let length = 1; length < 16; length++) {
      code |= this.bits(1);
      const count = counts[length]!;
      if (code - count < first) return symbols[index + code - first]!;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    throw badArtifact("its description has an unknown code");
  }
}

function dynamicCodes(reader: BitReader): [Code, Code] {
  const numLengths = reader.bits(5) + 257;
  const numDistances = reader.bits(5) + 1;
  const numCodes = reader.bits(4) + 4;
  const order = new Uint8Array(19);
  for (let i = 0; i < numCodes; i++) order[CODE_ORDER[i]!] = reader.bits(3);
  const code = codeOf(order);
  const lengths: number[] = [];
  while (lengths.length < numLengths + numDistances) {
    const symbol = reader.symbol(code);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) lengths.push(...new Array(3 + reader.bits(2)).fill(lengths.at(-1) ?? 0));
    else lengths.push(...new Array(symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7)).fill(0));
  }
  return [codeOf(lengths.slice(0, numLengths)), codeOf(lengths.slice(numLengths))];
}

/**
 * Undoes gzip at once, unlike the platform's stream, so that a file can be inspected by a synchronous function.
 *
 * @see RFC 1951 and RFC 1952.
 */
export function gunzip(bytes: Uint8Array): Uint8Array {
  const isPlain = bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8 && bytes[3] === 0;
  if (!isPlain || bytes.length < GZIP_HEADER + GZIP_TRAILER) throw badArtifact("its description is no gzip");
  const reader = new BitReader(bytes, GZIP_HEADER, bytes.length - GZIP_TRAILER);
  const out: number[] = [];
  for (let isLast = 0; isLast === 0; ) {
    isLast = reader.bits(1);
    const kind = reader.bits(2);
    if (kind === 0) {
      reader.align();
      const length = reader.bits(16);
      reader.bits(16);
      for (const byte of reader.take(length)) out.push(byte);
      continue;
    }
    const [lengths, distances] = kind === 1 ? [FIXED_LENGTHS, FIXED_DISTANCES] : dynamicCodes(reader);
    for (let symbol = reader.symbol(lengths); symbol !== 256; symbol = reader.symbol(lengths)) {
      if (symbol < 256) {
        out.push(symbol);
        continue;
      }
      const count = LENGTH_BASE[symbol - 257]! + reader.bits(LENGTH_BITS[symbol - 257]!);
      const far = reader.symbol(distances);
      const from = out.length - DISTANCE_BASE[far]! - reader.bits(DISTANCE_BITS[far]!);
      for (let i = 0; i < count; i++) out.push(out[from + i]!);
    }
  }
  return Uint8Array.from(out);
}
