// Writes src/pricing/score-module.ts: the WebAssembly of the score pass. Run: node simd/build.mjs
//
// scores(x, w, out, rows, groups, d): out[r, k] = Σ_j x[r, j] w[k, j] in double precision.
//   x    rows × d, rows a multiple of 4
//   w    groups × d × 4: four directions side by side
//   out  rows × 4·groups
// All addresses are in bytes. Sums of 4 rows × 4 directions stay in 8 registers of two doubles.
import { writeFileSync } from "node:fs";

const I32 = 0x7f;
const V128 = 0x7b;

const unsigned = (value) => {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
};
const signed = (value) => {
  const bytes = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest >= -64 && rest < 64) return [...bytes, rest & 127];
    bytes.push((rest & 127) | 128);
  }
};
const get = (local) => [0x20, ...unsigned(local)];
const set = (local, ...code) => [...code.flat(), 0x21, ...unsigned(local)];
const int = (value) => [0x41, ...signed(value)];
const add = (a, b) => [...a, ...b, 0x6a];
const multiply = (a, b) => [...a, ...b, 0x6c];
const bump = (local, by) => set(local, add(get(local), by));
// Repeats `body` while `condition` holds after it.
const repeat = (body, condition) => [0x03, 0x40, ...body, ...condition, 0x0d, 0, 0x0b];
const isLess = (a, b) => [...a, ...b, 0x48];
const simd = (op) => [0xfd, ...unsigned(op)];
const zeros = [...simd(12), ...new Array(16).fill(0)];
const loadPair = (address, offset) => [...address, ...simd(0), 3, ...unsigned(offset)];
const loadBoth = (address) => [...address, ...simd(10), 3, 0]; // one double in both lanes
const storePair = (address, value, offset) => [...address, ...value, ...simd(11), 3, ...unsigned(offset)];
const addPairs = (a, b) => [...a, ...b, ...simd(0xf0)];
const multiplyPairs = (a, b) => [...a, ...b, ...simd(0xf2)];

function body() {
  const [x, w, out, rows, groups, d] = [0, 1, 2, 3, 4, 5];
  const [g, r, j, pw, po, rowBytes] = [6, 7, 8, 9, 10, 11];
  const px = [12, 13, 14, 15];
  const sum = (row, half) => 16 + 2 * row + half;
  const [w0, w1, both] = [24, 25, 26];
  const four = [0, 1, 2, 3];
  const inner = [
    ...set(w0, loadPair(get(pw), 0)),
    ...set(w1, loadPair(get(pw), 16)),
    ...four.flatMap((row) => [
      ...set(both, loadBoth(get(px[row]))),
      ...set(sum(row, 0), addPairs(get(sum(row, 0)), multiplyPairs(get(both), get(w0)))),
      ...set(sum(row, 1), addPairs(get(sum(row, 1)), multiplyPairs(get(both), get(w1)))),
      ...bump(px[row], int(8)),
    ]),
    ...bump(pw, int(32)),
    ...bump(j, int(-1)),
  ];
  const tile = [
    ...set(pw, add(get(w), multiply(get(g), multiply(get(d), int(32))))),
    ...set(px[0], add(get(x), multiply(get(r), multiply(get(d), int(8))))),
    ...[1, 2, 3].flatMap((row) => set(px[row], add(get(px[row - 1]), multiply(get(d), int(8))))),
    ...four.flatMap((row) => [...set(sum(row, 0), zeros), ...set(sum(row, 1), zeros)]),
    ...set(j, get(d)),
    ...repeat(inner, get(j)),
    ...set(po, add(get(out), add(multiply(get(r), get(rowBytes)), multiply(get(g), int(32))))),
    ...four.flatMap((row) => [
      ...storePair(get(po), get(sum(row, 0)), 0),
      ...storePair(get(po), get(sum(row, 1)), 16),
      ...bump(po, get(rowBytes)),
    ]),
    ...bump(r, int(4)),
  ];
  return [
    ...set(rowBytes, multiply(get(groups), int(32))),
    ...repeat(
      [...set(r, int(0)), ...repeat(tile, isLess(get(r), get(rows))), ...bump(g, int(1))],
      isLess(get(g), get(groups)),
    ),
    0x0b,
  ];
}

const section = (id, content) => [id, ...unsigned(content.length), ...content];
const text = (value) => [value.length, ...new TextEncoder().encode(value)];

/** The module: imports `e.m` as its memory, exports `scores`. */
export function assemble() {
  const code = [2, 10, I32, 11, V128, ...body()];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 6, I32, I32, I32, I32, I32, I32, 0]),
    ...section(2, [1, ...text("e"), ...text("m"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("scores"), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

/** The file that holds it. */
export function moduleFile() {
  const base64 = Buffer.from(assemble()).toString("base64");
  return `/** WebAssembly of the score pass, made by simd/build.mjs: do not edit. */\nexport const SCORE_MODULE =\n  "${base64}";\n`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(new URL("../src/pricing/score-module.ts", import.meta.url), moduleFile());
}
