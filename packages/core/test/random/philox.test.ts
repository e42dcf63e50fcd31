import { expect, test } from "vitest";
import { philoxBlocks, philoxBlocksPlain } from "../../src/random/philox.js";

// Known answers of Philox 4x32-10, Random123's kat_vectors: counter, key, output.
const vectors = [
  { counter: [0, 0, 0, 0], key: [0, 0], output: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    output: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    output: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
] as const;

test.each(vectors)("the Random123 known answer for counter $counter", ({ counter, key, output }) => {
  const out = new Uint32Array(4);
  philoxBlocks(out, 0, 1, key[0], key[1], [...counter]);
  expect([...out]).toEqual([...output]);
});

test("consecutive blocks carry from the low into the high counter word", () => {
  const both = new Uint32Array(8);
  philoxBlocks(both, 0, 2, 5, 6, [0xffffffff, 0, 0, 0]);
  const second = new Uint32Array(4);
  philoxBlocks(second, 0, 1, 5, 6, [0, 1, 0, 0]);
  expect([...both.subarray(4)]).toEqual([...second]);
});

test.each([
  ["whole groups of blocks", 4, [7, 9, 11, 13]],
  ["a rest", 19, [0xffffff00, 1, 2, 3]],
  ["more than one call", 2 ** 14 + 5, [3, 0xffffffff, 0, 0xffffffff]],
  ["a counter that runs over", 40, [0xfffffff0, 2, 3, 4]],
] as const)("many blocks are those one by one: %s", (_, numBlocks, counter) => {
  const [fast, plain] = [new Uint32Array(4 * numBlocks + 9), new Uint32Array(4 * numBlocks + 9)];
  philoxBlocks(fast, 5, numBlocks, 0xdeadbeef, 0x01234567, counter);
  philoxBlocksPlain(plain, 5, numBlocks, 0xdeadbeef, 0x01234567, counter);
  expect(Buffer.from(fast.buffer).equals(Buffer.from(plain.buffer))).toBe(true);
  expect([...fast.subarray(4 * numBlocks + 5)]).toEqual([0, 0, 0, 0]);
});

test("plain code draws the known answers too", () => {
  for (const { counter, key, output } of vectors) {
    const out = new Uint32Array(4);
    philoxBlocksPlain(out, 0, 1, key[0], key[1], [...counter]);
    expect([...out]).toEqual([...output]);
  }
});
