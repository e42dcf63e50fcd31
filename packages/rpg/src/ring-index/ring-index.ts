import { ArgumentError, checkChoice, checkInteger } from "@lab/core";
import { LapPermutation } from "./permutation.js";
import { type Key, philox } from "./philox.js";
import { keyOf, type Seed } from "./seed.js";

/** How kernels take numbers from the ring; `rpg` permutes and reflects. */
export type Share = "rpg" | "permute" | "reflect" | "plain" | "hashed";

/** All ways of sharing. */
export const SHARES = ["rpg", "permute", "reflect", "plain", "hashed"] as const;

/** What determines an index, and nothing else does. */
export interface RingIndexSpec {
  /** Numbers in the ring, from 1 to 2^31 − 1. */
  size: number;
  /** Key of permutation and signs. */
  seed: Seed;
  /** Distinguishes rings under one seed. @defaultValue 0 */
  ringId?: number;
  /** Elements that stay together; divides `size`. @defaultValue 1 */
  block?: number;
  /** How kernels take numbers from the ring. @defaultValue `"rpg"` */
  share?: Share;
}

/** A specification that has been checked. */
export interface CheckedSpec {
  size: number;
  key: Key;
  ringId: number;
  block: number;
  share: Share;
}

/** Bit of a packed index that says that the sign is minus. */
export const SIGN_BIT = 0x80000000;
/** Bits of a packed index that are the place on the ring. */
export const PLACE_MASK = 0x7fffffff;

const SIGN_DOMAIN = 0x7369676e; // "sign"
const HASH_DOMAIN = 0x68617368; // "hash"

/** Checks a specification and derives its key. */
export function checkSpec(caller: string, spec: RingIndexSpec): CheckedSpec {
  const size = checkInteger(caller, "size", spec.size, { min: 1, max: PLACE_MASK });
  const block = checkInteger(caller, "block", spec.block ?? 1, { min: 1 });
  if (size % block !== 0) {
    let [below, above] = [block, block];
    while (below > 1 && size % below !== 0) below--;
    while (above < size && size % above !== 0) above++;
    const divisors = above <= size ? `${below} and ${above}` : `${below}`;
    throw new ArgumentError(
      `${caller}: block is ${block}; a divisor of the ring's ${size} elements was expected; the nearest are ${divisors}`,
      { argument: "block", value: block },
    );
  }
  const share = checkChoice(caller, "share", spec.share ?? "rpg", SHARES);
  const ringId = checkInteger(caller, "ringId", spec.ringId ?? 0, { min: 0, max: 2 ** 32 - 1 });
  return { size, key: keyOf(caller, spec.seed), ringId, block, share };
}

/** Writes the packed index of positions `from` … `from + out.length - 1`. */
export function fillIndex(spec: CheckedSpec, from: number, out: Int32Array): void {
  fillPlaces(spec, from, out);
  if (spec.share !== "plain" && spec.share !== "permute") addSigns(spec, from, out);
}

function fillPlaces(spec: CheckedSpec, from: number, out: Int32Array): void {
  const { size, block, share } = spec;
  if (share === "hashed") {
    fillHashed(spec, from, out);
    return;
  }
  const isPermuted = share === "rpg" || share === "permute";
  const permutation = new LapPermutation(size / block, spec.key, spec.ringId);
  for (let at = 0; at < out.length; ) {
    const lap = Math.floor((from + at) / size);
    const place = from + at - lap * size;
    const count = Math.min(size - place, out.length - at);
    if (isPermuted) permutation.lap(lap);
    if (isPermuted && block === 1) permutation.fill(place, out, at, count);
    else if (isPermuted) fillBlocks(permutation, block, place, out.subarray(at, at + count));
    else for (let i = 0; i < count; i++) out[at + i] = place + i;
    at += count;
  }
}

