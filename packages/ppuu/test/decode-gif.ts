/** A GIF taken apart by an independent, plain implementation of the format (GIF89a). */
export interface DecodedGif {
  width: number;
  height: number;
  frames: { delayMs: number; rgb: Uint8Array }[];
}

/** Decodes all frames; frames must cover the whole screen. */
export function decodeGif(bytes: Uint8Array): DecodedGif {
  let at = 0;
  const byte = () => bytes[at++]!;
  const word = () => byte() | (byte() << 8);
  const text = String.fromCharCode(...bytes.subarray(0, 6));
  if (text !== "GIF89a") throw new Error(`not a GIF89a: ${text}`);
  at = 6;
  const [width, height, flags] = [word(), word(), byte()];
  at += 2;
  const table = (size: number) => {
    const start = at;
    at += 3 * size;
    return bytes.subarray(start, at);
  };
  const global = flags & 0x80 ? table(2 << (flags & 7)) : undefined;
  const frames: DecodedGif["frames"] = [];
  let delayMs = 0;
  const blocks = () => {
    const parts: number[] = [];
    for (let size = byte(); size > 0; size = byte()) for (let i = 0; i < size; i++) parts.push(byte());
    return parts;
  };
  for (;;) {
    const kind = byte();
    if (kind === 0x3b) return { width, height, frames };
    if (kind === 0x21) {
      const label = byte();
      const parts = blocks();
      if (label === 0xf9) delayMs = 10 * (parts[1]! | (parts[2]! << 8));
      continue;
    }
    if (kind !== 0x2c) throw new Error(`unknown block ${kind} at ${at}`);
    at += 8;
    const local = byte();
    const palette = local & 0x80 ? table(2 << (local & 7)) : global!;
    const codeSize = byte();
    const index = lzw(blocks(), codeSize, width * height);
    const rgb = new Uint8Array(3 * width * height);
    for (const [i, colour] of index.entries()) rgb.set(palette.subarray(3 * colour, 3 * colour + 3), 3 * i);
    frames.push({ delayMs, rgb });
  }
}

function lzw(data: readonly number[], codeSize: number, size: number): number[] {
  const [clear, end] = [1 << codeSize, (1 << codeSize) + 1];
  const out: number[] = [];
  let [bits, bitCount, at] = [0, 0, 0];
  let width = codeSize + 1;
  let words: number[][] = [];
  let previous: number[] | undefined;
  const start = () => {
    words = Array.from({ length: clear }, (_, i) => [i]);
    words.push([], []);
    width = codeSize + 1;
    previous = undefined;
  };
  start();
  for (;;) {
    while (bitCount < width) {
      bits |= data[at++]! << bitCount;
      bitCount += 8;
    }
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    bitCount -= width;
    if (code === clear) {
      start();
      continue;
    }
    if (code === end || out.length > size) return out;
    const word: number[] = words[code] ?? [...previous!, previous![0]!];
    for (const value of word) out.push(value);
    if (previous && words.length < 4096) {
      words.push([...previous, word[0]!]);
      if (words.length === 1 << width && width < 12) width++;
    }
    previous = word;
  }
}
