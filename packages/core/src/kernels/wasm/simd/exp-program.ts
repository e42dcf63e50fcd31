import {
  add,
  type Code,
  F32,
  four,
  get,
  I32,
  int,
  isAtMost,
  isLess,
  loopWhile,
  one,
  type Program,
  set,
  step,
  times4,
  V128,
  type Width,
} from "../../../wasm/assembler.js";

/** Operations of the exponential on values of one width. */
interface ExpWidth {
  readonly width: Width;
  /** The same float in every lane. */
  constant(value: number): Code;
  min(a: Code, b: Code): Code;
  max(a: Code, b: Code): Code;
  nearest(a: Code): Code;
  toInt(a: Code): Code;
  /** Half of whole numbers, rounded down. */
  halved(a: Code): Code;
  intSubtract(a: Code, b: Code): Code;
  /** $2^n$ of whole numbers from -126 to 127. */
  powerOfTwo(n: Code): Code;
}

const bytesOf = (value: number): number[] => [...new Uint8Array(Float32Array.of(value).buffer)];
const BIAS = 127;
const splatInt = (value: number): Code => [int(value), 0xfd, 0x11];

const lanes: ExpWidth = {
  width: four,
  constant: (value) => [0xfd, 0x0c, ...Array.from({ length: 4 }, () => bytesOf(value)).flat()],
  min: (a, b) => [a, b, 0xfd, 0xe8, 1],
  max: (a, b) => [a, b, 0xfd, 0xe9, 1],
  nearest: (a) => [a, 0xfd, 0x6a],
  toInt: (a) => [a, 0xfd, 0xf8, 1],
  halved: (a) => [a, int(1), 0xfd, 0xac, 1],
  intSubtract: (a, b) => [a, b, 0xfd, 0xb1, 1],
  powerOfTwo: (n) => [n, splatInt(BIAS), 0xfd, 0xae, 1, int(23), 0xfd, 0xab, 1],
};

const single: ExpWidth = {
  width: one,
  constant: (value) => [0x43, ...bytesOf(value)],
  min: (a, b) => [a, b, 0x96],
  max: (a, b) => [a, b, 0x97],
  nearest: (a) => [a, 0x90],
  toInt: (a) => [a, 0xfc, 0],
  halved: (a) => [a, int(1), 0x75],
  intSubtract: (a, b) => [a, b, 0x6b],
  powerOfTwo: (n) => [n, int(BIAS), 0x6a, int(23), 0x74, 0xbe],
};

/** Beyond these the result is 0 or infinite. */
const [LOWEST, HIGHEST] = [-104, 89];
/** ln 2 in two parts, the first of which times a small whole number is exact. */
const [LN2_HIGH, LN2_LOW] = [0.693359375, -2.1219444e-4];
/** Of $(e^r - 1 - r)/r^2$ on half a step of ln 2, highest power first (Cephes). */
const POLYNOMIAL = [1.9875691e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5];

/** Locals that {@link exponential} works with. */
interface Scratch {
  x: number;
  n: number;
  y: number;
  /** Whole numbers. */
  k: number;
  half: number;
}

/** Leaves $e^x$ of the local `x` in `y`, to 2 units in the last place; NaN stays. */
function exponential(w: ExpWidth, { x, n, y, k, half }: Scratch): Code {
  const { multiply, subtract, add: plus } = w.width;
  const minus = (factor: number) => set(x, subtract(get(x), multiply(get(n), w.constant(factor))));
  const [first, ...rest] = POLYNOMIAL as [number, ...number[]];
  const polynomial = rest.reduce<Code>(
    (sum, term) => plus(multiply(sum, get(x)), w.constant(term)),
    w.constant(first),
  );
  return [
    set(x, w.min(w.max(get(x), w.constant(LOWEST)), w.constant(HIGHEST))),
    set(n, w.nearest(multiply(get(x), w.constant(Math.LOG2E)))),
    minus(LN2_HIGH),
    minus(LN2_LOW),
    set(y, plus(plus(multiply(polynomial, multiply(get(x), get(x))), get(x)), w.constant(1))),
    // In two factors, so that neither leaves the normal numbers where the result is tiny or huge.
    set(k, w.toInt(get(n))),
    set(half, w.halved(get(k))),
    set(
      y,
      multiply(multiply(get(y), w.powerOfTwo(get(half))), w.powerOfTwo(w.intSubtract(get(k), get(half)))),
    ),
  ];
}

