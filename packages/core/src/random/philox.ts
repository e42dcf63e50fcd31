import { MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1 } from "./philox-constants.js";
import { MOST_BLOCKS, philoxSimd } from "./philox-simd.js";

/** Fewer blocks than this cost more to fetch than to compute. */
const LEAST_BLOCKS = 4;

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16); // below 2^32: (2^16-1)^2 + 2^16-1
  const carried = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carried >>> 16)) | 0;
}

/**
 * Writes consecutive blocks of four words each of Philox 4×32 with 10 rounds, a bijection of a 128-bit counter under a
 * 64-bit key.
 *
 * @param out - Filled with `4 * numBlocks` words from `offset` on.
 * @param key0 - Low word of the key.
 * @param key1 - High word of the key.
 * @param counter - First counter, four words, low first; left as it is. Only its low 64 bits are advanced.
 * @see Salmon, Moraes, Dror, Shaw (2011), Parallel random numbers: as easy as 1, 2, 3, section 4.3.
 */
export function philoxBlocks(
  out: Uint32Array,
  offset: number,
  numBlocks: number,
  key0: number,
  key1: number,
  counter: readonly [number, number, number, number],
): void {
  const simd = numBlocks >= LEAST_BLOCKS ? philoxSimd() : null;
  const [low, ...rest] = counter;
  // The vectors do not carry from the low into the high word.
  if (simd === null || low + numBlocks >= 2 ** 32) {
    philoxBlocksPlain(out, offset, numBlocks, key0, key1, counter);
    return;
  }
  for (let done = 0; done < numBlocks; done += MOST_BLOCKS) {
    const count = Math.min(MOST_BLOCKS, numBlocks - done);
    simd.run(0, 16 * count, low + done, ...rest, key0, key1);
    out.set(simd.words.subarray(0, 4 * count), offset + 4 * done);
  }
}

/** As {@link philoxBlocks}, in plain code. */
export function philoxBlocksPlain(
  out: Uint32Array,
  offset: number,
  numBlocks: number,
  key0: number,
  key1: number,
  counter: readonly [number, number, number, number],
): void {
  let [low, high] = counter;
  for (let block = 0; block < numBlocks; block++) {
    let [c0, c1, c2, c3] = [low | 0, high | 0, counter[2] | 0, counter[3] | 0];
    let [k0, k1] = [key0 | 0, key1 | 0];
    for (let round = 0; round < ROUNDS; round++) {
      const high0 = multiplyHigh(MULTIPLIER_0, c0);
      const low0 = Math.imul(MULTIPLIER_0, c0);
      const high1 = multiplyHigh(MULTIPLIER_1, c2);
      const low1 = Math.imul(MULTIPLIER_1, c2);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + WEYL_0) | 0;
      k1 = (k1 + WEYL_1) | 0;
    }
    const at = offset + 4 * block;
    out[at] = c0;
    out[at + 1] = c1;
    out[at + 2] = c2;
    out[at + 3] = c3;
    low = (low + 1) >>> 0;
    if (low === 0) high = (high + 1) >>> 0;
  }
}
