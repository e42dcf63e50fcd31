// Rows of the table: samples of ours and of a named rival, taken in turns, and the ratio of their medians.
import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** Middle value. */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

/** Distance of the quartiles over the median: what other work on the machine moves a figure by. */
export function spreadOf(values) {
  if (values.length < 3) return 0;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  return (at(0.75) - at(0.25)) / median(sorted);
}

/** Milliseconds of `repeats` runs, after `warm` that do not count. */
export async function sample(run, repeats, warm = 1) {
  for (let i = 0; i < warm; i++) await run();
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times;
}

const three = (value) => Number(value.toPrecision(3));

/**
 * One row. `ours` and `rival` are lists of samples; `bar` is `{ of: "ours" | "ratio", atMost or atLeast }`.
 * The ratio is always ours over the rival; `moreIsBetter` for speeds.
 */
export function row({ name, ours, rival, rivalName, unit = "ms", bar, moreIsBetter = false }) {
  const result = { name, ours: three(median(ours)), unit, moreIsBetter };
  result.spread = three(Math.hypot(spreadOf(ours), rival ? spreadOf(rival) : 0));
  if (rivalName) result.rivalName = rivalName;
  if (rival) {
    result.rival = three(median(rival));
    result.ratio = three(median(ours) / median(rival));
  }
  if (bar) {
    const [sign, limit] = bar.atMost === undefined ? ["≥", bar.atLeast] : ["≤", bar.atMost];
    result.bar = bar.of === "ours" ? `${sign} ${limit} ${unit}` : `ratio ${sign} ${limit}`;
    const value = result[bar.of];
    if (value !== undefined) result.met = sign === "≤" ? value <= limit : value >= limit;
  }
  return result;
}

/** JSON that a script of this folder prints under the Python of LAB_PYTHON, or `{ missing }`. */
export function python(script, args = [], env = {}) {
  if (!process.env.LAB_PYTHON) return { missing: "LAB_PYTHON names no Python" };
  // Some machines tell OpenBLAS the wrong processor; numpy is compared as it comes.
  const { OPENBLAS_CORETYPE, OPENBLAS_L2_SIZE, ...rest } = process.env;
  const { status, stdout, stderr } = spawnSync(
    process.env.LAB_PYTHON,
    [join(import.meta.dirname, script), ...args.map(String)],
    { encoding: "utf8", env: { ...rest, ...env } },
  );
  return status === 0
    ? JSON.parse(stdout.trim().split("\n").at(-1))
    : { missing: `${script}: ${stderr.trim().split("\n").at(-1)}` };
}

/** JSON on the last line of what another script of this folder prints in a process of its own. */
export function node(script, args = []) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", join(import.meta.dirname, script), ...args.map(String)],
    { encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  if (status !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr.trim().slice(-2000)}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}
