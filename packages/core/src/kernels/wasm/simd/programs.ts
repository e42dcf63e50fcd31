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
  loopUntilZero,
  loopWhile,
  multiply,
  one,
  type Program,
  set,
  step,
  subtract,
  times4,
  V128,
  type Width,
} from "../../../wasm/assembler.js";
import { expPrograms } from "./exp-program.js";

const countDown = (local: number): Code => set(local, subtract(get(local), int(1)));
/** Runs `body` `count` times with `i` counting down, and moves each pointer on by its step after it. */
const repeat = (
  i: number,
  count: number,
  body: Code,
  pointers: readonly (readonly [number, Code])[],
): Code => [
  set(i, get(count)),
  loopUntilZero([body, pointers.map(([pointer, by]) => step(pointer, by)), countDown(i)], get(i)),
];
/** Numbers of a program's parameters; its own locals follow them. */
const PARAMETERS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/**
 * `NAME(acc, x, xStep, y, yStep, count, rows, columns)`: $A_{cf} \mathrel{+}= \sum_i x_{ic}\, y_{if}$ for `acc` of shape
 * `[rows, columns]`, or with $x_{ci}$ where `x` is turned. Addresses and steps are in bytes.
 *
 * Tiles of 4×8 sums stay in registers while `i` runs.
 */
function products(name: string, isTurned: boolean): Program {
  const [acc, x, xStep, y, yStep, count, rows, columns] = PARAMETERS;
  const [c, f, i, px, py, pa] = [8, 9, 10, 11, 12, 13];
  const vectors = 14; // 8 sums, 2 factors, 1 splat
  const floats = vectors + 11; // 4 sums, 1 factor, 1 splat
  const steps = floats + 6; // to the second, third and fourth row of a turned `x`
  /** The value of `x` in row `r` of the tile, in every lane. */
  const spread = (width: Width, r: number): Code => {
    if (!isTurned) return width.splat(get(px), 4 * r);
    return width.splat(r === 0 ? get(px) : add(get(px), get(steps + r - 1)), 0);
  };

  const tile = (height: number, width: Width, parts: number): Code => {
    const base = width === four ? vectors : floats;
    const sum = (r: number, v: number) => base + r * parts + v;
    const factor = (v: number) => base + height * parts + v;
    const splat = factor(parts);
    const eachRow = (body: (r: number) => Code): Code => [
      set(pa, add(get(acc), times4(add(multiply(get(c), get(columns)), get(f))))),
      range(height).map((r) => [body(r), step(pa, times4(get(columns)))]),
    ];
    return [
      eachRow((r) => range(parts).map((v) => set(sum(r, v), width.load(get(pa), v * width.bytes)))),
      set(px, add(get(x), isTurned ? multiply(get(c), get(xStep)) : times4(get(c)))),
      set(py, add(get(y), times4(get(f)))),
      repeat(
        i,
        count,
        [
          range(parts).map((v) => set(factor(v), width.load(get(py), v * width.bytes))),
          range(height).map((r) => [
            set(splat, spread(width, r)),
            range(parts).map((v) =>
              set(sum(r, v), width.add(get(sum(r, v)), width.multiply(get(splat), get(factor(v))))),
            ),
          ]),
        ],
        [
          [px, isTurned ? int(4) : get(xStep)],
          [py, get(yStep)],
        ],
      ),
      eachRow((r) => range(parts).map((v) => width.store(get(pa), get(sum(r, v)), v * width.bytes))),
    ];
  };
  const across = (height: number): Code => [
    set(f, int(0)),
    loopWhile(isAtMost(add(get(f), int(8)), get(columns)), [tile(height, four, 2), step(f, int(8))]),
    loopWhile(isAtMost(add(get(f), int(4)), get(columns)), [tile(height, four, 1), step(f, int(4))]),
    loopWhile(isLess(get(f), get(columns)), [tile(height, one, 1), step(f, int(1))]),
  ];
  return {
    name,
    parameters: 8,
    locals: [
      ...Array(6).fill(I32),
      ...Array(11).fill(V128),
      ...Array(6).fill(F32),
      ...Array(isTurned ? 3 : 0).fill(I32),
    ],
    body: [
      isTurned ? range(3).map((r) => set(steps + r, multiply(get(xStep), int(r + 1)))) : [],
      set(c, int(0)),
      loopWhile(isAtMost(add(get(c), int(4)), get(rows)), [across(4), step(c, int(4))]),
      loopWhile(isLess(get(c), get(rows)), [across(1), step(c, int(1))]),
    ],
  };
}

/** Calls `tile` for 16, 4 and 1 of the channels from `c` on. */
function overChannels(c: number, channels: number, tile: (width: Width, parts: number) => Code): Code {
  const some = (size: number, width: Width, parts: number): Code =>
    loopWhile(isAtMost(add(get(c), int(size)), get(channels)), [tile(width, parts), step(c, int(size))]);
  return [set(c, int(0)), some(16, four, 4), some(4, four, 1), some(1, one, 1)];
}

/**
 * `NAME(acc, x, xStep, y, yStep, centre, count, channels)`: $a_c \mathrel{+}= \sum_i \mathrm{term}(x_{ic}, y_{ic}, m_c)$
 * with `centre` the address of $m$. Addresses and steps are in bytes.
 */
