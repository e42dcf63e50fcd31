// The rows as a table, as a figure, and against those of an earlier run.
const QUIET = 0.1;

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows
    .map((cells) =>
      cells
        .map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0])))
        .join("  "),
    )
    .join("\n");
}

const shown = (value, unit = "") => (value === undefined ? "" : `${value}${unit && ` ${unit}`}`);

/** A table for people, and below it what was left out and why. */
export function tableOf({ machine, versions, rows, skipped }) {
  const cells = rows.map((row) => [
    `${row.section}: ${row.name}`,
    shown(row.ours, row.unit),
    shown(row.rival, row.unit),
    row.rivalName ?? "",
    shown(row.ratio),
    `±${Math.round(50 * row.spread)} %`,
    row.bar ?? "",
    row.met === undefined ? "" : row.met ? "met" : "MISSED",
  ]);
  const head = ["", "ours", "rival", "", "ratio", "spread", "bar", ""];
  const names = Object.entries(versions).map(([name, value]) => `${name} ${value}`);
  const rest = skipped.map(({ section, name, reason }) => `left out: ${section}: ${name}: ${reason}`);
  return [`${machine}; ${names.join(", ")}`, aligned([head, ...cells]), ...rest].join("\n");
}

const ROW = 18;
const LABELS = 470;
const WIDTH = 420;

const escaped = (text) => text.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);

/** Ratios against the rivals as bars around 1 on a logarithmic axis, as SVG; what costs less than the rival is green. */
export function figureOf({ machine, rows }) {
  const compared = rows.filter((row) => row.ratio !== undefined);
  const costs = compared.map((row) => Math.log10(row.moreIsBetter ? 1 / row.ratio : row.ratio));
  const limit = Math.ceil(Math.max(1, ...costs.map(Math.abs)));
  const x = (value) => LABELS + WIDTH * (0.5 + value / (2 * limit));
  const height = ROW * (compared.length + 3);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${LABELS + WIDTH + 60}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="8" y="14" font-weight="bold">cost of @lab/core over its rivals; ${escaped(machine)}</text>`,
  ];
  for (let power = -limit; power <= limit; power++) {
    const at = x(power);
    lines.push(
      `<line x1="${at}" x2="${at}" y1="${ROW}" y2="${height - ROW}" stroke="${power ? "#ddd" : "#000"}"/>`,
      `<text x="${at}" y="${height - 5}" text-anchor="middle">×${Number((10 ** power).toPrecision(1))}</text>`,
    );
  }
  for (const [index, row] of compared.entries()) {
    const y = ROW * (index + 1.2);
    const [from, to] = [Math.min(x(0), x(costs[index])), Math.max(x(0), x(costs[index]))];
    const label = escaped(`${row.section}: ${row.name} / ${row.rivalName}`.slice(0, 84));
    lines.push(
      `<text x="${LABELS - 8}" y="${y + 11}" text-anchor="end">${label}</text>`,
      `<rect x="${from}" y="${y}" width="${Math.max(1, to - from)}" height="${ROW - 5}" fill="${costs[index] <= 0 ? "#2a9d5c" : "#c8553d"}"/>`,
      `<text x="${to + 4}" y="${y + 11}">${Number((10 ** costs[index]).toPrecision(2))}</text>`,
    );
  }
  return `${lines.join("\n")}\n</svg>\n`;
}

/** Worsening of a row: of the ratio where both runs had the rival, else of the figure itself. */
function changeOf(before, now) {
  const hasRatios = before.ratio !== undefined && now.ratio !== undefined;
  const change = hasRatios ? now.ratio / before.ratio : now.ours / before.ours;
  return now.moreIsBetter ? 1 / change : change;
}

/** Rows of both runs; worse beyond the noise is a regression. */
export function compareRuns(before, now) {
  const old = new Map(before.rows.map((row) => [`${row.section}: ${row.name}`, row]));
  const lines = [];
  let regressions = 0;
  for (const row of now.rows) {
    const name = `${row.section}: ${row.name}`;
    const earlier = old.get(name);
    old.delete(name);
    if (!earlier) {
      lines.push([name, "", "new"]);
      continue;
    }
    const change = changeOf(earlier, row);
    const noise = Math.max(QUIET, Math.hypot(earlier.spread, row.spread));
    const verdict = change > 1 + noise ? "REGRESSION" : change < 1 / (1 + noise) ? "better" : "same";
    if (verdict === "REGRESSION") regressions++;
    lines.push([name, `×${change.toFixed(2)} (noise ${Math.round(100 * noise)} %)`, verdict]);
  }
  for (const name of old.keys()) lines.push([name, "", "not measured now"]);
  return { text: aligned([["against the earlier run", "cost", ""], ...lines]), regressions };
}