/** Places within one lap where `block` neighbours stay together. */
function fillBlocks(permutation: LapPermutation, block: number, place: number, out: Int32Array): void {
  const first = Math.floor(place / block);
  const blocks = new Int32Array(Math.floor((place + out.length - 1) / block) - first + 1);
  permutation.fill(first, blocks, 0, blocks.length);
  for (let i = 0; i < out.length; i++) {
    const at = place + i;
    const own = Math.floor(at / block);
    out[i] = block * blocks[own - first]! + (at - own * block);
  }
}

function fillHashed({ size, key, ringId }: CheckedSpec, from: number, out: Int32Array): void {
  const words = new Uint32Array(4);
  let current = -1;
  for (let i = 0; i < out.length; i++) {
    const t = from + i;
    const group = Math.floor(t / 4);
    if (group !== current) {
      philox([group, ringId, HASH_DOMAIN, 0], key, words);
      current = group;
    }
    // The high word of the 64-bit product; exact, since both halves stay below 2^48.
    const word = words[t % 4]!;
    const low = Math.floor(((word & 0xffff) * size) / 65536);
    out[i] = Math.floor(((word >>> 16) * size + low) / 65536);
  }
}

function addSigns({ key, ringId }: CheckedSpec, from: number, out: Int32Array): void {
  const words = new Uint32Array(4);
  for (let at = 0; at < out.length; ) {
    const group = Math.floor((from + at) / 128);
    philox([group, ringId, SIGN_DOMAIN, 0], key, words);
    const first = from + at - 128 * group;
    const last = Math.min(128, first + out.length - at);
    for (let within = first; within < last; within++, at++) {
      out[at]! |= (words[within >>> 5]! >>> (within & 31)) << 31;
    }
  }
}

/**
 * The packed index of a stretch of positions: place on the ring in bits 0–30, bit 31 set where the sign is minus.
 *
 * Position $t$ lies in lap $q = \lfloor t/N \rfloor$ at $r = t \bmod N$ and takes element $\pi_q(r)$ with sign $s_t$; both
 * follow from the seed alone.
 *
 * @param spec - See {@link RingIndexSpec}.
 * @param from - First position, at least 0.
 * @param length - Number of positions.
 * @returns One packed 32-bit word for each position.
 * @throws {@link ArgumentError} when a number is out of range or the block does not divide the ring.
 * @remarks Linear in `length`; nothing is stored. Index version `rpg-1`.
 * @see Wang, Chen, Yu, Cheung, LeCun (2021), Recurrent Parameter Generators, section 3.
 * @example
 * ```ts
 * import { ringIndex } from "@lab/rpg";
 *
 * const packed = ringIndex({ size: 10, seed: 12345 }, 0, 4);
 * Array.from(packed, (word) => word & 0x7fffffff); // => [3, 1, 7, 4]
 * Array.from(packed, (word) => word < 0); // => [true, false, false, false]
 * ```
 */
export function ringIndex(spec: RingIndexSpec, from: number, length: number): Int32Array {
  const checked = checkSpec("ringIndex", spec);
  checkInteger("ringIndex", "from", from, { min: 0, below: 2 ** 39 });
  checkInteger("ringIndex", "length", length, { min: 0 });
  const out = new Int32Array(length);
  fillIndex(checked, from, out);
  return out;
}

/**
 * The position at which a lap uses an element: the inverse of {@link ringIndex}.
 *
 * @param spec - See {@link RingIndexSpec}.
 * @param element - Place on the ring, from 0.
 * @param lap - The lap, from 0.
 * @returns The position, or −1 for `hashed`, which has no inverse.
 * @throws {@link ArgumentError} when a number is out of range.
 */
export function ringPosition(spec: RingIndexSpec, element: number, lap: number): number {
  const { size, block, share, key, ringId } = checkSpec("ringPosition", spec);
  checkInteger("ringPosition", "element", element, { min: 0, below: size });
  checkInteger("ringPosition", "lap", lap, { min: 0 });
  if (share === "hashed") return -1;
  if (share === "plain" || share === "reflect") return lap * size + element;
  const permutation = new LapPermutation(size / block, key, ringId);
  permutation.lap(lap);
  return lap * size + block * permutation.inverse(Math.floor(element / block)) + (element % block);
}
