/** Instructions of WebAssembly, nested as they were put together. */
export type Code = readonly (number | Code)[];

/** A 32-bit or smaller whole number in the module's variable-length form. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const low = rest & 0x7f;
    const isLast = (rest >> 7 === 0 && (low & 0x40) === 0) || (rest >> 7 === -1 && (low & 0x40) !== 0);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** Types of values. */
export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
export const int = (value: number): Code => [0x41, signed(value)];
export const add = (a: Code, b: Code): Code => [a, b, 0x6a];
export const subtract = (a: Code, b: Code): Code => [a, b, 0x6b];
export const multiply = (a: Code, b: Code): Code => [a, b, 0x6c];
export const isLess = (a: Code, b: Code): Code => [a, b, 0x48];
export const isAtMost = (a: Code, b: Code): Code => [a, b, 0x4c];
export const times4 = (a: Code): Code => [a, 0x41, 2, 0x74];

/** Adds to a local. */
export const step = (local: number, by: Code): Code => set(local, add(get(local), by));

/** Runs `body` again and again while `condition` holds before it. */
export const loopWhile = (condition: Code, body: Code): Code => [
  [0x02, 0x40, 0x03, 0x40],
  [condition, 0x45, 0x0d, 1],
  body,
  [0x0c, 0, 0x0b, 0x0b],
];

/** Runs `body` and repeats it while `condition` holds after it. */
export const loopUntilZero = (body: Code, condition: Code): Code => [
  [0x03, 0x40],
  body,
  condition,
  [0x0d, 0, 0x0b],
];

/** Operations on values of one width: four floats at once, or one. */
export interface Width {
  readonly type: number;
  readonly bytes: number;
  load(address: Code, offset: number): Code;
  /** The float at an address, in every lane. */
  splat(address: Code, offset: number): Code;
  store(address: Code, value: Code, offset: number): Code;
  add(a: Code, b: Code): Code;
  subtract(a: Code, b: Code): Code;
  multiply(a: Code, b: Code): Code;
  /** `value` where `a` equals `b`, else zero. */
  where(a: Code, b: Code, value: Code): Code;
  /** Zero where `a` equals `b`, else `value`. */
  unless(a: Code, b: Code, value: Code): Code;
}

const ZERO: Code = [0x43, 0, 0, 0, 0];

export const four: Width = {
  type: V128,
  bytes: 16,
  load: (address, offset) => [address, 0xfd, 0, 2, unsigned(offset)],
  splat: (address, offset) => [address, 0xfd, 9, 2, unsigned(offset)],
  store: (address, value, offset) => [address, value, 0xfd, 11, 2, unsigned(offset)],
  add: (a, b) => [a, b, 0xfd, 0xe4, 1],
  subtract: (a, b) => [a, b, 0xfd, 0xe5, 1],
  multiply: (a, b) => [a, b, 0xfd, 0xe6, 1],
  where: (a, b, value) => [value, a, b, 0xfd, 0x41, 0xfd, 0x4e],
  unless: (a, b, value) => [value, a, b, 0xfd, 0x41, 0xfd, 0x4f],
};

export const one: Width = {
  type: F32,
  bytes: 4,
  load: (address, offset) => [address, 0x2a, 2, unsigned(offset)],
  splat: (address, offset) => [address, 0x2a, 2, unsigned(offset)],
  store: (address, value, offset) => [address, value, 0x38, 2, unsigned(offset)],
  add: (a, b) => [a, b, 0x92],
  subtract: (a, b) => [a, b, 0x93],
  multiply: (a, b) => [a, b, 0x94],
  where: (a, b, value) => [value, ZERO, a, b, 0x5b, 0x1b],
  unless: (a, b, value) => [ZERO, value, a, b, 0x5b, 0x1b],
};

/** A function of `parameters` whole numbers without a result. */
export interface Program {
  name: string;
  parameters: number;
  /** Types of the locals that follow the parameters. */
  locals: readonly number[];
  body: Code;
}

const section = (id: number, content: number[]) => [id, ...unsigned(content.length), ...content];
const list = (items: number[][]) => [...unsigned(items.length), ...items.flat()];
const text = (value: string) => [...unsigned(value.length), ...new TextEncoder().encode(value)];

function codeOf({ locals, body }: Program): number[] {
  const content = [
    ...list(locals.map((type) => [1, type])),
    ...((body as number[]).flat(Number.POSITIVE_INFINITY) as number[]),
    0x0b,
  ];
  return [...unsigned(content.length), ...content];
}

/**
 * A WebAssembly module of `programs` that works on the memory imported as `env.memory`.
 *
 * @param isShared - Whether that memory is shared between threads.
 */
export function assemble(programs: readonly Program[], isShared: boolean): Uint8Array<ArrayBuffer> {
  const limits = isShared ? [3, 1, ...unsigned(65536)] : [0, 1];
  return new Uint8Array([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(
        programs.map(({ parameters }) => [0x60, ...list(Array.from({ length: parameters }, () => [I32])), 0]),
      ),
    ),
    ...section(2, list([[...text("env"), ...text("memory"), 2, ...limits]])),
    ...section(3, list(programs.map((_, index) => unsigned(index)))),
    ...section(7, list(programs.map(({ name }, index) => [...text(name), 0, ...unsigned(index)]))),
    ...section(10, list(programs.map(codeOf))),
  ]);
}
