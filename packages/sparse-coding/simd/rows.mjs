// The loop over all atoms of coordinate descent, in double precision by pairs; the Gram matrix is in single precision.
// All addresses are in bytes.
import { add, bump, even, get, I32, int, loadInt, pair, repeat, set, tee, V128 } from "./assembler.mjs";

const range = (count) => Array.from({ length: count }, (_, index) => index);

/**
 * `subtract(c, table, count, tiles)`: c[k] -= Σ_i z_i row_i[k] for 8·tiles values, with `count` > 0 entries in the table, of 16 bytes
 * each: the address of a row of floats, 4 bytes unused, z_i.
 */
function subtract() {
  const [c, table, count, tiles] = [0, 1, 2, 3];
  const [offset, entry, left, row] = [4, 5, 6, 7];
  const sum = (v) => 8 + v;
  const z = 12;
  return {
    name: "subtract",
    parameters: [I32, I32, I32, I32],
    results: [],
    locals: [I32, I32, I32, I32, ...Array(5).fill(V128)],
    body: repeat(
      [
        range(4).map((v) => even(set(sum(v), pair.load(get(c), 16 * v)))),
        set(entry, get(table)),
        set(left, get(count)),
        repeat(
          [
            set(row, add(loadInt(get(entry)), get(offset))),
            set(z, pair.both(get(entry), 8)),
            range(4).map((v) =>
              even(set(sum(v), pair.sub(get(sum(v)), pair.mul(get(z), pair.floats(get(row), 8 * v))))),
            ),
            bump(entry, int(16)),
          ],
          tee(left, add(get(left), int(-1))),
        ),
        range(4).map((v) => even(pair.store(get(c), get(sum(v)), 16 * v))),
        bump(c, int(64)),
        bump(offset, int(32)),
      ],
      tee(tiles, add(get(tiles), int(-1))),
    ),
  };
}

export const rowFunctions = [subtract()];
