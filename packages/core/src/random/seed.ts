import { ArgumentError } from "../errors/index.js";
import { philoxBlocks } from "./philox.js";

/** A 64-bit key as its low and high word. */
export type Key = readonly [low: number, high: number];

/** Counter words that mark hashing, so that no split meets the stream of draws. */
const TEXT_DOMAIN = 0x74657874;
const SPLIT_DOMAIN = 0x73706c74;

const words = new Uint32Array(4);

function absorb(key: Key, first: number, second: number, domain: number): Key {
  philoxBlocks(words, 0, 1, key[0], key[1], [first >>> 0, second >>> 0, 0, domain]);
  return [words[0]!, words[1]!];
}

function absorbText(key: Key, text: string): Key {
  const bytes = new TextEncoder().encode(text);
  let state = absorb(key, bytes.length, 0, TEXT_DOMAIN);
  for (let at = 0; at < bytes.length; at += 8) {
    const word = (from: number) =>
      (bytes[from] ?? 0) |
      ((bytes[from + 1] ?? 0) << 8) |
      ((bytes[from + 2] ?? 0) << 16) |
      ((bytes[from + 3] ?? 0) << 24);
    state = absorb(state, word(at), word(at + 4), TEXT_DOMAIN);
  }
  return state;
}

/** Key of a seed: a whole number below 2^64 is the key itself, a text is hashed. */
export function keyOfSeed(seed: number | bigint | string): Key {
  if (typeof seed === "string") return absorbText([0, 0], seed);
  const isWhole = typeof seed === "bigint" || Number.isSafeInteger(seed);
  const value = isWhole ? BigInt(seed) : -1n;
  if (value < 0n || value >= 1n << 64n) {
    throw new ArgumentError(
      `Generator: seed is ${String(seed)}; a text or an integer from 0 to 2^64 - 1 was expected`,
      {
        argument: "seed",
        value: seed,
      },
    );
  }
  return [Number(value & 0xffffffffn), Number(value >> 32n)];
}

/** Key of the child of `key` that has this label. */
export function keyOfSplit(key: Key, label: string | number): Key {
  const kind = typeof label === "number" ? 1 : 2;
  return absorbText(absorb(key, kind, 0, SPLIT_DOMAIN), String(label));
}