function reduceRows(name: string, term: (width: Width, x: Code, y: Code, centre: Code) => Code): Program {
  const [acc, x, xStep, y, yStep, centre, count, channels] = PARAMETERS;
  const [c, i, px, py, pa, pm] = [8, 9, 10, 11, 12, 13];
  const [vectors, floats] = [14, 18];
  const tile = (width: Width, parts: number): Code => {
    const sum = (v: number) => (width === four ? vectors : floats) + v;
    const at = (pointer: number, v: number) => width.load(get(pointer), v * width.bytes);
    return [
      set(pa, add(get(acc), times4(get(c)))),
      set(pm, add(get(centre), times4(get(c)))),
      set(px, add(get(x), times4(get(c)))),
      set(py, add(get(y), times4(get(c)))),
      range(parts).map((v) => set(sum(v), at(pa, v))),
      repeat(
        i,
        count,
        range(parts).map((v) =>
          set(sum(v), width.add(get(sum(v)), term(width, at(px, v), at(py, v), at(pm, v)))),
        ),
        [
          [px, get(xStep)],
          [py, get(yStep)],
        ],
      ),
      range(parts).map((v) => width.store(get(pa), get(sum(v)), v * width.bytes)),
    ];
  };
  return {
    name,
    parameters: 8,
    locals: [...Array(6).fill(I32), ...Array(4).fill(V128), F32],
    body: overChannels(c, channels, tile),
  };
}

/**
 * `addRows(out, outStep, x, xStep, factor, count, channels)`: $o_{ic} \mathrel{+}= f_c\, x_{ic}$.
 * Addresses and steps are in bytes.
 */
function addRows(): Program {
  const [out, outStep, x, xStep, factor, count, channels] = PARAMETERS;
  const [c, i, px, po, pf] = [7, 8, 9, 10, 11];
  const [vectors, floats] = [12, 16];
  const tile = (width: Width, parts: number): Code => {
    const held = (v: number) => (width === four ? vectors : floats) + v;
    const at = (pointer: number, v: number) => width.load(get(pointer), v * width.bytes);
    return [
      set(pf, add(get(factor), times4(get(c)))),
      set(px, add(get(x), times4(get(c)))),
      set(po, add(get(out), times4(get(c)))),
      range(parts).map((v) => set(held(v), at(pf, v))),
      repeat(
        i,
        count,
        range(parts).map((v) =>
          width.store(
            get(po),
            width.add(at(po, v), width.multiply(get(held(v)), at(px, v))),
            v * width.bytes,
          ),
        ),
        [
          [px, get(xStep)],
          [po, get(outStep)],
        ],
      ),
    ];
  };
  return {
    name: "addRows",
    parameters: 7,
    locals: [...Array(5).fill(I32), ...Array(4).fill(V128), F32],
    body: overChannels(c, channels, tile),
  };
}

/** `copyRows(out, outStep, x, xStep, count, channels)`: $o_{ic} = x_{ic}$. Addresses and steps are in bytes. */
function copyRows(): Program {
  const [out, outStep, x, xStep, count, channels] = PARAMETERS;
  const [c, i, px, po] = [6, 7, 8, 9];
  const tile = (width: Width, parts: number): Code => [
    set(px, add(get(x), times4(get(c)))),
    set(po, add(get(out), times4(get(c)))),
    repeat(
      i,
      count,
      range(parts).map((v) => width.store(get(po), width.load(get(px), v * width.bytes), v * width.bytes)),
      [
        [px, get(xStep)],
        [po, get(outStep)],
      ],
    ),
  ];
  return {
    name: "copyRows",
    parameters: 6,
    locals: Array(4).fill(I32),
    body: overChannels(c, channels, tile),
  };
}

/**
 * `moveRows(out, x, xStep, y, rest, yStep, count, channels)`: where $x_{ic} = y_{ic}$, moves $r_{ic}$ of `rest` to
 * $o_{ic}$ by adding it there and leaving zero. Addresses and steps are in bytes.
 */
function moveRows(): Program {
  const [out, x, xStep, y, rest, yStep, count, channels] = PARAMETERS;
  const [c, i, po, px, py, pr] = [8, 9, 10, 11, 12, 13];
  const tile = (width: Width, parts: number): Code => {
    const at = (pointer: number, v: number) => width.load(get(pointer), v * width.bytes);
    const to = (pointer: number, value: Code, v: number) => width.store(get(pointer), value, v * width.bytes);
    return [
      (
        [
          [po, out],
          [px, x],
          [py, y],
          [pr, rest],
        ] as const
      ).map(([pointer, start]) => set(pointer, add(get(start), times4(get(c))))),
      repeat(
        i,
        count,
        range(parts).map((v) => [
          to(po, width.add(at(po, v), width.where(at(px, v), at(py, v), at(pr, v))), v),
          to(pr, width.unless(at(px, v), at(py, v), at(pr, v)), v),
        ]),
        [
          [po, get(xStep)],
          [px, get(xStep)],
          [py, get(yStep)],
          [pr, get(yStep)],
        ],
      ),
    ];
  };
  return {
    name: "moveRows",
    parameters: 8,
    locals: Array(6).fill(I32),
    body: overChannels(c, channels, tile),
  };
}

/** Every program of the module. */
export const programs: readonly Program[] = [
  products("outerRows", false),
  products("innerRows", true),
  reduceRows("sumRows", (_, x) => x),
  reduceRows("dotRows", (width, x, y) => width.multiply(x, y)),
  reduceRows("centredDotRows", (width, x, y, centre) => width.multiply(y, width.subtract(x, centre))),
  addRows(),
  copyRows(),
  moveRows(),
  ...expPrograms,
];