const scratch = (from: number): Scratch => ({
  x: from,
  n: from + 1,
  y: from + 2,
  k: from + 3,
  half: from + 4,
});
const VECTORS = [V128, V128, V128, V128, V128];
const FLOATS = [F32, F32, F32, I32, I32];

/** Repeats `body` for 4 and then for 1 of the `count` numbers, with `i` as the number done. */
const overAll = (i: number, count: Code, body: (w: ExpWidth, s: "four" | "one") => Code): Code => [
  set(i, int(0)),
  loopWhile(isAtMost(add(get(i), int(4)), count), [body(lanes, "four"), step(i, int(4))]),
  loopWhile(isLess(get(i), count), [body(single, "one"), step(i, int(1))]),
];

/** `exp(out, x, count)`: $o_i = e^{x_i}$; `out` may be `x`. */
function exp(): Program {
  const [out, x, count, i] = [0, 1, 2, 3] as const;
  const at = { four: scratch(4), one: scratch(9) };
  return {
    name: "exp",
    parameters: 3,
    locals: [I32, ...VECTORS, ...FLOATS],
    body: overAll(i, get(count), (w, kind) => [
      set(at[kind].x, w.width.load(add(get(x), times4(get(i))), 0)),
      exponential(w, at[kind]),
      w.width.store(add(get(out), times4(get(i))), get(at[kind].y), 0),
    ]),
  };
}

/** The four lanes added up. */
const lanesTogether = (v: number): Code =>
  [0, 1, 2, 3].map((lane): Code => [get(v), 0xfd, 0x1f, lane]).reduce((sum, value) => [sum, value, 0x92]);

/**
 * `expSums(out, x, rows, columns, rowSums, columnSums)`: $o_{ij} = e^{x_{ij}}$, and its sums by rows and, added to what is there,
 * by columns; `out` may be `x`.
 */
function expSums(): Program {
  const [out, x, rows, columns, rowSums, columnSums] = [0, 1, 2, 3, 4, 5] as const;
  const [row, i, at, to] = [6, 7, 8, 9];
  const locals = { four: scratch(10), one: scratch(15) };
  const sums = { four: 20, one: 21 };
  return {
    name: "expSums",
    parameters: 6,
    locals: [I32, I32, I32, I32, ...VECTORS, ...FLOATS, V128, F32],
    body: [
      set(row, int(0)),
      loopWhile(isLess(get(row), get(rows)), [
        set(sums.four, lanes.constant(0)),
        set(sums.one, single.constant(0)),
        overAll(i, get(columns), (w, kind) => [
          set(at, times4(get(i))),
          set(locals[kind].x, w.width.load(add(get(x), get(at)), 0)),
          exponential(w, locals[kind]),
          w.width.store(add(get(out), get(at)), get(locals[kind].y), 0),
          set(sums[kind], w.width.add(get(sums[kind]), get(locals[kind].y))),
          set(to, add(get(columnSums), get(at))),
          w.width.store(get(to), w.width.add(w.width.load(get(to), 0), get(locals[kind].y)), 0),
        ]),
        one.store(get(rowSums), one.add(get(sums.one), lanesTogether(sums.four)), 0),
        step(rowSums, int(4)),
        step(x, times4(get(columns))),
        step(out, times4(get(columns))),
        step(row, int(1)),
      ]),
    ],
  };
}

/** `timesOuterSum(out, x, rows, columns, u, v)`: $o_{ij} = x_{ij} (u_i + v_j)$; `out` may be `x`. */
function timesOuterSum(): Program {
  const [out, x, rows, columns, u, v] = [0, 1, 2, 3, 4, 5] as const;
  const [row, i, at] = [6, 7, 8];
  const own = { four: 9, one: 10 };
  return {
    name: "timesOuterSum",
    parameters: 6,
    locals: [I32, I32, I32, V128, F32],
    body: [
      set(row, int(0)),
      loopWhile(isLess(get(row), get(rows)), [
        set(own.four, four.splat(get(u), 0)),
        set(own.one, one.splat(get(u), 0)),
        overAll(i, get(columns), ({ width }, kind) => [
          set(at, times4(get(i))),
          width.store(
            add(get(out), get(at)),
            width.multiply(
              width.load(add(get(x), get(at)), 0),
              width.add(get(own[kind]), width.load(add(get(v), get(at)), 0)),
            ),
            0,
          ),
        ]),
        step(u, int(4)),
        step(x, times4(get(columns))),
        step(out, times4(get(columns))),
        step(row, int(1)),
      ]),
    ],
  };
}

/** Programs around the exponential. */
export const expPrograms: readonly Program[] = [exp(), expSums(), timesOuterSum()];
