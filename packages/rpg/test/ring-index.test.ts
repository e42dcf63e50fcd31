import { createHash } from "node:crypto";
import { ArgumentError } from "@lab/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ringIndex, ringPosition } from "../src/index.js";
import { LapPermutation } from "../src/ring-index/permutation.js";
import { philox } from "../src/ring-index/philox.js";

// Golden values of index version rpg-1: other platforms must find the same.
const places = (packed: Int32Array) => Array.from(packed, (word) => word & 0x7fffffff);
const signs = (packed: Int32Array) => Array.from(packed, (word) => (word < 0 ? "-" : "+")).join("");
const hex = (words: Uint32Array) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");
const numbers = (text: string) => text.split(/[ |]+/).map(Number);

test("philox gives the vectors of its paper's test suite", () => {
  const out = new Uint32Array(4);
  const ones = 0xffffffff;
  philox([0, 0, 0, 0], [0, 0], out);
  expect(hex(out)).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
  philox([ones, ones, ones, ones], [ones, ones], out);
  expect(hex(out)).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
  philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], out);
  expect(hex(out)).toBe("d16cfe09 94fdcceb 5001e420 24126ea1");
});

test("the round keys of lap 0 are the golden ones", () => {
  const permutation = new LapPermutation(10, [12345, 0], 0);
  permutation.lap(0);
  expect(hex(permutation.roundKeys)).toBe(
    "b0aae99f 11f70ec3 17837c37 497d1c27 68f7ba2d fd18db60 e9adc8f6 624233ef",
  );
});

test("golden indices of small rings", () => {
  const ten = ringIndex({ size: 10, seed: 12345 }, 0, 24);
  expect(places(ten)).toEqual(numbers("3 1 7 4 5 0 6 8 9 2 | 1 5 4 2 8 6 3 7 9 0 | 5 7 2 6"));
  expect(signs(ten)).toBe("-++++--+-+--++--+-+++-+-");
  expect(places(ringIndex({ size: 13, seed: 12345 }, 0, 13))).toEqual(
    numbers("3 11 7 4 10 12 6 8 9 2 5 1 0"),
  );
  expect(places(ringIndex({ size: 1000, seed: 12345 }, 0, 13))).toEqual(
    numbers("184 991 855 106 610 438 718 981 105 247 17 370 677"),
  );
});

test("golden indices of one layer's ring, across the end of a lap and far away", () => {
  const spec = { size: 2_359_296, seed: 12345 };
  expect(places(ringIndex(spec, 0, 8))).toEqual(
    numbers("597867 1514105 443512 1651194 2239944 661974 1871118 453994"),
  );
  const across = ringIndex(spec, 2_359_290, 12);
  expect(places(across)).toEqual(
    numbers("717206 1113726 328230 755891 1292724 2217977 | 487208 2015367 1561799 2037294 320788 1589663"),
  );
  expect(signs(across)).toBe("+--+++--++--");
  const far = ringIndex(spec, 11_157_496, 8);
  expect(places(far)).toEqual(numbers("1646100 1777463 1871242 50946 634595 92763 462443 1324722"));
  expect(signs(far)).toBe("-+-----+");
});

test("golden indices of texts, hashing, other rings and blocks", () => {
  const text = ringIndex({ size: 1000, seed: "release-7" }, 0, 8);
  expect(places(text)).toEqual(numbers("888 91 53 106 393 102 727 830"));
  expect(signs(text)).toBe("+++----+");
  expect(places(ringIndex({ size: 1000, seed: 12345, share: "hashed" }, 0, 8))).toEqual(
    numbers("926 625 229 630 852 455 176 90"),
  );
  const third = ringIndex({ size: 1000, seed: 0x1deadbeefn, ringId: 3 }, 0, 8);
  expect(places(third)).toEqual(numbers("458 432 743 564 273 457 841 185"));
  expect(signs(third)).toBe("--++-+--");
  expect(places(ringIndex({ size: 12, seed: 12345, block: 4 }, 0, 24))).toEqual(
    numbers("8 9 10 11 0 1 2 3 4 5 6 7 | 4 5 6 7 0 1 2 3 8 9 10 11"),
  );
});

