import { type Key, philox } from "./philox.js";

/** Marks the round keys among the uses of the counter: "perm". */
const PERMUTATION_DOMAIN = 0x7065726d;

function mix(value: number): number {
  let h = value | 0;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A keyed bijection of 0 … M − 1 for each lap: eight Feistel rounds, repeated until the result is inside. */
export class LapPermutation {
  /** Round keys of the current lap. */
  readonly roundKeys = new Uint32Array(8);
  private readonly rightBits: number;
  private readonly leftMask: number;
  private readonly rightMask: number;

  constructor(
    private readonly size: number,
    private readonly key: Key,
    private readonly ringId: number,
  ) {
    const bits = Math.max(2, 32 - Math.clz32(size - 1));
    const leftBits = bits >> 1;
    this.rightBits = bits - leftBits;
    this.leftMask = 2 ** leftBits - 1;
    this.rightMask = 2 ** this.rightBits - 1;
  }

  /** Turns to a lap. */
  lap(lap: number): void {
    philox([lap, this.ringId, PERMUTATION_DOMAIN, 0], this.key, this.roundKeys);
    philox([lap, this.ringId, PERMUTATION_DOMAIN, 1], this.key, this.roundKeys, 4);
  }

  /** Place of `x` in this lap. */
  map(x: number): number {
    const out = new Int32Array(1);
    this.fill(x, out, 0, 1);
    return out[0]!;
  }

  /** Writes the places of `x`, `x + 1`, … to `count` words of `out` from `at` on. */
  fill(x: number, out: Int32Array, at: number, count: number): void {
    if (this.size === 1) {
      out.fill(0, at, at + count);
      return;
    }
    // All in local whole numbers of 32 bits: this loop runs once for every generated element.
    const { roundKeys, leftMask, rightMask, rightBits, size } = this;
    const [k0, k1, k2, k3] = [roundKeys[0]! | 0, roundKeys[1]! | 0, roundKeys[2]! | 0, roundKeys[3]! | 0];
    const [k4, k5, k6, k7] = [roundKeys[4]! | 0, roundKeys[5]! | 0, roundKeys[6]! | 0, roundKeys[7]! | 0];
    for (let i = 0; i < count; i++) {
      let value = (x + i) | 0;
      do {
        let left = value >>> rightBits;
        let right = value & rightMask;
        left ^= mix(right + k0) & leftMask;
        right ^= mix(left + k1) & rightMask;
        left ^= mix(right + k2) & leftMask;
        right ^= mix(left + k3) & rightMask;
        left ^= mix(right + k4) & leftMask;
        right ^= mix(left + k5) & rightMask;
        left ^= mix(right + k6) & leftMask;
        right ^= mix(left + k7) & rightMask;
        value = (left << rightBits) | right;
      } while (value >= size);
      out[at + i] = value;
    }
  }

  /** The `x` whose place is `y` in this lap. */
  inverse(y: number): number {
    if (this.size === 1) return 0;
    const { roundKeys: k, leftMask, rightMask, rightBits, size } = this;
    let value = y;
    do {
      let left = value >>> rightBits;
      let right = value & rightMask;
      for (let i = 6; i >= 0; i -= 2) {
        right ^= mix(left + k[i + 1]!) & rightMask;
        left ^= mix(right + k[i]!) & leftMask;
      }
      value = ((left << rightBits) | right) >>> 0;
    } while (value >= size);
    return value;
  }
}
