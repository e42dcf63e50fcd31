// The few instructions of WebAssembly that the loops here need, as nested lists of bytes.

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

export const [I32, F32, F64, V128] = [0x7f, 0x7d, 0x7c, 0x7b];

export const get = (local) => [0x20, unsigned(local)];
export const set = (local, value) => [value, 0x21, unsigned(local)];
/** Sets a local and leaves the value. */
export const tee = (local, value) => [value, 0x22, unsigned(local)];
export const int = (value) => [0x41, signed(value)];
export const add = (a, b) => [a, b, 0x6a];
export const bump = (local, by) => set(local, add(get(local), by));
export const loadInt = (address) => [address, 0x28, 2, 0];
/** Repeats `body` while `condition` holds after it. */
export const repeat = (body, condition) => [0x03, 0x40, body, condition, 0x0d, 0, 0x0b];
export const isLess = (a, b) => [a, b, 0x48];

const simd = (op) => [0xfd, unsigned(op)];

/** Two doubles at a time. */
export const pair = {
  load: (address, offset = 0) => [address, simd(0), 3, unsigned(offset)],
  store: (address, value, offset = 0) => [address, value, simd(11), 3, unsigned(offset)],
  /** One double from memory in both lanes. */
  both: (address, offset = 0) => [address, simd(10), 3, unsigned(offset)],
  /** Two floats from memory, as doubles. */
  floats: (address, offset = 0) => [address, simd(0x5d), 2, unsigned(offset), simd(0x5f)],
  lane: (value, index) => [value, simd(0x21), index],
  add: (a, b) => [a, b, simd(0xf0)],
  sub: (a, b) => [a, b, simd(0xf1)],
  mul: (a, b) => [a, b, simd(0xf2)],
};

/** Four floats at a time. */
export const four = {
  load: (address) => [address, simd(0), 2, 0],
  store: (address, value) => [address, value, simd(11), 2, 0],
  splat: (value) => [value, simd(0x13)],
  add: (a, b) => [a, b, simd(0xe4)],
  sub: (a, b) => [a, b, simd(0xe5)],
  mul: (a, b) => [a, b, simd(0xe6)],
  min: (a, b) => [a, b, simd(0xe8)],
  max: (a, b) => [a, b, simd(0xe9)],
  /** The lower and the upper two as doubles. */
  low: (value) => [value, simd(0x5f)],
  high: (value) => [
    value,
    value,
    simd(13),
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
    simd(0x5f),
  ],
  zero: [simd(12), new Array(16).fill(0)],
};

/** Filled up with idle instructions to a multiple of 3 bytes: repeated code is then repeated text in base 64, and packs well. */
export const even = (code) => {
  const bytes = code.flat(Number.POSITIVE_INFINITY);
  return [...bytes, ...new Array((3 - (bytes.length % 3)) % 3).fill(0x01)];
};

const section = (id, content) => [id, ...unsigned(content.length), ...content];
const list = (items) => [...unsigned(items.length), ...items.flat()];
const text = (value) => [...unsigned(value.length), ...new TextEncoder().encode(value)];

/** A module of `functions` on the memory `e.m`, in base 64. */
export function moduleOf(functions) {
  const codes = functions.map(({ locals, body }) => {
    const runs = [];
    for (const type of locals) {
      if (runs.at(-1)?.[1] === type) runs.at(-1)[0]++;
      else runs.push([1, type]);
    }
    const content = [...list(runs), ...body.flat(Number.POSITIVE_INFINITY), 0x0b];
    return [...unsigned(content.length), ...content];
  });
  const bytes = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(
        functions.map(({ parameters, results }) => [
          0x60,
          ...list(parameters.map((t) => [t])),
          ...list(results.map((t) => [t])),
        ]),
      ),
    ),
    ...section(2, list([[...text("e"), ...text("m"), 2, 0, 1]])),
    ...section(3, list(functions.map((_, index) => [index]))),
    ...section(7, list(functions.map(({ name }, index) => [...text(name), 0, index]))),
    ...section(10, list(codes)),
  ];
  return Buffer.from(bytes).toString("base64");
}
