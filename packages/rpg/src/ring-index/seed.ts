import { ArgumentError } from "@lab/core";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Key } from "./philox.js";

/** What keys a generator: an integer below 2^64, or a text or bytes, of which SHA-256 is taken. */
export type Seed = number | bigint | string | Uint8Array;

/** The 64-bit key of a seed. */
export function keyOf(caller: string, seed: Seed): Key {
  if (typeof seed === "string" || seed instanceof Uint8Array) {
    const digest = sha256(typeof seed === "string" ? new TextEncoder().encode(seed) : seed);
    const view = new DataView(digest.buffer, digest.byteOffset);
    return [view.getUint32(0, true), view.getUint32(4, true)];
  }
  const isWhole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  const value = isWhole ? BigInt(seed) : -1n;
  if (value < 0n || value >= 1n << 64n) {
    throw new ArgumentError(
      `${caller}: seed is ${String(seed)}; a text, bytes or an integer from 0 to 2^64 - 1 was expected`,
      { argument: "seed", value: seed },
    );
  }
  return [Number(value & 0xffffffffn), Number(value >> 32n)];
}

/** The integer that has a key, as a seed. */
export const seedOfKey = ([low, high]: Key): bigint => (BigInt(high) << 32n) | BigInt(low);

/** A fresh secret seed of 16 bytes from the platform's secure source. */
export function newKey(): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(16));
}
