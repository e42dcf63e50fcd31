// Rows of the table: samples of ours and of a named rival, taken in turns, and the median of their ratios.

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const three = (value) => Number(value.toPrecision(3));

/** Times two functions in turns; answers milliseconds of each, pair by pair. */
export async function paired(ours, rival, { pairs = 15, warm = 2 } = {}) {
  for (let i = 0; i < warm; i++) {
    await ours();
    await rival();
  }
  const times = { ours: [], rival: [] };
  const timed = async (name, run) => {
    const start = performance.now();
    await run();
    times[name].push(performance.now() - start);
  };
  for (let i = 0; i < pairs; i++) {
    // The order changes, so that neither always follows the other.
    const order =
      i % 2 === 0
        ? [
            ["ours", ours],
            ["rival", rival],
          ]
        : [
            ["rival", rival],
            ["ours", ours],
          ];
    for (const [name, run] of order) await timed(name, run);
  }
  return times;
}

/** A row from paired times; `per` divides them, `bar` is what the ratio or our own figure may be at most or at least. */
export function pairedRow({ name, times, rivalName, unit, per = 1, bar }) {
  const ratios = times.ours.map((value, i) => value / times.rival[i]).sort((a, b) => a - b);
  const at = (share) => ratios[Math.round(share * (ratios.length - 1))];
  const [ours, rival] = [median(times.ours) / per, median(times.rival) / per];
  return judged({
    name,
    ours: three(ours),
    rival: three(rival),
    rivalName,
    unit,
    ratio: three(at(0.5)),
    spread: three(at(0.75) - at(0.25)),
    bar,
  });
}

/** A row of a figure that has a bar of its own. */
export const plainRow = ({ name, ours, unit, bar }) =>
  judged({ name, ours: three(ours), rival: null, rivalName: null, unit, ratio: null, spread: null, bar });

/** A row of two figures that were taken one after the other. */
export const ratioRow = ({ name, ours, rival, rivalName, unit, bar }) =>
  judged({
    name,
    ours: three(ours),
    rival: three(rival),
    rivalName,
    unit,
    ratio: three(ours / rival),
    spread: null,
    bar,
  });

function judged(row) {
  const { bar } = row;
  if (!bar) return { ...row, bar: null, met: null };
  const value = bar.of === "ours" ? row.ours : row.ratio;
  const met =
    (bar.atMost === undefined || value <= bar.atMost) && (bar.atLeast === undefined || value >= bar.atLeast);
  const [sign, limit] = bar.atMost === undefined ? ["≥", bar.atLeast] : ["≤", bar.atMost];
  return { ...row, bar: `${bar.of} ${sign} ${limit}`, met };
}

/** The rows as text. */
export function tableOf(rows) {
  const cells = rows.map((row) => [
    row.name,
    `${row.ours} ${row.unit}`,
    row.rival === null ? "" : `${row.rival} ${row.unit} (${row.rivalName})`,
    row.ratio === null ? "" : `${row.ratio}${row.spread === null ? "" : ` ± ${row.spread}`}`,
    row.bar ?? "",
    row.met === null ? "" : row.met ? "met" : "MISSED",
  ]);
  const head = ["what", "ours", "rival", "ratio", "bar", ""];
  const widths = head.map((_, i) => Math.max(...[head, ...cells].map((row) => row[i].length)));
  return [head, ...cells].map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ")).join("\n");
}
