// Rows of a bench: samples of ours and of a named rival, and the ratio of their medians.

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

/** Milliseconds of the clock. */
const wallClock = () => performance.now();

/** Milliseconds that this process has computed for, all threads together: a machine with other work changes it little. */
export function processorClock() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The clock that is read where none is named; LAB_BENCH_CLOCK=processor names the processors'. */
export const defaultClock = process.env.LAB_BENCH_CLOCK === "processor" ? processorClock : wallClock;

/** How often things are measured: what LAB_BENCH_REPEATS says, else `usual`. */
export const repeatsOr = (usual) => Number(process.env.LAB_BENCH_REPEATS ?? usual);

/** Milliseconds of `repeats` runs, after `warm` that do not count. */
export async function sample(run, repeats = repeatsOr(5), { warm = 1, clock = defaultClock } = {}) {
  for (let i = 0; i < warm; i++) await run();
  const times = [];
  for (let i = 0; i < repeats; i++) {
    const start = clock();
    await run();
    times.push(clock() - start);
  }
  return times;
}

/** Milliseconds of each of several functions, taken in turns whose order alternates, after `warm` turns that do not count. */
export async function inTurns(runs, repeats = repeatsOr(5), { warm = 1, clock = defaultClock } = {}) {
  const times = Object.fromEntries(Object.keys(runs).map((name) => [name, []]));
  for (let turn = -warm; turn < repeats; turn++) {
    const order = Object.entries(runs);
    if (turn % 2 !== 0) order.reverse();
    for (const [name, run] of order) {
      const start = clock();
      await run();
      if (turn >= 0) times[name].push(clock() - start);
    }
  }
  return times;
}

/** Slope of log cost over log size, by least squares. */
export function exponentOf(sizes, costs) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [sizes.map(Math.log), costs.map(Math.log)];
  const centre = mean(x);
  const moment = (values) => mean(values.map((value, i) => value * (x[i] - centre)));
  return moment(y) / moment(x);
}

const three = (value) => Number(value.toPrecision(3));

/**
 * One row. `ours` and `rival` are samples or one figure; `bar` is `{ of: "ours" | "ratio", atMost or atLeast }`.
 * The ratio is always ours over the rival, of the medians, or with `arePairs`, for samples taken in turns, the median of
 * the turns' ratios, which drifts of the machine do not reach; `moreIsBetter` for speeds.
 */
export function row(options) {
  const {
    name,
    ours,
    rival,
    rivalName,
    unit = "ms",
    bar,
    moreIsBetter = false,
    arePairs = false,
    note,
  } = options;
  const [own, other] = [ours, rival].map((values) => (typeof values === "number" ? [values] : values));
  const result = { name, ours: three(median(own)), unit, moreIsBetter };
  result.spread = three(Math.hypot(spreadOf(own), other ? spreadOf(other) : 0));
  if (rivalName) result.rivalName = rivalName;
  if (other) {
    result.rival = three(median(other));
    const ratios = arePairs ? own.map((value, i) => value / other[i]) : [median(own) / median(other)];
    result.ratio = three(median(ratios));
    if (arePairs) result.spread = three(spreadOf(ratios));
  }
  if (bar) {
    const [sign, limit] = bar.atMost === undefined ? ["≥", bar.atLeast] : ["≤", bar.atMost];
    result.bar = bar.of === "ours" ? `${sign} ${three(limit)} ${unit}` : `ratio ${sign} ${three(limit)}`;
    const value = result[bar.of];
    if (value !== undefined) result.met = sign === "≤" ? value <= limit : value >= limit;
  }
  if (note) result.note = note;
  return result;
}
