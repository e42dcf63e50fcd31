import {
  assemble,
  type Code,
  get,
  I32,
  int,
  isLess,
  loopWhile,
  type Program,
  set,
  step,
  V128,
} from "../wasm/assembler.js";
import { MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1 } from "./philox-constants.js";

/** Blocks that one call writes at most: 256 KiB, which stay in the cache. */
export const MOST_BLOCKS = 2 ** 14;
const PAGE = 2 ** 16;

const splat = (word: Code): Code => [word, 0xfd, 0x11];
const xor = (a: Code, b: Code): Code => [a, b, 0xfd, 0x51];
const plus = (a: Code, b: Code): Code => [a, b, 0xfd, 0xae, 1];
const store = (address: Code, value: Code, offset: number): Code => [address, value, 0xfd, 11, 2, offset];
/** Products of unsigned words 0 and 1, or 2 and 3, in 64 bits each. */
const products = (a: Code, b: Code, half: "low" | "high"): Code => [
  a,
  b,
  0xfd,
  half === "low" ? 0xde : 0xdf,
  1,
];
/** Four of the eight words of `a` and `b`. */
const words = (a: Code, b: Code, chosen: readonly number[]): Code => [
  ...[a, b, 0xfd, 0x0d],
  ...chosen.flatMap((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]),
];
const LOW_WORDS = [0, 2, 4, 6];
const HIGH_WORDS = [1, 3, 5, 7];
const lanes = (...values: number[]): Code => [0xfd, 0x0c, ...new Uint8Array(Int32Array.from(values).buffer)];

/**
 * `philox(out, end, low, high, third, fourth, key0, key1)`: blocks of the counters from `low` on, four at once, into the
 * addresses from `out` to `end`; the low words of the counters must not pass their end.
 */
function philox(): Program {
  const [out, end, low, high, third, fourth, key0, key1] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [k0, k1, c0, c1, c2, c3, even, odd, high0, low0] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17] as const;
  const multiplied = (factor: number, c: number): Code => [
    set(even, products(get(c), splat(int(factor | 0)), "low")),
    set(odd, products(get(c), splat(int(factor | 0)), "high")),
  ];
  const round: Code = [
    multiplied(MULTIPLIER_0, c0),
    set(high0, words(get(even), get(odd), HIGH_WORDS)),
    set(low0, words(get(even), get(odd), LOW_WORDS)),
    multiplied(MULTIPLIER_1, c2),
    set(c0, xor(xor(words(get(even), get(odd), HIGH_WORDS), get(c1)), splat(get(k0)))),
    set(c1, words(get(even), get(odd), LOW_WORDS)),
    set(c2, xor(xor(get(high0), get(c3)), splat(get(k1)))),
    set(c3, get(low0)),
    step(k0, int(WEYL_0 | 0)),
    step(k1, int(WEYL_1 | 0)),
  ];
  // Lanes hold one word of four blocks; they are stored block by block.
  const pairs = (chosen: readonly number[]): Code => [
    set(even, words(get(c0), get(c1), chosen)),
    set(odd, words(get(c2), get(c3), chosen)),
  ];
  const stored = (offset: number): Code => [
    store(get(out), words(get(even), get(odd), [0, 1, 4, 5]), offset),
    store(get(out), words(get(even), get(odd), [2, 3, 6, 7]), offset + 16),
  ];
  return {
    name: "philox",
    parameters: 8,
    locals: [I32, I32, ...Array(8).fill(V128)],
    body: loopWhile(isLess(get(out), get(end)), [
      set(c0, plus(splat(get(low)), lanes(0, 1, 2, 3))),
      set(c1, splat(get(high))),
      set(c2, splat(get(third))),
      set(c3, splat(get(fourth))),
      set(k0, get(key0)),
      set(k1, get(key1)),
      Array.from({ length: ROUNDS }, () => round),
      pairs([0, 4, 1, 5]),
      stored(0),
      pairs([2, 6, 3, 7]),
      stored(32),
      step(low, int(4)),
      step(out, int(64)),
    ]),
  };
}

type Philox = (out: number, end: number, ...counterAndKey: number[]) => void;
let made: { run: Philox; words: Uint32Array } | null | undefined;

/** The loop and the words that it writes; `null` where there is no WebAssembly with vectors. */
export function philoxSimd(): { run: Philox; words: Uint32Array } | null {
  if (made === undefined) {
    try {
      const memory = new WebAssembly.Memory({ initial: (16 * MOST_BLOCKS) / PAGE });
      const module = new WebAssembly.Module(assemble([philox()], false));
      const { exports } = new WebAssembly.Instance(module, { env: { memory } });
      made = { run: exports.philox as unknown as Philox, words: new Uint32Array(memory.buffer) };
    } catch {
      made = null;
    }
  }
  return made;
}