test("whole streams have the golden digests", () => {
  const digest = (size: number, length: number) =>
    createHash("sha256")
      .update(new Uint8Array(ringIndex({ size, seed: 12345 }, 0, length).buffer))
      .digest("hex")
      .slice(0, 16);
  expect(digest(1000, 418_200)).toBe("ceac718eec617967");
  expect(digest(5184, 31_104)).toBe("79a7069e32e136c7");
});

const anySpec = fc.record({
  size: fc.integer({ min: 1, max: 5000 }),
  seed: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
});

test("each lap is a bijection, and the position of each place is its inverse", () => {
  fc.assert(
    fc.property(anySpec, fc.integer({ min: 0, max: 1000 }), (spec, lap) => {
      const lapPlaces = places(ringIndex(spec, lap * spec.size, spec.size));
      expect(new Set(lapPlaces).size).toBe(spec.size);
      const at = spec.size >> 1;
      expect(ringPosition(spec, lapPlaces[at]!, lap)).toBe(lap * spec.size + at);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("a stretch equals the slice of the whole", () => {
  fc.assert(
    fc.property(anySpec, fc.nat(3000), fc.nat(500), (spec, from, length) => {
      const whole = ringIndex(spec, 0, from + length);
      expect(ringIndex(spec, from, length)).toEqual(whole.slice(from));
    }),
    { seed: 2, numRuns: 40 },
  );
});

test("blocks keep neighbours together", () => {
  const packed = places(ringIndex({ size: 600, seed: 5, block: 6 }, 0, 1200));
  for (let t = 0; t < packed.length - 1; t++) {
    if (t % 6 !== 5) expect(packed[t + 1]).toBe(packed[t]! + 1);
  }
});

test("signs balance and two seeds have nothing in common", () => {
  const length = 100_000;
  const first = ringIndex({ size: 1000, seed: 1 }, 0, length);
  const sum = first.reduce((s, word) => s + (word < 0 ? -1 : 1), 0);
  expect(Math.abs(sum / length)).toBeLessThan(5 / Math.sqrt(length));
  const second = ringIndex({ size: 1000, seed: 2 }, 0, 1000);
  const same = second.reduce((s, word, i) => s + ((word ^ first[i]!) << 1 === 0 ? 1 : 0), 0);
  expect(same).toBeLessThanOrEqual(12);
});

test("pairs of places are uniform over keys, which fewer rounds are not", () => {
  const counts = new Float64Array(256);
  const keys = 40_000;
  for (let key = 0; key < keys; key++) {
    const permutation = new LapPermutation(16, [key, 0], 0);
    permutation.lap(0);
    counts[16 * permutation.map(0) + permutation.map(1)]!++;
  }
  const expected = keys / 240;
  let chi = 0;
  for (let a = 0; a < 16; a++) {
    for (let b = 0; b < 16; b++) if (a !== b) chi += (counts[16 * a + b]! - expected) ** 2 / expected;
  }
  expect(Math.abs(chi - 239) / Math.sqrt(2 * 239)).toBeLessThan(4);
});

test("neighbours on the way are unrelated on the ring", () => {
  const n = 100_000;
  const packed = places(ringIndex({ size: n, seed: 9 }, 0, n));
  const mean = (n - 1) / 2;
  const variance = (n * n - 1) / 12;
  for (const lag of [1, 256]) {
    let sum = 0;
    for (let t = 0; t + lag < n; t++) sum += (packed[t]! - mean) * (packed[t + lag]! - mean);
    expect(Math.abs(sum / n / variance)).toBeLessThan(4 / Math.sqrt(n));
  }
});

test("numbers out of range are refused with the value and what was expected", () => {
  expect(() => ringIndex({ size: 0, seed: 1 }, 0, 1)).toThrow(ArgumentError);
  expect(() => ringIndex({ size: 10, seed: 1, block: 3 }, 0, 1)).toThrow(/block is 3.*nearest are 2 and 5/);
  expect(() => ringIndex({ size: 10, seed: -1 }, 0, 1)).toThrow(/seed is -1/);
  expect(ringPosition({ size: 10, seed: 1, share: "hashed" }, 3, 0)).toBe(-1);
});
