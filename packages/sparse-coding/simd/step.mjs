// The end of a step of inference, four floats at a time, on the memory of the backend. All addresses are in bytes; `bytes` is the
// length of a row, a multiple of 16.
import {
  add,
  bump,
  F32,
  F64,
  four,
  get,
  I32,
  int,
  isLess,
  pair,
  repeat,
  set,
  tee,
  V128,
} from "./assembler.mjs";

/** Runs `body` for each row and 16 bytes of it at `at`, from 0 on; `each` moves the pointers to matrices on after a row. */
const overRows = ([rows, bytes, at], body, each) =>
  repeat(
    [set(at, int(0)), repeat([body, bump(at, int(16))], isLess(get(at), get(bytes))), each],
    tee(rows, add(get(rows), int(-1))),
  );

/** `sums(x, zero, sum, square, bytes, rows)`: adds to doubles by column x − zero and its square. */
function sums() {
  const [x, zero, sum, square, bytes, rows] = [0, 1, 2, 3, 4, 5];
  const [at, to] = [6, 7];
  const [shifted, half] = [8, 9];
  const added = (pointer, value, offset) => [
    set(to, add(get(pointer), add(get(at), get(at)))),
    pair.store(get(to), pair.add(pair.load(get(to), offset), value), offset),
  ];
  return {
    name: "sums",
    parameters: [I32, I32, I32, I32, I32, I32],
    results: [],
    locals: [I32, I32, V128, V128],
    body: overRows(
      [rows, bytes, at],
      [
        set(shifted, four.sub(four.load(add(get(x), get(at))), four.load(add(get(zero), get(at))))),
        [four.low, four.high].map((part, index) => [
          set(half, part(get(shifted))),
          added(sum, get(half), 16 * index),
          added(square, pair.mul(get(half), get(half)), 16 * index),
        ]),
      ],
      bump(x, get(bytes)),
    ),
  };
}

/**
 * `shrink(at, offset, ahead, codes, next, pull, bias, bytes, rows, shrink, floor)`: next = max(x − s, 0) + max(min(x + s, 0), floor)
 * with x = at + offset + pull·ahead + bias; the sum of (ahead − next)·(next − codes).
 */
function shrink() {
  const [from, offset, ahead, codes, next, pull, bias, bytes, rows, threshold, floor] = [...Array(11).keys()];
  const at = 11;
  const [s, lowest, x, point, result, total] = [12, 13, 14, 15, 16, 17];
  const value = (pointer) => four.load(add(get(pointer), get(at)));
  return {
    name: "shrink",
    parameters: [...Array(9).fill(I32), F32, F32],
    results: [F64],
    locals: [I32, ...Array(6).fill(V128)],
    body: [
      set(s, four.splat(get(threshold))),
      set(lowest, four.splat(get(floor))),
      overRows(
        [rows, bytes, at],
        [
          set(point, value(ahead)),
          set(
            x,
            four.add(
              four.add(value(from), value(offset)),
              four.add(four.mul(value(pull), get(point)), value(bias)),
            ),
          ),
          set(
            result,
            four.add(
              four.max(four.sub(get(x), get(s)), four.zero),
              four.max(four.min(four.add(get(x), get(s)), four.zero), get(lowest)),
            ),
          ),
          four.store(add(get(next), get(at)), get(result)),
          set(x, four.mul(four.sub(get(point), get(result)), four.sub(get(result), value(codes)))),
          set(total, pair.add(get(total), pair.add(four.low(get(x)), four.high(get(x))))),
        ],
        [from, offset, ahead, codes, next].map((pointer) => bump(pointer, get(bytes))),
      ),
      [pair.lane(get(total), 0), pair.lane(get(total), 1), 0xa0],
    ],
  };
}

/** `accelerate(codes, next, ahead, bytes, factor)`: ahead = next + factor·(next − codes), one row. */
function accelerate() {
  const [codes, next, ahead, bytes, factor] = [0, 1, 2, 3, 4];
  const at = 5;
  const [f, x] = [6, 7];
  const value = (pointer) => four.load(add(get(pointer), get(at)));
  return {
    name: "accelerate",
    parameters: [I32, I32, I32, I32, F32],
    results: [],
    locals: [I32, V128, V128],
    body: [
      set(f, four.splat(get(factor))),
      repeat(
        [
          set(x, value(next)),
          four.store(
            add(get(ahead), get(at)),
            four.add(get(x), four.mul(get(f), four.sub(get(x), value(codes)))),
          ),
          bump(at, int(16)),
        ],
        isLess(get(at), get(bytes)),
      ),
    ],
  };
}

export const stepFunctions = [sums(), shrink(), accelerate()];
